/**
 * A RowGraph laid out for simulation: rows of all tensors numbered through as units, everything looked up beforehand.
 * Simulating a network's segments reads nothing else, millions of times.
 */
import type { TensorId } from '../ir/tensor.js';
import type { RowGraph } from './row-graph.js';

/** One row of a tensor, or all of it. */
export interface Unit {
  readonly tensor: TensorId;
  readonly row: number;
}

export interface UnitTensor {
  readonly id: TensorId;
  /** Number of its first unit; the others follow. */
  readonly base: number;
  readonly units: number;
  readonly unitBytes: number;
  readonly heldBytes: number;
  readonly fixed: boolean;
  readonly isOutput: boolean;
  /** Positions of operators; -1 for none. An output is read behind the last one. */
  readonly producer: number;
  readonly lastReader: number;
}

export interface UnitInput {
  readonly tensor: UnitTensor;
  /** Units first[y] to last[y] - 1, counted from the tensor's first, are read in step y; null: all of a tensor in one piece. */
  readonly first: Int32Array | null;
  readonly last: Int32Array | null;
  /** Whether the operator reads it row by row, however it is kept. */
  readonly byRow: boolean;
  /** Steps of the producer that step y waits for. */
  readonly needed: Int32Array;
}

export interface UnitOp {
  readonly steps: number;
  readonly inputs: readonly UnitInput[];
  readonly outputs: readonly UnitTensor[];
  readonly writesLast: boolean;
  readonly inPlace: readonly number[];
  readonly shiftBytes: number | null;
  readonly shiftsWastefully: boolean;
  /** Positions of the operators that read an output. */
  readonly readers: readonly number[];
}

export interface UnitGraph {
  readonly ops: readonly UnitOp[];
  readonly tensors: readonly UnitTensor[];
  readonly byId: ReadonlyMap<TensorId, UnitTensor>;
  readonly unitCount: number;
  /** The tensor of each unit. */
  readonly tensorOf: readonly UnitTensor[];
}

export function unitGraph({ ops, tensors }: RowGraph): UnitGraph {
  const list: UnitTensor[] = [];
  const tensorOf: UnitTensor[] = [];
  for (const [id, { units, unitBytes, heldBytes, fixed, isOutput, producer, readers }] of tensors) {
    const lastReader = isOutput ? ops.length : readers.reduce((most, reader) => Math.max(most, reader), -1);
    const base = tensorOf.length;
    const tensor = {
      ...{ id, base, units, unitBytes, heldBytes, fixed, isOutput, lastReader },
      producer: producer ?? -1,
    };
    list.push(tensor);
    for (let row = 0; row < units; row++) tensorOf.push(tensor);
  }
  const byId = new Map(list.map((tensor) => [tensor.id, tensor]));
  return {
    ops: ops.map((op) => ({
      steps: op.steps,
      inputs: op.inputs.map(({ tensor: id, rows }) => {
        const tensor = byId.get(id)!;
        const pieces = tensor.units > 1 ? rows : null;
        const first = pieces && Int32Array.from(pieces.first);
        const last = pieces && Int32Array.from(pieces.last);
        const needed = new Int32Array(op.steps);
        if (tensor.producer >= 0) {
          const maker = ops[tensor.producer]!;
          const byRow = maker.outputs.find((output) => output.tensor === id)!.byRow;
          // Rows that no window reaches are computed before the last row, so that every tensor is whole in the end.
          needed.forEach((_, y) => {
            needed[y] = rows && byRow && y < op.steps - 1 ? rows.last[y]! : maker.steps;
          });
        }
        return { tensor, first, last, byRow: rows !== null, needed };
      }),
      outputs: op.outputs.map(({ tensor }) => byId.get(tensor)!),
      writesLast: op.writesLast,
      inPlace: op.inPlace,
      shiftBytes: op.shiftBytes,
      shiftsWastefully: op.shiftsWastefully,
      readers: op.outputs.flatMap(({ tensor }) => tensors.get(tensor)!.readers),
    })),
    ...{ tensors: list, byId, unitCount: tensorOf.length, tensorOf },
  };
}

export function unitOf({ tensorOf }: UnitGraph, unit: number): Unit {
  const tensor = tensorOf[unit]!;
  return { tensor: tensor.id, row: unit - tensor.base };
}
