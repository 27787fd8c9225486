/** Instructions of the networks in ../shared/models on virt-m4, against docs/kernel-instructions.json. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { generatedInputs } from '../src/flow/network-inputs.js';
import { onBoard } from '../src/flow/on-board.js';
import { silent } from '../src/flow/progress.js';
import { profile } from '../src/profile/run.js';
import { repositoryRoot } from './host-runner.js';

const models = join(repositoryRoot, '../shared/models');
const recorded: Record<string, number> = JSON.parse(
  readFileSync(join(repositoryRoot, 'docs/kernel-instructions.json'), 'utf8'),
);

/** The network's own code: TensorFlow Lite Micro with the same operators needs 28 to 57 KB. */
const mostTextBytes = 36 * 1024;

if (!existsSync(models)) test.skip('kernel cost: ../shared/models is not here', () => {});

for (const [network, instructions] of existsSync(models) ? Object.entries(recorded) : []) {
  test.serial(`${network} on virt-m4 costs no more than 1 % over the recorded instructions`, async (t) => {
    const request = {
      network: join(models, `${network}.tflite`),
      board: 'virt-m4',
      port: null,
      plan: { objective: 'balanced', input: 'resident', seconds: 0.5 },
    } as const;
    await onBoard(request, silent, async ({ session, network: loaded, planned, image }) => {
      const { total } = await profile(session, loaded, generatedInputs(planned.graph, 1), 1);
      t.log(`${total} instructions, ${instructions} recorded, text ${image.textBytes} bytes`);
      t.true(total <= 1.01 * instructions, `${total} of ${instructions}`);
      t.true(image.textBytes <= mostTextBytes, `${image.textBytes} bytes of text`);
    });
  });
}
