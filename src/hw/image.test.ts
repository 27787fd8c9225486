import test from 'ava';
import { type Image, parseImage } from './image.js';

const image: Image = {
  name: 'net',
  board: 'virt-m4',
  target: 'cortex-m4',
  networks: [{ name: 'net', modelHash: 'aa', planHash: 'bb' }],
  elf: 'net.elf',
  bin: 'net.bin',
  hex: 'net.hex',
  map: 'net.map',
  address: 0x08000000,
  plugin: null,
  memories: [{ name: 'flash', bytes: 1000, used: 90, weightBytes: 20, arenaBytes: 0 }],
  parts: [{ memory: 'qspi', address: 0x90000000, bin: 'net.qspi.bin', bytes: 10 }],
  flashBytes: 100,
  textBytes: 50,
  rodataBytes: 20,
  weightBytes: 20,
  ramBytes: 60,
  arenaBytes: 40,
  stackReserveBytes: 16,
  hash: 'c'.repeat(64),
};

test('an image description comes back as it was written', (t) => {
  t.deepEqual(parseImage(JSON.stringify(image), 'x'), image);
});

test('an image whose parts exceed the whole is refused', (t) => {
  t.throws(() => parseImage(JSON.stringify({ ...image, arenaBytes: 50 }), 'x'), {
    code: 'E_FILE',
    message: /arena/,
  });
  t.throws(() => parseImage(JSON.stringify({ ...image, weightBytes: 31 }), 'x'), {
    code: 'E_FILE',
    message: /weights/,
  });
  t.throws(() => parseImage(JSON.stringify({ ...image, hash: 'c' }), 'x'), {
    code: 'E_FILE',
    message: /hash/,
  });
});
