/**
 * Replays a plan byte by byte and rejects it when an operator would read a byte that something else has overwritten. It
 * knows the graph, what the kernels promise about overlaps, and nothing of how plans are found.
 */
import { ReflowError } from '../base/error.js';
import { type Graph, type Op, tensorOf } from '../ir/graph.js';
import { dtypeBytes, tensorBytes } from '../ir/tensor.js';
import { defOf } from '../ops/index.js';
import { viewOp } from '../ops/op-def.js';
import type { Plan, PlanBuffer } from './plan.js';

/** Who wrote each byte last; 0 is nobody. */
type Owners = Int32Array;

/** Throws ReflowError E_PLAN that names the operator, the tensor and the first bad byte. */
export function checkPlan(graph: Graph, plan: Plan): void {
  const places = new Map(
    plan.buffers.filter((buffer) => buffer.tensor !== null).map((buffer) => [buffer.tensor!, buffer]),
  );
  checkOrder(graph, plan);
  for (const buffer of plan.buffers) checkPlace(graph, plan, buffer);
  const owners: Owners = new Int32Array(plan.arenaBytes).fill(0);
  const write = (id: number) => fill(owners, placeOf(places, id), id + 1);
  for (const id of graph.inputs) write(id);
  plan.order.forEach((opId, position) => {
    const op = graph.ops.find((candidate) => candidate.id === opId)!;
    for (const id of op.inputs)
      if (id !== null && tensorOf(graph, id).data === null) checkOwned(owners, placeOf(places, id), id, op);
    checkOverlaps(graph, places, op);
    checkScratch(graph, plan, places, op, position, owners);
    for (const id of op.outputs) write(id);
    for (const id of op.outputs) checkOwned(owners, placeOf(places, id), id, op);
  });
  for (const id of graph.outputs)
    if (tensorOf(graph, id).data === null) checkOwned(owners, placeOf(places, id), id, null);
}

function bad(message: string): never {
  throw new ReflowError('E_PLAN', message, 'report this as a bug in reflow, with the network');
}

function placeOf(places: ReadonlyMap<number, PlanBuffer>, id: number): PlanBuffer {
  return places.get(id) ?? bad(`tensor ${id} has no place in the arena`);
}

function fill(owners: Owners, place: PlanBuffer, owner: number): void {
  owners.fill(owner, place.offset, place.offset + place.bytes);
}

function checkOrder(graph: Graph, plan: Plan): void {
  const known = new Set(graph.ops.map((op) => op.id));
  if (
    plan.order.length !== known.size ||
    new Set(plan.order).size !== known.size ||
    plan.order.some((id) => !known.has(id))
  ) {
    bad('the plan does not run every operator exactly once');
  }
  const ready = new Set(graph.inputs);
  for (const id of plan.order) {
    const op = graph.ops.find((candidate) => candidate.id === id)!;
    for (const input of op.inputs) {
      if (input !== null && tensorOf(graph, input).data === null && !ready.has(input))
        bad(`operator ${id} runs before its input ${input} exists`);
    }
    for (const output of op.outputs) ready.add(output);
  }
}

function checkPlace(graph: Graph, plan: Plan, buffer: PlanBuffer): void {
  const what = buffer.tensor === null ? `the scratch at ${buffer.first}` : `tensor ${buffer.tensor}`;
  if (buffer.offset < 0 || buffer.offset + buffer.bytes > plan.arenaBytes)
    bad(`${what} lies outside the arena`);
  if (buffer.tensor === null) {
    if (buffer.offset % 16 !== 0) bad(`${what} is not aligned to 16 bytes`);
    return;
  }
  const tensor = tensorOf(graph, buffer.tensor);
  if (buffer.bytes < tensorBytes(tensor))
    bad(`${what} has ${buffer.bytes} bytes where it needs ${tensorBytes(tensor)}`);
  if (buffer.offset % dtypeBytes[tensor.dtype] !== 0)
    bad(`${what} is not aligned to its ${tensor.dtype} elements`);
}

function checkOwned(owners: Owners, place: PlanBuffer, id: number, reader: Op | null): void {
  for (let at = place.offset; at < place.offset + place.bytes; at++) {
    if (owners[at] !== id + 1) {
      const who = reader ? `operator ${reader.id} (${reader.label})` : 'the end of the inference';
      bad(
        `${who} would read byte ${at - place.offset} of tensor ${id} after tensor ${owners[at]! - 1} has overwritten it`,
      );
    }
  }
}

/** While an operator runs, an output may lie over an input only as its kernel allows. */
function checkOverlaps(graph: Graph, places: ReadonlyMap<number, PlanBuffer>, op: Op): void {
  const allowed = defOf(op).overlaps(viewOp(graph, op));
  op.outputs.forEach((to, output) => {
    op.inputs.forEach((from, input) => {
      if (from === null || tensorOf(graph, from).data !== null) return;
      const [source, target] = [placeOf(places, from), placeOf(places, to)];
      if (!intersect(source, target)) return;
      const rule = allowed.find((candidate) => candidate.input === input && candidate.output === output);
      if (!rule || target.offset > source.offset - rule.leadBytes)
        bad(
          `operator ${op.id} (${op.label}) would write tensor ${to} over tensor ${from}, which it still reads`,
        );
    });
  });
}

function checkScratch(
  graph: Graph,
  plan: Plan,
  places: ReadonlyMap<number, PlanBuffer>,
  op: Op,
  position: number,
  owners: Owners,
): void {
  const needed = Math.max(
    0,
    ...defOf(op)
      .calls(viewOp(graph, op))
      .map((call) => call.scratchBytes),
  );
  if (needed === 0) return;
  const scratch = plan.buffers.find((buffer) => buffer.tensor === null && buffer.first === position);
  if (!scratch || scratch.bytes < needed) {
    bad(`operator ${op.id} (${op.label}) needs ${needed} bytes of scratch and has ${scratch?.bytes ?? 0}`);
  }
  for (const id of [...op.inputs, ...op.outputs]) {
    if (id !== null && tensorOf(graph, id).data === null && intersect(scratch, placeOf(places, id)))
      bad(`the scratch of operator ${op.id} lies over its tensor ${id}`);
  }
  fill(owners, scratch, 0);
}

function intersect(a: PlanBuffer, b: PlanBuffer): boolean {
  return a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}
