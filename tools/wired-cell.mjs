/**
 * A random wired cell (RandWire, Xie et al. 2019): a Watts-Strogatz graph WS(nodes, 4, 0.75), each edge directed from
 * the lower to the higher index. Nodes without a predecessor take the cell's input, the last operator takes all nodes
 * without a successor. Every tensor is one byte.
 *
 * @param {number} nodes
 * @param {() => number} random
 * @returns {import('../dist/src/plan/allocation.js').OrderProblem} tensor i is made by node i; then input, output
 */
export function wiredCell(nodes, random) {
  const near = Array.from({ length: nodes }, () => new Set());
  const link = (u, v) => near[u].add(v) && near[v].add(u);
  const below = (n) => Math.floor(random() * n);
  for (const step of [1, 2]) for (let u = 0; u < nodes; u++) link(u, (u + step) % nodes);
  for (const step of [1, 2]) {
    for (let u = 0; u < nodes; u++) {
      const v = (u + step) % nodes;
      if (random() >= 0.75 || !near[u].has(v) || near[u].size >= nodes - 1) continue;
      let w = below(nodes);
      while (w === u || near[u].has(w)) w = below(nodes);
      near[u].delete(v);
      near[v].delete(u);
      link(u, w);
    }
  }
  const [input, output] = [nodes, nodes + 1];
  const ops = near.map((set, v) => {
    const inputs = [...set].filter((u) => u < v).sort((a, b) => a - b);
    return { inputs: inputs.length > 0 ? inputs : [input], outputs: [v] };
  });
  const sinks = [...near.keys()].filter((v) => [...near[v]].every((u) => u < v));
  ops.push({ inputs: sinks, outputs: [output] });
  const tensors = Array.from({ length: nodes + 2 }, (_, t) => ({ bytes: 1, keep: t === output }));
  return { tensors, ops };
}
