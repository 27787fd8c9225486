import test from 'ava';
import fc from 'fast-check';
import { ReflowError } from '../base/error.js';
import { checkGraph } from '../ir/check.js';
import { findUnsupported } from '../ops/index.js';
import { importArchitecture, isArchitecture, parseArchitecture } from './arch.js';

const bytes = (document: unknown) => new TextEncoder().encode(JSON.stringify(document));
const graphOf = (document: object) => importArchitecture(parseArchitecture(bytes(document), 'a.json'), 'a');

const vit = {
  architecture: 'vision-transformer',
  image: 32,
  patch: 8,
  dim: 32,
  heads: 2,
  headDim: 16,
  depth: 2,
};
const mobilenet = {
  architecture: 'mobilenet',
  image: 32,
  stem: { channels: 8 },
  stages: [
    { expansion: 1, channels: 8 },
    { channels: 12, stride: 2, repeat: 2 },
    { kernel: 5, expansion: 3, channels: 16, stride: 2, repeat: 2 },
  ],
  head: 32,
  classes: 10,
};
/** DARTS's second-order cell for CIFAR-10 without dilation, cut to two nodes. */
const darts = {
  architecture: 'cells',
  width: 8,
  normal: [
    [
      ['sep3', 0],
      ['sep3', 1],
    ],
    [
      ['skip', 0],
      ['sep5', 2],
    ],
  ],
  reduction: [
    [
      ['max3', 0],
      ['skip', 1],
    ],
    [
      ['avg3', 1],
      ['conv3', 2],
    ],
  ],
  layers: ['normal', 'reduction', 'normal', 'reduction', 'normal'],
};
const nasBench = {
  architecture: 'cells',
  width: 8,
  inputs: 1,
  output: 'last',
  normal: [
    [['conv3', 0]],
    [
      ['skip', 0],
      ['conv1', 1],
    ],
    [
      ['avg3', 0],
      ['conv3', 1],
      ['skip', 2],
    ],
  ],
  layers: ['normal', 'reduction', 'normal'],
};

for (const [name, document] of Object.entries({ vit, mobilenet, darts, nasBench })) {
  test(`${name}: a legal graph of operators that run, the same for the same seed`, (t) => {
    const graph = graphOf(document);
    checkGraph(graph);
    t.deepEqual(findUnsupported(graph), []);
    t.deepEqual(graphOf(document), graph);
    const other = graphOf({ ...document, seed: 2 });
    t.notDeepEqual(other.tensors, graph.tensors);
    t.deepEqual(
      other.tensors.map(({ shape }) => shape),
      graph.tensors.map(({ shape }) => shape),
    );
  });
}

test('an architecture file is a JSON object', (t) => {
  t.true(isArchitecture(bytes(vit)));
  t.true(isArchitecture(new TextEncoder().encode('\n\t {')));
  t.false(isArchitecture(new TextEncoder().encode('TFL3')));
  t.false(isArchitecture(new Uint8Array()));
});

const wrong: readonly [string, unknown, RegExp][] = [
  ['no architecture', { image: 32 }, /architecture/],
  ['an unknown one', { architecture: 'tree' }, /architecture/],
  ['an unknown field', { ...vit, hats: 3 }, /hats/],
  ['a dimension of 0', { ...vit, dim: 0 }, /dim/],
  ['half a head', { ...vit, heads: 1.5 }, /heads/],
  ['lists of different lengths', { ...vit, heads: [1, 2, 3] }, /depth/],
  ['a patch beyond the image', { ...vit, patch: 64 }, /patch/],
  ['a node that looks ahead', { ...darts, normal: [[['skip', 2]]] }, /later/],
  ['no JSON', undefined, /JSON/],
];

for (const [name, document, message] of wrong) {
  test(`${name} is one clear line`, (t) => {
    const content = document === undefined ? new TextEncoder().encode('{ "architecture": ') : bytes(document);
    const error = t.throws(() => parseArchitecture(content, 'a.json'), { instanceOf: ReflowError });
    t.is(error.code, 'E_MODEL_FORMAT');
    t.regex(error.line, message);
    t.regex(error.line, /a\.json/);
  });
}

test('documents with anything in any field are read or refused, never a crash', (t) => {
  const documents = fc.constantFrom(vit, mobilenet, darts, nasBench);
  const change = fc.tuple(documents, fc.nat(), fc.jsonValue());
  fc.assert(
    fc.property(change, ([document, field, value]) => {
      const names = Object.keys(document);
      const changed = { ...document, [names[field % names.length]!]: value };
      try {
        parseArchitecture(bytes(changed), 'a.json');
      } catch (error) {
        if (!(error instanceof ReflowError)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(fc.uint8Array(), (content) => {
      t.throws(() => parseArchitecture(content, 'a.json'), { instanceOf: ReflowError });
    }),
  );
});
