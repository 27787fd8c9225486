/** Every operator that the importer claims, by the ONNX project's own tests; docs/onnx-operators.md keeps how they end. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { knownTypes } from '../src/import/onnx/operators/index.js';
import { tableRow } from './onnx-node-outcomes.js';
import { nodeTestFolder, runNodeTests, testedTypes } from './onnx-node-tests.js';
import { root } from './repository.js';

const document = readFileSync(join(root, 'docs/onnx-operators.md'), 'utf8');
const tested = existsSync(nodeTestFolder) ? testedTypes() : [];

if (tested.length === 0)
  test.skip('ONNX operator tests: .reflow/onnx-node-tests is not there (node tools/setup.mjs test)', () => {});

for (const type of knownTypes.filter((known) => tested.includes(known)))
  test(`${type}: the ONNX project's tests pass, or are refused for the reasons in the document`, async (t) => {
    const outcomes = await runNodeTests(type);
    for (const { name, kind, reason } of outcomes) t.not(kind, 'failed', `${name}: ${reason}`);
    const row = tableRow(type, outcomes);
    t.log(row);
    t.true(document.includes(`\n${row}\n`), `the document lacks: ${row}`);
  });

test('the document names every node type that the importer claims', (t) => {
  for (const type of knownTypes) t.regex(document, new RegExp(`\\b${type}\\b`));
});
