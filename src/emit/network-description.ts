/** The `rf_network` value at the end of <net>.c, which profilers and servers read. */
import { type Tensor, tensorBytes } from '../ir/tensor.js';
import type { Plan } from '../plan/plan.js';
import { arenaTensors, rfDtype } from './c-names.js';
import type { Emission, EmittedOp } from './emit-project.js';
import { floatLiteral, intLiteral, plainText } from './literal.js';
import { streamedInput } from './segment.js';
import { memoryName, offsetOf, otherRegions, regionOf } from './storage.js';

export function networkDescription({ graph, plan, options, ops }: Emission): string {
  const net = graph.name;
  const streamed = streamedInput({ graph, plan }) !== null;
  const tensors = arenaTensors(graph);
  const positions = (ids: readonly number[]) =>
    ids.map((id) => tensors.findIndex((tensor) => tensor.id === id)).join(', ');
  const rows = tensors.map((tensor) => {
    const quant = tensor.quant?.scales.length === 1 ? tensor.quant : null;
    const scale = floatLiteral(quant ? quant.scales[0]! : 0);
    return `    {"${plainText(tensor.name).slice(0, longestName)}", ${tensor.id}, ${rfDtype(tensor.dtype)}, ${tensor.shape.length}, {${tensor.shape.join(', ') || 0}}, ${scale}, ${intLiteral(quant?.zeroPoints[0] ?? 0)}, ${offsetOf(plan, tensor)}, ${tensorBytes(tensor)}},`;
  });
  return `static const rf_tensor tensors[] = {
${rows.join('\n')}
};
${memoryTables(plan, tensors)}${opTable(ops)}static const int32_t inputs[] = {${positions(graph.inputs) || '-1'}};
static const int32_t outputs[] = {${positions(graph.outputs)}};

const rf_network ${net}_network = {
    .name = "${net}",
    .arena_bytes = ${net.toUpperCase()}_ARENA_BYTES,
    .model_hash = {${hashBytes(options.modelHash)}},
    .plan_hash = {${hashBytes(options.planHash)}},
    .op_count = ${ops.length},
    .ops = ${ops.length === 0 ? 'NULL' : 'ops'},
    .tensor_count = ${tensors.length},
    .tensors = tensors,
    .input_count = ${graph.inputs.length},
    .inputs = inputs,
    .output_count = ${graph.outputs.length},
    .outputs = outputs,
${otherRegions(plan).length === 0 ? '' : `    .memory_count = ${otherRegions(plan).length},\n    .memories = memories,\n    .tensor_memory = tensor_memory,\n`}    .init = ${net}_init,
    .invoke = ${streamed ? 'NULL' : `${net}_invoke_hooked`},
    .stream = ${streamed ? '&stream' : 'NULL'},
};
`;
}

/** Only for a network that keeps tensors in other memories than the arena too. */
function memoryTables(plan: Plan, tensors: readonly Tensor[]): string {
  const others = otherRegions(plan);
  if (others.length === 0) return '';
  const rows = others.map((region) => {
    const array = memoryName(plan, region);
    return `    {"${region.name}", ${array}, sizeof ${array}},`;
  });
  return `static const rf_memory memories[] = {
${rows.join('\n')}
};
static const uint8_t tensor_memory[] = {${tensors.map((tensor) => regionOf(plan, tensor)).join(', ')}};
`;
}

/** C has no arrays without elements. */
function opTable(ops: readonly EmittedOp[]): string {
  if (ops.length === 0) return '';
  return `static const rf_op ops[] = {
${ops.map((op) => `    {${op.index}, "${op.kind}"},`).join('\n')}
};
`;
}

/** C99 promises room for strings of 4095 characters; converters join names to any length. */
const longestName = 200;

/** The first eight bytes of a hexadecimal hash as C. */
function hashBytes(hex: string): string {
  return Array.from(
    { length: 8 },
    (_, index) => `0x${hex.slice(2 * index, 2 * index + 2).padStart(2, '0')}`,
  ).join(', ');
}
