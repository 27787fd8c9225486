/** C for a segment whose operators run row by row in turns. */
import type { Emission } from './emit-project.js';
import type { Segment } from './segment.js';
import { heading, oneRow, pointers, stepCode } from './step.js';

export function programFunction(emission: Emission, { name, parts, steps }: Segment): string {
  const cases = parts.map((op, part) => {
    const body =
      op.rows === null
        ? stepCode(emission, op, { first: '0', last: '1' }, '            ')
        : stepCode(emission, op, oneRow, '            ');
    return `        case ${part}: ${heading(emission, op)}\n${body}            break;\n`;
  });
  return `/* Operators ${parts[0]!.index} to ${parts.at(-1)!.index} in turns: each entry lets one of them compute its next row. */
static const uint8_t ${name}_steps[] = {
${wrapped(steps)}
};

static void ${name}(uint8_t *arena, const rf_hooks *hooks)
{
${pointers(emission, parts)}    int32_t rows[${parts.length}] = {0};

    for (size_t i = 0; i < sizeof ${name}_steps; i++) {
        const int32_t part = ${name}_steps[i];
        const int32_t y = rows[part]++;
        switch (part) {
${cases.join('')}        default:
            break;
        }
    }
}
`;
}

function wrapped(steps: readonly number[]): string {
  const lines: string[] = [];
  for (let at = 0; at < steps.length; at += 32) lines.push(`    ${steps.slice(at, at + 32).join(', ')},`);
  return lines.join('\n');
}
