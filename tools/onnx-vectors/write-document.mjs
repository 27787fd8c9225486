/**
 * node tools/onnx-vectors/write-document.mjs: runs the ONNX project's tests of every node type that reflow reads and writes the
 * table of docs/onnx-operators.md. After `node tools/setup.mjs test`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../setup/stamps.mjs';

const from = (path) => import(join(root, 'dist', path));
const { knownTypes } = await from('src/import/onnx/operators/index.js');
const { readCases, runNodeTests, testedTypes } = await from('test/onnx-node-tests.js');
const { tableRow } = await from('test/onnx-node-outcomes.js');

const tested = testedTypes();
const rows = [];
for (const type of knownTypes.filter((known) => tested.includes(known))) {
  rows.push(tableRow(type, await runNodeTests(type)));
  process.stdout.write(`${rows.at(-1)}\n`);
}
const untested = knownTypes.filter((known) => !tested.includes(known));
const unread = tested
  .filter((type) => !knownTypes.includes(type))
  .map((type) => `${type} (${readCases(type).length})`);
const file = join(root, 'docs', 'onnx-operators.md');
const [head] = readFileSync(file, 'utf8').split('<!-- written by tools/onnx-vectors/write-document.mjs -->');
const text = `${head}<!-- written by tools/onnx-vectors/write-document.mjs -->
| node type | pass | pass, bound | refused | why refused |
|---|--:|--:|--:|---|
${rows.join('\n')}

Read, without a test of a single node in the package: ${untested.join(', ') || 'none'}.

Not read (number of tests): ${unread.join(', ')}.
`;
writeFileSync(file, text);
