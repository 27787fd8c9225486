/** The order of operators in which the least bytes of whole tensors are alive at once. */
import type { OpId } from '../ir/graph.js';
import type { OrderProblem, PlanSolver, SolverLimits } from './allocation.js';
import { operatorPeak } from './operator-peak.js';
import type { RowGraph } from './row-graph.js';

/**
 * @param graph in one piece, in the file's order
 * @returns null when no order is known that is better than the file's
 */
export function bestOrder(graph: RowGraph, solver: PlanSolver, limits: SolverLimits): OpId[] | null {
  const problem = orderProblem(graph);
  const given = operatorPeak(problem, [...graph.ops.keys()]);
  const { order, peak } = solver.solveOrder(problem, limits);
  if (given !== null && given <= peak) return null;
  return order.map((position) => graph.ops[position]!.op!);
}

function orderProblem({ ops, tensors }: RowGraph): OrderProblem {
  const ids = [...tensors.keys()];
  const index = new Map(ids.map((id, i) => [id, i]));
  const at = (id: number) => index.get(id)!;
  return {
    tensors: ids.map((id) => {
      const { heldBytes, units, isOutput } = tensors.get(id)!;
      return { bytes: heldBytes * units, keep: isOutput };
    }),
    ops: ops.map(({ inputs, outputs, scratchBytes, inPlace }) => ({
      inputs: inputs.map(({ tensor }) => at(tensor)),
      outputs: outputs.map(({ tensor }) => at(tensor)),
      scratchBytes,
      inPlace: inPlace
        .map((position) => inputs[position]!.tensor)
        .filter((tensor) => isAlike(tensors, tensor, outputs[0]!.tensor))
        .map((tensor) => [at(tensor), at(outputs[0]!.tensor)] as const),
    })),
  };
}

function isAlike(tensors: RowGraph['tensors'], input: number, output: number): boolean {
  const [from, to] = [tensors.get(input)!, tensors.get(output)!];
  return !from.fixed && !from.isOutput && from.unitBytes === to.unitBytes && from.units === to.units;
}
