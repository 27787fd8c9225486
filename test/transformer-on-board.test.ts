/** A vision transformer on an emulated Cortex-M7: streamed image, DSP kernels, every block against the host's reference kernels. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { profile } from '../src/flow/profile.js';
import { silent } from '../src/flow/progress.js';
import { planDefaults } from '../src/flow/requests.js';
import { verify } from '../src/flow/verify.js';

/** Shares of DeiT-Tiny's blocks in a network that takes a second: three heads, 65 tokens. */
const document = {
  architecture: 'vision-transformer',
  ...{ image: 64, patch: 8, dim: 96, heads: 3, headDim: 32, depth: 3, classes: 20 },
};

for (const attention of ['exact', 'kv-free'] as const) {
  test(`a transformer on virt-m7, attention ${attention}: equal to the host bit for bit`, async (t) => {
    t.timeout(300_000);
    const folder = mkdtempSync(join(tmpdir(), 'reflow-transformer-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const network = join(folder, 'vit.json');
    writeFileSync(network, JSON.stringify(document));
    const plan = { ...planDefaults, objective: 'ram', input: 'streamed', attention } as const;
    const request = { network, board: 'virt-m7', port: null, plan };
    const compared = await verify({ ...request, golden: null, project: null }, silent);
    t.true(compared.equal, JSON.stringify(compared.firstDivergent));
    const store = join(folder, 'store.db');
    const asked = { ...request, runs: 1, energy: null, windowSeconds: 1, modelled: false, store };
    const cost = await profile(asked, silent);
    t.true(cost.arenaHighWater <= cost.arenaBytes && cost.arenaHighWater > cost.arenaBytes - 16);
    const perMac = cost.total / cost.macs;
    t.log(`${cost.arenaBytes} bytes of arena, ${perMac.toFixed(2)} instructions per MAC`);
    // Without keys and values there are reference kernels only.
    if (attention === 'exact') t.true(perMac <= 1.6, `${perMac}`);
  });
}
