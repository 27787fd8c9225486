import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { breaches, importsOf, readLaw } from './layer-law.js';
import { filesBelow, root } from './repository.js';

const law = readLaw(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8'));
const faults = (path: string, text: string) => breaches(law, { path, text });

test('the table in ARCHITECTURE.md is read whole', (t) => {
  const height = (name: string) => law.heightOf.get(name);
  t.is(height('base'), 0);
  t.is(height('ir'), height('hw'));
  t.is(height('import'), height('plan'));
  t.true(height('cli')! > height('flow')!);
  t.is(law.heightOf.size, 19);
  t.deepEqual([...law.pure].sort(), ['emit', 'import', 'ir', 'ops', 'passes', 'plan', 'quantize', 'split']);
});

test('every source keeps the law', (t) => {
  const sources = filesBelow('src', /\.ts$/).filter((file) => !/\.(test|d)\.ts$/.test(file.path));
  t.true(sources.length > 5);
  t.deepEqual(
    sources.flatMap((file) => breaches(law, file)),
    [],
  );
});

test('an import of a lower layer, of the own folder and of a package is fine', (t) => {
  const text = [
    "import { z } from 'zod';",
    "import type { Graph } from '../ir/graph.js';",
    "import { ReflowError } from '../base/error.js';",
    "export * from './other.js';",
  ].join('\n');
  t.deepEqual(faults('src/passes/fold.ts', text), []);
  t.deepEqual(faults('src/index.ts', "export { x } from './flow/x.js';"), []);
});

test('planted: an upward import, also of a type alone, over lines, and as a call', (t) => {
  t.regex(
    faults('src/ir/a.ts', "import { plan } from '../plan/plan.js';")[0]!,
    /upward: src\/ir -> src\/plan/,
  );
  t.is(faults('src/ir/a.ts', "import type { Plan } from '../plan/plan.js';").length, 1);
  t.is(faults('src/ir/a.ts', "import {\n  type A,\n  type B,\n} from '../plan/plan.js';").length, 1);
  t.is(faults('src/ir/a.ts', "const x = await import('../plan/plan.js');").length, 1);
  t.is(faults('src/ir/a.ts', "export * from '../plan/plan.js';").length, 1);
});

test('planted: a neighbour, a test, a folder outside src, a folder outside the table', (t) => {
  t.regex(faults('src/passes/a.ts', "import { p } from '../plan/plan.js';")[0]!, /neighbour/);
  t.regex(faults('src/ir/a.ts', "import { p } from './graph.test.js';")[0]!, /test/);
  t.regex(faults('src/cli/a.ts', "import { p } from '../../tools/x.js';")[0]!, /outside src/);
  t.regex(faults('src/utils/a.ts', '')[0]!, /not in the table/);
});

test('planted: a pure folder that reaches for disk, clock or process', (t) => {
  t.regex(faults('src/emit/a.ts', "import { readFileSync } from 'node:fs';")[0]!, /pure.*node:fs/);
  t.regex(faults('src/plan/a.ts', 'const t = Date.now();')[0]!, /Date\.now/);
  t.regex(faults('src/plan/a.ts', 'const e = process.env.X;')[0]!, /process/);
  t.regex(faults('src/plan/a.ts', 'const m = await import(name);')[0]!, /computed/);
  t.deepEqual(faults('src/plan/a.ts', '/**\n * No process.env here.\n */\n// nor Date.now()'), []);
  t.deepEqual(faults('src/flow/a.ts', "import { readFileSync } from 'node:fs';"), []);
});

test('imports are found in the forms that the code uses', (t) => {
  const text =
    "import 'side.js';\nimport a, { b } from 'two';\nexport type { C } from './c.js';\nlet s = \"from 'x'\";";
  t.deepEqual(importsOf(text), ['side.js', 'two', './c.js']);
});
