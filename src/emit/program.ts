/** C for a segment whose operators run row by row in turns. */
import type { Emission } from './emit-project.js';
import { isProgram, operatorsOf, type Segment } from './segment.js';
import { heading, oneRow, pointers, stepCode } from './step.js';

/** A function that runs all turns, or, where rows arrive, as many as the rows allow: then it returns RF_MORE or RF_OK. */
export function programFunction(emission: Emission, segment: Segment): string {
  const waits = segment.parts.includes(null);
  return `/* ${operatorsText(segment)} in turns: each entry lets one of them compute its next row. */
static const uint8_t ${segment.name}_steps[] = {
${wrapped(segment.steps)}
};

${waits ? waitingFunction(emission, segment) : plainFunction(emission, segment)}`;
}

function plainFunction(emission: Emission, segment: Segment): string {
  const { name, parts } = segment;
  const byRow = runsByRow(segment);
  return `static void ${name}(uint8_t *arena, const rf_hooks *hooks)
{
${pointers(emission, operatorsOf(segment))}${unusedArena(emission)}${byRow ? `    int32_t rows[${parts.length}] = {0};\n\n` : ''}    for (size_t i = 0; i < sizeof ${name}_steps; i++) {
        const int32_t part = ${name}_steps[i];
${byRow ? '        const int32_t y = rows[part]++;\n' : ''}        switch (part) {
${cases(emission, segment)}        default:
            break;
        }
    }
}
`;
}

function waitingFunction(emission: Emission, segment: Segment): string {
  const { name } = segment;
  return `static rf_status ${name}(uint8_t *arena, progress *now, const rf_hooks *hooks)
{
${pointers(emission, operatorsOf(segment))}${operatorsOf(segment).length === 0 ? '    (void)arena;\n    (void)hooks;\n' : unusedArena(emission)}    for (; now->step < sizeof ${name}_steps; now->step++) {
        const int32_t part = ${name}_steps[now->step];
${runsByRow(segment) ? '        const int32_t y = now->rows[part];\n' : ''}        switch (part) {
${cases(emission, segment)}        default:
            break;
        }
        now->rows[part]++;
    }
    return RF_OK;
}
`;
}

/** With several memories a function may have nothing to do with the arena. */
function unusedArena({ plan }: Emission): string {
  return plan.regions.length > 1 ? '    (void)arena;\n' : '';
}

/** Whether an operator needs to know its next row; the others run once, as a whole. */
function runsByRow(segment: Segment): boolean {
  return operatorsOf(segment).some((op) => op.rows !== null);
}

function cases(emission: Emission, { parts }: Segment): string {
  const indent = '            ';
  return parts
    .map((op, part) => {
      if (op === null) {
        return `        case ${part}: /* a row of the input */
            if (!now->arrived) {
                return RF_MORE;
            }
            now->arrived = 0;
            break;
`;
      }
      const rows = op.rows === null ? { first: '0', last: '1' } : oneRow;
      return `        case ${part}: ${heading(emission, op)}\n${stepCode(emission, op, rows, indent)}${indent}break;\n`;
    })
    .join('');
}

function operatorsText(segment: Segment): string {
  const operators = operatorsOf(segment);
  if (operators.length === 0) return 'The input arrives';
  return `Operators ${operators[0]!.index} to ${operators.at(-1)!.index}`;
}

function wrapped(steps: readonly number[]): string {
  const lines: string[] = [];
  for (let at = 0; at < steps.length; at += 32) lines.push(`    ${steps.slice(at, at + 32).join(', ')},`);
  return lines.join('\n');
}

export function programs(emission: Emission, segments: readonly Segment[]): string[] {
  return segments.filter(isProgram).map((segment) => programFunction(emission, segment));
}
