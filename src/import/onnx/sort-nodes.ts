/** Puts nodes in an order in which every value is computed before it is read. */
import { damaged } from './fault.js';
import { type OnnxNode, whereOf } from './node.js';

/**
 * Nodes that nothing leads to an output from are left out. Files state an order that computes, so the usual result is the
 * file's own. Throws ReflowError E_MODEL_FORMAT for a value that nobody computes, one that is computed twice, and a cycle.
 * @param known names of inputs and constants
 */
export function sortNodes(
  nodes: readonly OnnxNode[],
  known: readonly string[],
  outputs: readonly string[],
): OnnxNode[] {
  const writer = writers(nodes, known);
  const ready = new Set(known);
  const open = new Set<OnnxNode>();
  const sorted: OnnxNode[] = [];
  /** Depth first without recursion: a file may hold a chain as long as it likes. */
  const visit = (name: string, reader: string) => {
    const stack: { node: OnnxNode; at: number }[] = [];
    const enter = (wanted: string, by: string) => {
      if (wanted === '' || ready.has(wanted)) return;
      const node = writer.get(wanted);
      if (!node) throw damaged(`${by} reads "${wanted}", which nothing computes`);
      if (open.has(node)) throw damaged(`${whereOf(node)} depends on its own result: the graph has a cycle`);
      open.add(node);
      stack.push({ node, at: 0 });
    };
    enter(name, reader);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const input = top.node.inputs[top.at++];
      if (input !== undefined) enter(input, whereOf(top.node));
      else {
        stack.pop();
        open.delete(top.node);
        sorted.push(top.node);
        for (const output of top.node.outputs) ready.add(output);
      }
    }
  };
  // In the file's order first, so that a well-formed file keeps it.
  const wanted = reached(writer, outputs);
  for (const node of nodes)
    if (wanted.has(node)) for (const output of node.outputs) if (output) visit(output, 'the graph');
  for (const output of outputs) visit(output, 'the list of outputs');
  return sorted;
}

function writers(nodes: readonly OnnxNode[], known: readonly string[]): Map<string, OnnxNode> {
  const writer = new Map<string, OnnxNode>();
  const taken = new Set(known);
  for (const node of nodes) {
    for (const output of node.outputs) {
      if (output === '') continue;
      if (taken.has(output)) throw damaged(`${whereOf(node)} writes "${output}", which exists already`);
      taken.add(output);
      writer.set(output, node);
    }
  }
  return writer;
}

/** Nodes that an output needs. */
function reached(writer: ReadonlyMap<string, OnnxNode>, outputs: readonly string[]): Set<OnnxNode> {
  const wanted = new Set<OnnxNode>();
  const names = [...outputs];
  for (let name = names.pop(); name !== undefined; name = names.pop()) {
    const node = writer.get(name);
    if (!node || wanted.has(node)) continue;
    wanted.add(node);
    names.push(...node.inputs);
  }
  return wanted;
}
