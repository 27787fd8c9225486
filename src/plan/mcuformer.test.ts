import test from 'ava';
import { mcuformerLegalShare, mcuformerModel } from './mcuformer.js';

/** Whether bytes print as these KiB; a half may have been rounded either way. */
const prints = (bytes: number, kib: string) => Math.abs(bytes / 1024 - Number(kib)) <= 0.0501;

/** name, dim, heads, ratio, depth, tokens, ranks of attention and MLP (0: full); the paper's and the development model's KiB. */
const published = [
  ['DeiT-Tiny 224/16', 192, 3, 4, 12, 197, 0, 0, '291.8', '328.7'],
  ['AutoFormer-T 224/16', 192, 4, 4, 13, 197, 0, 0, '291.8', '328.7'],
  ['T-max 240/16 .90', 216, 4, 4, 14, 226, 0.9, 0.9, '354.4', '397.2'],
  ['D168 240/16 .90', 168, 4, 4, 14, 226, 0.9, 0.9, '282.8', '316.1'],
  ['D192 240/20 .85', 192, 4, 4, 13, 145, 0.85, 0.85, '231.0', '254.1'],
  ['D216 240/20 .85', 216, 4, 4, 14, 145, 0.85, 0.85, '276.8', '302.7'],
  ['D192 224/20 .84/.86', 192, 4, 4, 13, 145, 0.84, 0.86, '232.5', '255.9'],
  ['D240 224/22 .74/.86', 240, 4, 4, 14, 122, 0.74, 0.86, '307.5', '332.0'],
  ['D216 240/24 .90', 216, 4, 4, 14, 101, 0.9, 0.9, '248.9', '268.0'],
  ['T-min D168 240/32 .40', 168, 3, 3.5, 12, 65, 0.4, 0.4, '75.8', '80.0'],
  ['S D320 240/20 .85', 320, 5, 4, 13, 145, 0.85, 0.85, '521.2', '559.8'],
  ['S D384 240/16 .85', 384, 6, 4, 14, 226, 0.85, 0.85, '828.0', '899.9'],
  ['DeiT-Small 224/16', 384, 6, 4, 12, 197, 0, 0, '871.5', '945.4'],
] as const;

for (const [name, dim, heads, ratio, depth, tokens, attention, mlp, paper, development] of published) {
  test(`${name}: the models of the paper and of the development repository`, (t) => {
    const rank = (share: number) => (share === 0 ? dim : Math.floor(dim * share));
    const blocks = Array.from({ length: depth }, () => ({ width: 64 * heads, hidden: dim * ratio }));
    const model = mcuformerModel({ tokens, dim, blocks, attentionRank: rank(attention), mlpRank: rank(mlp) });
    t.true(prints(model.paperBytes, paper), `${model.paperBytes}`);
    t.true(prints(model.developmentBytes, development), `${model.developmentBytes}`);
  });
}

test('exact bytes of the development model', (t) => {
  const block = { width: 256, hidden: 864 };
  const model = mcuformerModel({ tokens: 145, dim: 216, blocks: [block], attentionRank: 183, mlpRank: 183 });
  t.is(model.developmentBytes, 309_927);
});

test('legal shares of the public model: .336, .668 and 1.0 of 500 samples were printed', (t) => {
  const space = { dims: [168, 192, 216], mlpRatios: [3.5, 4], depths: [12, 13, 14], heads: [3, 4] };
  const share = (rankRatio: number, tokens: number) =>
    mcuformerLegalShare({ ...space, rankRatio, tokens }, 320 * 1024);
  t.true(Math.abs(share(0.9, 226) - 0.336) < 0.005);
  t.true(Math.abs(share(0.6, 226) - 0.668) < 0.005);
  t.is(share(0.85, 145), 1);
});
