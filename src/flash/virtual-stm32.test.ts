/** From a file of bytes to a running program over one port: our client, stm32flash, QEMU. */
import { spawnSync } from 'node:child_process';
import test from 'ava';
import { openSerialPort } from '../base/serial-port.js';
import { flashImage } from './flash-image.js';
import { openVirtualStm32 } from './virtual-stm32.js';

/**
 * A Cortex-M program by hand: vector table (stack 0x20001000, reset 0x08000009); enables USART1 (CR1 = 0x200C), sends
 * "RF", then sends back every byte plus one.
 */
const program = Buffer.from(
  '0010002009000008074842f20c01c1605221416046214160026820231a42fbd0416801314160f7e700100140',
  'hex',
);

const has = (tool: string) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;
const withTools = has('socat') && has('qemu-system-arm') ? test.serial : test.serial.skip;

withTools('what is flashed over a port runs behind that port', async (t) => {
  const board = await openVirtualStm32();
  const port = await openSerialPort(board.path, { baudRate: 115200, parity: 'even' });
  t.teardown(async () => {
    await port.close();
    await board.close();
  });
  const result = await flashImage(port, program, 0x08000000, { start: true });
  t.true(result.verified && result.started);
  let heard = '';
  const answered = new Promise<void>((resolve) =>
    port.onData((bytes) => {
      heard += Buffer.from(bytes).toString();
      // As on a board, what is sent before the program has set its UART up is lost.
      if (heard === 'RF') void port.write(Buffer.from('HAL'));
      if (heard.endsWith('IBM')) resolve();
    }),
  );
  await board.booted;
  await Promise.race([
    answered,
    new Promise((_, reject) => setTimeout(() => reject(new Error(`heard "${heard}"`)), 10_000)),
  ]);
  t.is(heard, 'RFIBM');
});
