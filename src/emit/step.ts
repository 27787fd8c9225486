/** C for one operator: all of it at once, or one row of it. */
import { tensorOf } from '../ir/graph.js';
import { elementCount, type Tensor, tensorBytes, typedArray } from '../ir/tensor.js';
import { isTall, type KernelCall } from '../ops/op-def.js';
import type { Plan } from '../plan/plan.js';
import { arenaTensors, cType, nameText, typeText } from './c-names.js';
import type { Emission, EmittedOp } from './emit-project.js';
import { plainText } from './literal.js';
import { scratchOf, storageOf, weightPlace } from './storage.js';

export function paramsName(op: EmittedOp, part: number): string {
  return op.calls.length > 1 ? `op${op.index}_${part}` : `op${op.index}`;
}

/** One typed pointer for each tensor that these operators touch; to the arena's start for one kept row by row. */
export function pointers({ graph, plan }: Emission, ops: readonly EmittedOp[]): string {
  const used = new Set(
    ops.flatMap((op) => [...op.calls.flatMap((call) => [...call.reads, ...call.writes]), ...op.outputs]),
  );
  const lines = arenaTensors(graph)
    .filter((tensor) => used.has(tensor.id))
    .map((tensor) => {
      const rows = storageOf(plan, tensor).kind === 'rows' ? ', row by row' : '';
      return `    ${cType(tensor.dtype)} *const t${tensor.id} = ${addressText(plan, tensor)}; /* ${nameText(tensor)}: ${typeText(tensor)}${rows} */\n`;
    });
  return lines.length === 0 ? '' : `${lines.join('')}\n`;
}

/** Where a tensor's pointer starts: at the tensor, or at its memory for one whose rows a table finds. */
export function addressText(plan: Plan, tensor: Tensor): string {
  const type = cType(tensor.dtype);
  const storage = storageOf(plan, tensor);
  const place = storage.kind === 'whole' ? `${storage.base} + ${storage.offset}` : storage.base;
  return type === 'uint8_t' ? place : `(${type} *)(void *)(${place})`;
}

/** `/* 3 CONV_2D: 1x25x5x64 -> 1x25x5x64, 512000 MACs *​/` */
export function heading({ graph }: Emission, op: EmittedOp): string {
  const shapes = (ids: readonly number[]) =>
    ids.map((id) => tensorOf(graph, id).shape.join('x') || 'scalar').join(', ');
  return `/* ${op.index} ${plainText(op.label)}: ${shapes(op.inputs)} -> ${shapes(op.outputs)}${op.macs > 0 ? `, ${op.macs} MACs` : ''} */`;
}

/** All of an operator. */
export function operatorCode(emission: Emission, op: EmittedOp, indent: string): string {
  const title = `${indent}${heading(emission, op)}\n`;
  if (!runsInPieces(emission, op))
    return title + stepCode(emission, op, { first: '0', last: String(op.steps) }, indent);
  const body = stepCode(emission, op, oneRow, `${indent}    `);
  return `${title}${indent}for (int32_t y = 0; y < ${op.steps}; y++) {\n${body}${indent}}\n`;
}

/** Whether an operator that runs alone is called once for each row; otherwise one call computes it all. */
export function runsInPieces(emission: Pick<Emission, 'graph' | 'plan'>, op: EmittedOp): boolean {
  return op.rows === 'pointwise' || (op.rows !== null && op.outputs.some((id) => isByRow(emission, id)));
}

/** Which steps of an operator, as C expressions. */
export interface Rows {
  readonly first: string;
  readonly last: string;
}

export const oneRow: Rows = { first: 'y', last: 'y + 1' };

/** The calls of these steps between the hooks that tell about them. */
export function stepCode(emission: Emission, op: EmittedOp, rows: Rows, indent: string): string {
  const position = emission.ops.indexOf(op);
  const lines = [
    `rf_begin(hooks, ${position});`,
    ...op.calls.map((call, part) => callText(emission, op, call, paramsName(op, part), rows)),
    `rf_end(hooks, ${position});`,
    ...op.outputs.flatMap((id) => wroteText(emission, op, id, rows)),
  ];
  return `${lines.map((line) => `${indent}${line}`).join('\n')}\n`;
}

function callText(emission: Emission, op: EmittedOp, call: KernelCall, params: string, rows: Rows): string {
  const { graph, plan } = emission;
  const count = () =>
    elementCount(tensorOf(graph, call.writes[0]!).shape) / (op.rows === null ? 1 : op.steps);
  const whole = op.rows === null;
  const tail = {
    rows: () =>
      whole
        ? [
            '0',
            String(tensorOf(graph, call.writes[0]!).shape[0]! * tensorOf(graph, call.writes[0]!).shape[1]!),
          ]
        : [rows.first, rows.last],
    flat: () => [String(count())],
    whole: () => [],
    accumulate: () =>
      whole ? ['0', String(tensorOf(graph, call.reads[0]!).shape[1]!)] : [rows.first, rows.last],
  }[call.form]();
  const args = [
    ...(call.paramsType === null ? [] : [`&${params}`]),
    ...[...call.reads, ...call.writes].map((id) => pointerText(emission, op, id)),
    ...(call.scratchBytes > 0 ? [scratchText(plan, op)] : []),
    ...tail,
  ];
  return `rf_${call.kernel}(${args.join(', ')});`;
}

function scratchText(plan: Plan, op: EmittedOp): string {
  const scratch = scratchOf(plan, op.index);
  return scratch.kind === 'whole'
    ? `${scratch.base} + ${scratch.offset}`
    : `${scratch.base} + (size_t)${scratchTableName(op.index)}[y] * ${scratch.unitBytes}`;
}

/** C identifier of the table that says where an operator's scratch lies for each row. */
export function scratchTableName(op: number): string {
  return `op${op}_scratch`;
}

/** Where a kernel finds an operand: the tensor, or the row of it when the call is for one row. */
function pointerText(emission: Emission, op: EmittedOp, id: number): string {
  const tensor = tensorOf(emission.graph, id);
  if (tensor.data !== null)
    return emission.constants.add(`t${id}`, constantArray(tensor), weightPlace(emission.plan, op.index));
  const height = tensorOf(emission.graph, op.outputs[0]!).shape[1];
  return op.rows === 'pointwise' && isTall(tensor, height) ? `t${id} + rf_row(&t${id}_plane, y)` : `t${id}`;
}

function wroteText(emission: Emission, op: EmittedOp, id: number, rows: Rows): string[] {
  const tensor = tensorOf(emission.graph, id);
  const position = arenaTensors(emission.graph).indexOf(tensor);
  const bytes = tensorBytes(tensor);
  if (op.rows === 'accumulate' && rows === oneRow) {
    return [`if (y == ${op.steps - 1}) {`, `    rf_wrote(hooks, ${position}, 0, ${bytes}, t${id});`, '}'];
  }
  if (rows !== oneRow) return [`rf_wrote(hooks, ${position}, 0, ${bytes}, t${id});`];
  const rowBytes = bytes / op.steps;
  return [
    `rf_wrote(hooks, ${position}, (uint32_t)y * ${rowBytes}, ${rowBytes}, t${id} + rf_row(&t${id}_plane, y));`,
  ];
}

function isByRow({ graph, plan }: Pick<Emission, 'graph' | 'plan'>, id: number): boolean {
  return storageOf(plan, tensorOf(graph, id)).kind === 'rows';
}

function constantArray(tensor: Tensor) {
  return { role: 'constant', values: typedArray(tensor.dtype, tensor.data!), weight: true };
}
