/** Rules for kernels: what they choose, and what is wrong with the others. */
import test from 'ava';
import { ReflowError } from '../base/error.js';
import type { Graph } from '../ir/graph.js';
import { callsOf } from '../ops/index.js';
import { type KernelSet, viewOp } from '../ops/op-def.js';
import { chooseKernels } from './kernel-choice.js';

const quant = { scales: [0.1], zeroPoints: [0], axis: null };
const shape = [1, 8, 8, 8];
const tensors = [0, 1, 2, 3].map((id) => ({
  id,
  name: `t${id}`,
  dtype: 'int8' as const,
  shape,
  quant,
  data: null,
}));
const attrs = { activation: 'none' };
const graph: Graph = {
  name: 'net',
  tensors,
  ops: [
    { id: 4, kind: 'add', label: 'ADD', inputs: [0, 0], outputs: [1], attrs },
    { id: 7, kind: 'add', label: 'ADD', inputs: [0, 1], outputs: [2], attrs },
    { id: 8, kind: 'relu', label: 'RELU', inputs: [2], outputs: [3], attrs: {} },
  ],
  inputs: [0],
  outputs: [3],
};
const sets: readonly KernelSet[] = ['dsp', 'plain', 'ref'];

const kernels = (...rules: string[]) => {
  const chosen = chooseKernels(graph, rules, sets);
  return chosen.ops.map((op) => callsOf(viewOp(chosen, op), sets)[0]!.kernel);
};

test('an operator by its number, or all of a kind; later rules win', (t) => {
  t.deepEqual(kernels(), ['add_s8_dsp', 'add_s8_dsp', 'lookup_s8']);
  t.deepEqual(kernels('7=ref'), ['add_s8_dsp', 'add_s8', 'lookup_s8']);
  t.deepEqual(kernels('add=ref', '4=dsp', 'relu=ref'), ['add_s8_dsp', 'add_s8', 'relu_s8']);
});

for (const [rule, message] of [
  ['5=ref', /no operator 5/],
  ['conv2d=ref', /no operator conv2d/],
  ['7=mve', /no kernel mve/],
  ['7=plain', /no kernel plain/],
  ['relu=dsp', /no kernel dsp/],
  ['relu=lookup', /no kernel lookup/],
  ['ref', /no rule/],
  ['=ref', /no rule/],
  ['7=', /no rule/],
  ['7=ref=ref', /no rule/],
] as const) {
  test(`--kernel ${rule} is refused`, (t) => {
    const error = t.throws(() => chooseKernels(graph, [rule], sets), { instanceOf: ReflowError });
    t.is(error?.code, 'E_KERNEL');
    t.regex(error?.message ?? '', message);
  });
}
