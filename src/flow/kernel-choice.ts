/**
 * The user's choice of kernels, where the set that reflow prefers is not wanted: rules `WHICH=SET`. WHICH is an operator's number
 * (as `reflow inspect` and the generated C print it) or a kind of operator, e.g. `conv2d`; SET is `ref` or one of the target's sets.
 * Later rules win.
 */
import { ReflowError } from '../base/error.js';
import type { Graph, Op } from '../ir/graph.js';
import { kernelSetsOf } from '../ops/index.js';
import { type KernelSet, viewOp } from '../ops/op-def.js';

/** The graph with the choices noted at its operators. @throws ReflowError E_KERNEL */
export function chooseKernels(graph: Graph, rules: readonly string[], sets: readonly KernelSet[]): Graph {
  return rules.reduce((chosen, rule) => applyRule(chosen, rule, sets), graph);
}

function applyRule(graph: Graph, rule: string, sets: readonly KernelSet[]): Graph {
  const [, which = '', set = ''] = /^([^=]+)=([^=]+)$/.exec(rule) ?? [];
  if (which === '') throw refusal(`--kernel ${rule} is no rule`, 'write e.g. --kernel 3=ref');
  const matches = (op: Op) => (/^\d+$/.test(which) ? op.id === Number(which) : op.kind === which);
  const chosen = graph.ops.filter(matches);
  if (chosen.length === 0) {
    const kinds = [...new Set(graph.ops.map(({ kind }) => kind))].join(', ');
    throw refusal(`${graph.name} has no operator ${which}`, `give a number, or one of ${kinds}`);
  }
  const has = (op: Op) => kernelSetsOf(viewOp(graph, op), sets);
  // Of a kind, those that have the kernel; of one operator, that one.
  const able = chosen.filter((op) => has(op).some((name) => name === set));
  if (able.length === 0) {
    const names = [...new Set(chosen.flatMap(has))].join(', ');
    throw refusal(`operator ${which} of ${graph.name} has no kernel ${set}`, `choose from ${names}`);
  }
  const ids = new Set(able.map(({ id }) => id));
  return { ...graph, ops: graph.ops.map((op) => (ids.has(op.id) ? { ...op, kernelSet: set } : op)) };
}

function refusal(message: string, hint: string): ReflowError {
  return new ReflowError('E_KERNEL', message, hint);
}
