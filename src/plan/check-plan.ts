/**
 * Replays a plan step by step, byte by byte, and rejects it when an operator would read a byte that something else has
 * overwritten. It knows the graph, which rows each operator reads and what its kernel promises about overlaps, and nothing
 * of how plans are found.
 */
import { ReflowError } from '../base/error.js';
import { type Graph, type Op, tensorOf } from '../ir/graph.js';
import { dtypeBytes, type Tensor, tensorBytes } from '../ir/tensor.js';
import { defOf } from '../ops/index.js';
import { isTall, type OpView, type RowRule, rowView, viewOp } from '../ops/op-def.js';
import { ByteMap } from './byte-map.js';
import { type Plan, type PlanBuffer, type PlanStep, plannedCalls } from './plan.js';

/** What a board has: bytes that the network may take of each memory, by name. */
export type Rooms = ReadonlyMap<string, number>;

/**
 * @param rooms given: no buffer may lie in another memory, nor beyond the end of one
 * @throws ReflowError E_PLAN that names the operator, the tensor and the first bad byte
 */
export function checkPlan(graph: Graph, plan: Plan, rooms: Rooms | null = null): void {
  checkRegions(plan, rooms);
  new Replay(graph, plan).run();
}

function checkRegions({ regions, arenaBytes }: Plan, rooms: Rooms | null): void {
  const sum = regions.reduce((all, { bytes }) => all + bytes, 0);
  if (sum !== arenaBytes) bad(`its memories add up to ${sum} bytes, the arena has ${arenaBytes}`);
  for (const [index, { name, bytes }] of regions.entries()) {
    if (regions.findIndex((other) => other.name === name) < index) bad(`memory ${name} stands there twice`);
    const room =
      rooms === null ? bytes : (rooms.get(name) ?? bad(`there is no memory ${name} for the arena`));
    if (bytes > room) bad(`memory ${name} has room for ${room} bytes, the plan takes ${bytes}`);
  }
}

/** Memories lie so far apart that nothing reaches from one into another. */
const memoryDistance = 2 ** 40;

function bad(message: string): never {
  throw new ReflowError('E_PLAN', message, 'report this as a bug in reflow, with the network');
}

/** Mark of the bytes in which a network with streamed input remembers where it is. */
const progressMark = -2_000_000;

/** A stretch of one tensor: bytes begin to end - 1. */
interface Stretch {
  readonly id: number;
  readonly begin: number;
  readonly end: number;
}

class Replay {
  /** Owners are tensors by id, or the marks of scratches and of the progress. */
  readonly #bytes = new ByteMap();
  readonly #places = new Map<number, PlanBuffer[]>();
  readonly #scratches = new Map<number, PlanBuffer[]>();
  /** Where a network with streamed input remembers where it is. */
  readonly #progress: PlanBuffer[] = [];
  /** Scratch bytes by operator and output shape. */
  readonly #needed = new Map<string, number>();
  /** Next step expected of each operator. */
  readonly #next = new Map<number, number>();
  /** Steps that the plan gives each operator. */
  readonly #given = new Map<number, number>();

  /** The step that is replayed. */
  #time = 0;

  constructor(
    private readonly graph: Graph,
    private readonly plan: Plan,
  ) {
    for (const { op } of plan.steps) if (op !== null) this.#given.set(op, (this.#given.get(op) ?? 0) + 1);
    for (const placed of plan.buffers) {
      this.#checkBuffer(placed);
      const memory = plan.regions.findIndex(({ name }) => name === placed.region);
      const buffer = { ...placed, offset: placed.offset + memory * memoryDistance };
      this.#checkTogether(buffer);
      if (buffer.tensor !== null) append(this.#places, buffer.tensor, buffer);
      else if (buffer.scratchOf !== null) append(this.#scratches, buffer.scratchOf, buffer);
      else {
        this.#progress.push(buffer);
        this.#bytes.write(buffer.offset, buffer.offset + buffer.bytes, progressMark, 0);
      }
    }
    for (const list of this.#places.values()) list.sort((a, b) => (a.row ?? 0) - (b.row ?? 0));
  }

  run(): void {
    const arriving = this.#arrivals();
    for (const id of this.graph.inputs) if (!arriving.has(id)) this.#write(this.#whole(id));
    for (const [time, step] of this.plan.steps.entries()) {
      this.#time = time;
      if (step.op === null) this.#write(this.#rows(step.tensor!, step.row, step.row + 1));
      else this.#step(this.#opOf(step.op), step, time);
    }
    for (const op of this.graph.ops) {
      if (this.#next.get(op.id) !== stepCount(viewOf(this.graph, op)))
        bad(`operator ${op.id} (${op.label}) does not run to its end`);
    }
    for (const { offset, bytes } of this.#progress) {
      if (this.#bytes.firstOther(offset, offset + bytes, progressMark, 0) !== null)
        bad('the progress of the streamed input is overwritten');
    }
    for (const id of this.graph.outputs)
      if (this.#isComputed(id)) this.#expect(this.#whole(id), 'the end of the inference');
  }

  /** The inputs whose rows arrive one by one, all of them and in order. */
  #arrivals(): Set<number> {
    const rows = new Map<number, number>();
    for (const { op, tensor, row } of this.plan.steps) {
      if (op !== null) continue;
      if (row !== (rows.get(tensor!) ?? 0)) bad(`row ${row} of input ${tensor} arrives out of turn`);
      rows.set(tensor!, row + 1);
    }
    for (const [id, count] of rows)
      if (count !== tensorOf(this.graph, id).shape[1]) bad(`only ${count} rows of input ${id} arrive`);
    return new Set(rows.keys());
  }

  #step(op: Op, step: PlanStep, time: number): void {
    const view = viewOf(this.graph, op);
    const expected = this.#next.get(op.id) ?? 0;
    // A plan may run an operator whole although it could run by rows.
    const whole = this.#isWhole(op, view);
    const row = whole ? 0 : step.row;
    if (step.row !== expected)
      bad(`operator ${op.id} (${op.label}) runs row ${step.row} where row ${expected} is next`);
    this.#next.set(op.id, whole ? stepCount(view) : expected + 1);
    const reads = op.inputs.flatMap((id, position) =>
      id !== null && this.#isComputed(id) ? [this.#reads(view, id, position, row, whole)] : [],
    );
    const writes = op.outputs.map((id) => this.#writes(view, id, row, whole));
    for (const stretch of reads) this.#expect(stretch, `operator ${op.id} (${op.label}), row ${row}`);
    const rule = ruleOf(view);
    if (rule?.kind === 'accumulate' && rule.growing && row > 0)
      for (const id of op.outputs)
        this.#expect(this.#whole(id), `operator ${op.id} (${op.label}), row ${row}`);
    this.#checkOverlaps(op, view, reads, writes, whole);
    this.#checkScratch(op, view, [...reads, ...writes], time, whole);
    for (const stretch of writes) this.#write(stretch);
    for (const stretch of writes)
      this.#expect(stretch, `operator ${op.id} (${op.label}), which has just written it`);
  }

  #isWhole(op: Op, view: OpView): boolean {
    // One that has a single row reads no more than that row's rows.
    return ruleOf(view) === null || (stepCount(view) > 1 && this.#given.get(op.id) === 1);
  }

  #reads(view: OpView, id: number, position: number, row: number, whole: boolean): Stretch {
    const rule = ruleOf(view);
    if (whole || rule === null) return this.#whole(id);
    if (rule.kind === 'window')
      return position === 0 ? this.#rows(id, rule.first(row), rule.last(row)) : this.#whole(id);
    if (rule.kind === 'accumulate') return position === 0 ? this.#rows(id, row, row + 1) : this.#whole(id);
    return isTall(tensorOf(this.graph, id), view.output(0).shape[1])
      ? this.#rows(id, row, row + 1)
      : this.#whole(id);
  }

  #writes(view: OpView, id: number, row: number, whole: boolean): Stretch {
    const rule = ruleOf(view);
    if (whole || rule === null) return this.#whole(id);
    if (rule.kind !== 'accumulate') return this.#rows(id, row, row + 1);
    const stretch = this.#whole(id);
    const writing = rule.growing ? 0 : stepCount(view) - 1;
    return row === writing ? stretch : { ...stretch, end: stretch.begin };
  }

  /** While a step runs, an output may lie over an input only as its kernel allows. */
  #checkOverlaps(
    op: Op,
    view: OpView,
    reads: readonly Stretch[],
    writes: readonly Stretch[],
    whole: boolean,
  ): void {
    const rule = ruleOf(view);
    for (const target of writes) {
      for (const source of reads) {
        if (!this.#meet(source, target)) continue;
        const readOnce = op.inputs.filter((id) => id === source.id).length === 1;
        const allowed =
          readOnce &&
          (!whole && rule?.kind === 'window'
            ? this.#mayShift(op, view, source, target)
            : (whole || rule?.kind === 'pointwise') && this.#mayOverlap(op, view, source, target, whole));
        if (!allowed)
          bad(
            `operator ${op.id} (${op.label}) would write tensor ${target.id} over tensor ${source.id}, which it still reads`,
          );
      }
    }
  }

  #mayOverlap(op: Op, view: OpView, source: Stretch, target: Stretch, whole: boolean): boolean {
    const isRow = !whole && ruleOf(view)?.kind === 'pointwise';
    const promise = defOf(op)
      .overlaps(isRow ? rowView(view) : view)
      .find((o) => op.inputs[o.input] === source.id && op.outputs[o.output] === target.id);
    return promise !== undefined && this.#address(target) <= this.#address(source) - promise.leadBytes;
  }

  /** A window's row may lie over rows that it reads, at the distance that the operator states from each that it touches. */
  #mayShift(op: Op, view: OpView, source: Stretch, target: Stretch): boolean {
    const promise = defOf(op).rowOverlap?.(view) ?? null;
    if (promise === null || op.inputs[0] !== source.id || op.outputs[0] !== target.id) return false;
    const rowBytes = rowBytesOf(tensorOf(this.graph, source.id));
    const to = this.#address(target);
    for (let begin = source.begin; begin < source.end; begin += rowBytes) {
      const row = { id: source.id, begin, end: begin + rowBytes };
      if (!this.#meet(row, target)) continue;
      const lead = this.#address(row) - to;
      if (promise.exact ? lead !== promise.leadBytes : lead < promise.leadBytes) return false;
    }
    return true;
  }

  /** Asked once for each operator and way to run it: preparing the calls of fast kernels takes a while. */
  #scratchNeeded(view: OpView): number {
    const key = `${view.op.id} ${view.output(0).shape}`;
    const known = this.#needed.get(key);
    if (known !== undefined) return known;
    const needed = Math.max(0, ...plannedCalls(this.plan, view).map((call) => call.scratchBytes));
    this.#needed.set(key, needed);
    return needed;
  }

  #checkScratch(op: Op, view: OpView, others: readonly Stretch[], time: number, whole: boolean): void {
    const rule = ruleOf(view);
    const shown = !whole && rule?.kind === 'pointwise' ? rowView(view) : view;
    const needed = this.#scratchNeeded(shown);
    if (needed === 0) return;
    const row = whole ? null : (this.#next.get(op.id) ?? 1) - 1;
    const scratch = this.#scratches.get(op.id)?.find((buffer) => buffer.row === null || buffer.row === row);
    if (!scratch || scratch.bytes < needed)
      bad(`operator ${op.id} (${op.label}) needs ${needed} bytes of scratch and has ${scratch?.bytes ?? 0}`);
    if (time < scratch.first || time >= scratch.last)
      bad(`the scratch of operator ${op.id} is used in step ${time}, outside its life`);
    const mark = -1 - op.id;
    const end = scratch.offset + scratch.bytes;
    // Only sums are kept between steps.
    const started = rule?.kind === 'accumulate' && (this.#next.get(op.id) ?? 0) > 1 && !whole;
    if (started && this.#bytes.firstOther(scratch.offset, end, mark, 0) !== null)
      bad(`the scratch of operator ${op.id} is overwritten before step ${time}`);
    for (const stretch of others) {
      for (const part of this.#parts(stretch)) {
        if (part.at < end && scratch.offset < part.at + part.bytes)
          bad(`the scratch of operator ${op.id} lies over tensor ${stretch.id}`);
      }
    }
    this.#bytes.write(scratch.offset, end, mark, 0);
  }

  #expect(stretch: Stretch, who: string): void {
    for (const { at, from, bytes } of this.#parts(stretch)) {
      const wrong = this.#bytes.firstOther(at, at + bytes, stretch.id, from);
      if (wrong !== null) {
        bad(
          `${who} would read byte ${from + wrong - at} of tensor ${stretch.id} after it was overwritten, or before it was written`,
        );
      }
    }
  }

  #write(stretch: Stretch): void {
    for (const { at, from, bytes } of this.#parts(stretch))
      this.#bytes.write(at, at + bytes, stretch.id, from);
  }

  /** Where the bytes of a stretch lie: arena address, position in the tensor, length. */
  *#parts({ id, begin, end }: Stretch): Generator<{ at: number; from: number; bytes: number }> {
    const places = this.#places.get(id) ?? bad(`tensor ${id} has no place in the arena`);
    const rowBytes = rowBytesOf(tensorOf(this.graph, id));
    let covered = begin;
    for (const { row, offset, first, last } of places) {
      const start = row === null ? 0 : row * rowBytes;
      const [from, to] = [Math.max(begin, start), Math.min(end, row === null ? end : start + rowBytes)];
      if (from < to && (this.#time < first || this.#time >= last))
        bad(`tensor ${id} is used in step ${this.#time}, its buffer lives from ${first} to ${last - 1}`);
      if (from >= to) continue;
      if (from !== covered)
        bad(`byte ${covered} of tensor ${id} has no place in the arena, or more than one`);
      covered = to;
      yield { at: offset + from - start, from, bytes: to - from };
    }
    if (covered < end) bad(`byte ${covered} of tensor ${id} has no place in the arena`);
  }

  #address(stretch: Stretch): number {
    return Math.min(...[...this.#parts(stretch)].map(({ at }) => at));
  }

  #meet(a: Stretch, b: Stretch): boolean {
    const others = [...this.#parts(b)];
    return [...this.#parts(a)].some((x) =>
      others.some((y) => x.at < y.at + y.bytes && y.at < x.at + x.bytes),
    );
  }

  #whole(id: number): Stretch {
    return { id, begin: 0, end: tensorBytes(tensorOf(this.graph, id)) };
  }

  #rows(id: number, first: number, last: number): Stretch {
    const rowBytes = rowBytesOf(tensorOf(this.graph, id));
    return { id, begin: first * rowBytes, end: Math.max(first, last) * rowBytes };
  }

  #isComputed(id: number): boolean {
    return tensorOf(this.graph, id).data === null;
  }

  #opOf(id: number): Op {
    return this.graph.ops.find((op) => op.id === id) ?? bad(`there is no operator ${id}`);
  }

  /** One pointer serves all rows of a tensor, and one all scratches of an operator. */
  #checkTogether({ tensor, scratchOf, region }: PlanBuffer): void {
    const others = tensor !== null ? this.#places.get(tensor) : this.#scratches.get(scratchOf ?? -1);
    if (others?.[0] && others[0].region !== region)
      bad(
        `${tensor !== null ? `tensor ${tensor}` : `the scratch of operator ${scratchOf}`} lies in two memories`,
      );
  }

  #checkBuffer({ tensor: id, row, scratchOf, region, offset, bytes }: PlanBuffer): void {
    const what = id === null ? `the scratch of operator ${scratchOf}` : `tensor ${id}`;
    const memory = this.plan.regions.find(({ name }) => name === region);
    if (!memory) bad(`${what} lies in memory ${region}, of which the plan takes nothing`);
    if (offset < 0 || offset + bytes > memory.bytes) bad(`${what} lies outside the arena in ${region}`);
    if (id === null) {
      if (scratchOf !== null && offset % 8 !== 0) bad(`${what} is not aligned to 8 bytes`);
      return;
    }
    const tensor = tensorOf(this.graph, id);
    const needed = row === null ? tensorBytes(tensor) : rowBytesOf(tensor);
    if (bytes < needed) bad(`${what} has ${bytes} bytes where it needs ${needed}`);
    if (offset % dtypeBytes[tensor.dtype] !== 0)
      bad(`${what} is not aligned to its ${tensor.dtype} elements`);
  }
}

function append<T>(lists: Map<number, T[]>, key: number, value: T): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

function viewOf(graph: Graph, op: Op): OpView {
  return viewOp(graph, op);
}

function ruleOf(view: OpView): RowRule | null {
  return defOf(view.op).rows?.(view) ?? null;
}

/** Steps of an operator that runs row by row; 1 for the others. */
function stepCount(view: OpView): number {
  const rule = ruleOf(view);
  if (rule === null) return 1;
  return rule.kind === 'accumulate' ? view.input(0).shape[1]! : view.output(0).shape[1]!;
}

function rowBytesOf(tensor: Tensor): number {
  return tensorBytes(tensor) / (tensor.shape.length === 4 && tensor.shape[0] === 1 ? tensor.shape[1]! : 1);
}
