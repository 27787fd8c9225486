import test from 'ava';
import { assetDocuments } from '../base/assets.js';
import { boardById, makeCatalogue } from '../hw/catalogue.js';
import { linkError } from './link-error.js';

test('every memory that is too small is named with what it lacks', async (t) => {
  const catalogue = makeCatalogue(await assetDocuments('targets'), await assetDocuments('boards'));
  const board = boardById(catalogue, 'virt-m4');
  const said = [
    "ld: net.elf section `.arena' will not fit in region `ram'",
    "ld: region `ram' overflowed by 5120 bytes",
    "ld: region `flash' overflowed by 17 bytes",
  ];
  const error = linkError(board, 'net', said.join('\n'));
  t.is(error.code, 'E_DOES_NOT_FIT');
  t.is(
    error.message,
    'net does not fit virt-m4: 5120 bytes are missing in ram (196608 bytes), 17 bytes are missing in flash (1048576 bytes)',
  );
  const other = linkError(
    board,
    'net',
    "net.o: in function `f':\nnet.c:(.text+0x1): undefined reference to `g'\n",
  );
  t.is(other.code, 'E_BUILD');
  t.regex(other.message, /undefined reference to `g'/);
});
