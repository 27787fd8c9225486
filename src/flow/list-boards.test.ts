import test from 'ava';
import { ReflowError } from '../base/error.js';
import { listBoards } from './list-boards.js';

test('all boards, or one by id', async (t) => {
  const { boards } = await listBoards(null);
  const ids = boards.map((board) => board.id);
  for (const id of ['host', 'virt-m3', 'virt-m4', 'virt-m7', 'virt-m33', 'virt-m55', 'virt-pi'])
    t.true(ids.includes(id), id);
  t.deepEqual((await listBoards('virt-m4')).boards, [boards.find((board) => board.id === 'virt-m4')!]);
});

test('an unknown board is E_BOARD and the hint lists those that exist', async (t) => {
  const error = await t.throwsAsync(listBoards('virt-m9'), { instanceOf: ReflowError });
  t.regex(error!.line, /^E_BOARD: there is no board virt-m9\. Next: choose one of: .*virt-m4/);
});
