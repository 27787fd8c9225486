/** A kernel broken on purpose, in the project's own copy of it: `reflow verify --project` names the first operator that it spoils. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { compile } from '../src/flow/compile.js';
import { silent } from '../src/flow/progress.js';
import { planDefaults } from '../src/flow/requests.js';
import type { VerifyResult } from '../src/flow/results.js';
import { reflow } from './reflow-process.js';
import { root } from './repository.js';

interface Break {
  /** File of the project's rf/ops. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Kind of the operators that are spoilt. */
  readonly kind: string;
  /** A board whose project holds this kernel. */
  readonly board: string;
}

const breaks: readonly Break[] = [
  {
    file: 'depthwise_conv2d.c',
    from: 'rf_add(rf_scale(acc, p->multipliers[oc], p->shifts[oc]), p->out_zero)',
    to: 'rf_add(rf_scale(acc + 1000, p->multipliers[oc], p->shifts[oc]), p->out_zero)',
    kind: 'depthwise_conv2d',
    board: 'virt-pi',
  },
  {
    file: 'conv2d.c',
    from: 'acc = rf_add(acc, (pixel[ic] - p->in_zero) * w[ic]);',
    to: 'acc = rf_add(acc, pixel[ic] * w[ic]);',
    kind: 'conv2d',
    board: 'virt-pi',
  },
  {
    file: 'global_pool.c',
    from: 'sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count',
    to: 'sum / count - 3',
    kind: 'average_pool2d',
    board: 'virt-pi',
  },
  {
    file: 'global_pool_dsp.c',
    from: 'rf_clamp((sums[c] + half) / count, p->act_min, p->act_max)',
    to: 'rf_clamp((sums[c] + half) / count - 3, p->act_min, p->act_max)',
    kind: 'average_pool2d',
    board: 'virt-m4',
  },
  {
    file: 'add_dsp.c',
    from: 'out[i + 1] = sum(&q, byte_of(a, 1), byte_of(b, 1), half, sign);',
    to: 'out[i + 1] = sum(&q, byte_of(a, 1), byte_of(b, 2), half, sign);',
    kind: 'add',
    board: 'virt-m4',
  },
];

const network = join(root, 'networks/digits.tflite');

for (const { file, from, to, kind, board } of breaks) {
  test.serial(`verify finds a broken ${file}`, async (t) => {
    t.timeout(120_000);
    const folder = mkdtempSync(join(tmpdir(), 'reflow-broken-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const out = join(folder, 'project');
    await compile({ network, board, out, ...planDefaults }, silent);
    const kernel = join(out, 'rf/ops', file);
    const source = readFileSync(kernel, 'utf8');
    t.is(source.split(from).length, 2, `${from} stands once in ${file}`);
    writeFileSync(kernel, source.replace(from, to));

    const argv = ['verify', network, '--board', board, '--project', out, '--json'];
    const { status, out: printed, err } = await reflow(argv, { cwd: folder });
    t.is(status, 1, err);
    const { firstDivergent, equal } = JSON.parse(printed) as VerifyResult;
    t.false(equal);
    const { ops } = JSON.parse((await reflow(['inspect', network, '--json'])).out);
    const first = ops.find((op: { kind: string }) => op.kind === kind);
    t.is(firstDivergent?.kind, kind);
    t.is(firstDivergent?.index, first.index);
    t.true(firstDivergent!.differing > 0 && firstDivergent!.maxAbsDiff > 0);
    t.regex(err, new RegExp(`E_MISMATCH: .* first at operator ${first.index} `));
  });
}
