import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { assetDocuments, assetPath, packageRoot } from './assets.js';

test('the package root is found from compiled files', (t) => {
  t.true(existsSync(join(packageRoot(), 'package.json')));
  t.true(existsSync(assetPath('runtime-c', 'rf.h')));
});

test('documents come by name, with a path for messages', async (t) => {
  const boards = await assetDocuments('boards');
  t.true(boards.length >= 4);
  t.deepEqual(
    boards.map(({ id }) => id),
    boards.map(({ id }) => id).sort(),
  );
  t.is(boards[0]?.where, `boards/${boards[0]?.id}.json`);
});
