/** How the ONNX project's operator tests ended, as the lines of docs/onnx-operators.md. */
import type { Outcome } from './onnx-node-tests.js';

/** Element types, numbers of nodes and names of tensors differ from test to test where the reason does not. */
function reasonOf({ reason }: Outcome): string {
  return reason
    .replace(/^\d+ \w+: /, '')
    .replace(/; \d+ \w+: .*$/, '')
    .replace(/^\w+\.onnx /, '')
    .replace(/^\w+_\d+: /, '')
    .replace(/tensor \d+ \([^)]*\) is/g, 'an operand is')
    .replace(/its output an operand is a constant/, 'its output is a constant')
    .replace(/(the input|tensor) \S+ is /, 'an operand is ')
    .replace(/\bf?loat16\b|\bbfloat16\b|\bfloat8\w+|\bfloat4\w+|\bu?int[24]\b|\btype \d+/g, 'a narrow type')
    .replace(/\|/g, '/');
}

/** One row of the table: the node type, tests passed, passed with all inputs but the first bound as constants, refused and why. */
export function tableRow(type: string, outcomes: readonly Outcome[]): string {
  const count = (kind: Outcome['kind']) => outcomes.filter((outcome) => outcome.kind === kind).length;
  const reasons = new Map<string, number>();
  for (const outcome of outcomes)
    if (outcome.kind === 'refused') reasons.set(reasonOf(outcome), (reasons.get(reasonOf(outcome)) ?? 0) + 1);
  const text = [...reasons].map(([reason, times]) => `${reason} (${times})`).join('; ');
  return `| ${type} | ${count('passed')} | ${count('bound')} | ${count('refused')} | ${text} |`;
}
