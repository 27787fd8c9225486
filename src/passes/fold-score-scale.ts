/**
 * The constant factor of attention scores (MUL or DIV in front of a SOFTMAX) as the softmax's own factor. Float networks alone: in
 * integers the scaled scores are rounded once more.
 */
import { consumers, type Graph, type Op, tensorOf } from '../ir/graph.js';
import { constantValues } from '../ir/tensor.js';

export function foldScoreScale(graph: Graph): Graph {
  const readers = consumers(graph);
  const factors = new Map<number, { readonly scale: Op; readonly factor: number }>();
  for (const scale of graph.ops) {
    const factor = factorOf(graph, scale);
    const result = scale.outputs[0]!;
    const reader = graph.ops[readers.get(result)?.[0] ?? -1];
    if (factor === null || reader?.kind !== 'softmax' || graph.outputs.includes(result)) continue;
    if (readers.get(result)!.length === 1) factors.set(reader.id, { scale, factor });
  }
  const gone = new Set([...factors.values()].map(({ scale }) => scale));
  const ops = graph.ops.flatMap((op) => {
    if (gone.has(op)) return [];
    const folded = factors.get(op.id);
    if (!folded) return [op];
    const beta = Math.fround((op.attrs.beta as number) * folded.factor);
    return [{ ...op, inputs: [folded.scale.inputs[0]!], attrs: { ...op.attrs, beta } }];
  });
  return { ...graph, ops };
}

/** What a MUL or DIV by one positive float multiplies its first input with; null for all else. */
function factorOf(graph: Graph, { kind, inputs, outputs, attrs }: Op): number | null {
  if ((kind !== 'mul' && kind !== 'div') || attrs.activation !== 'none') return null;
  const [from, by] = inputs.map((id) => (id === null ? null : tensorOf(graph, id)));
  if (!from || !by || from.data !== null || from.dtype !== 'float32') return null;
  if (from.shape.join() !== tensorOf(graph, outputs[0]!).shape.join()) return null;
  const values = constantValues(by);
  const value = values?.length === 1 ? values[0]! : 0;
  return value > 0 && Number.isFinite(value) ? (kind === 'mul' ? value : 1 / value) : null;
}
