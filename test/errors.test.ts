import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { errorCodes } from '../src/base/error.js';
import { root } from './repository.js';

/** Code and exit status of each row of the table under README's `## Error codes`. */
function readmeCodes(readme: string): [string, number][] {
  const section = /## Error codes\n([\s\S]*?)(?=\n## |$(?![\s\S]))/.exec(readme)?.[1] ?? '';
  return [...section.matchAll(/^\| `(E_\w+)` \| (\d) \| [^|\s]/gm)].map((row) => [row[1]!, Number(row[2])]);
}

test('the table of error codes in README.md is the catalogue', (t) => {
  t.deepEqual(readmeCodes(readFileSync(join(root, 'README.md'), 'utf8')), Object.entries(errorCodes));
});

test('planted: a row too few, a row without a meaning and a wrong status are seen', (t) => {
  const table =
    '## Error codes\n| code | exit | meaning |\n|---|---|---|\n| `E_A` | 1 | text |\n| `E_B` | 2 | |\n\n## Next\n';
  t.deepEqual(readmeCodes(table), [['E_A', 1]]);
});
