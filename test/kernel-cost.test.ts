/**
 * Instructions of the networks in ../shared/models on virt-m4, against docs/kernel-instructions.json, and their modelled time on an
 * STM32L4R5.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { loadCatalogue } from '../src/flow/list-boards.js';
import { modelTime, timedBoard } from '../src/flow/model-time.js';
import { modelledText } from '../src/flow/modelled-text.js';
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

/** What a kernel must not lose on cycles while it wins on instructions. */
const mostModelledMs: Readonly<Record<string, number>> = { kws: 56, vww96: 152, ic: 222, ad: 6.2 };
const catalogue = await loadCatalogue();
const chip = timedBoard(catalogue, 'nucleo-l4r5zi');

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
      const inputs = generatedInputs(planned.graph, 1);
      const { total } = await profile(session, loaded, inputs, 1);
      t.log(`${total} instructions, ${instructions} recorded, text ${image.textBytes} bytes`);
      t.true(total <= 1.01 * instructions, `${total} of ${instructions}`);
      t.true(image.textBytes <= mostTextBytes, `${image.textBytes} bytes of text`);
      const { time } = await modelTime(planned, image, chip, catalogue, inputs);
      t.log(modelledText(time));
      t.true(time.ms <= (mostModelledMs[network] ?? Number.POSITIVE_INFINITY), `modelled ${time.ms} ms`);
    });
  });
}

const recordedOnM55: Record<string, number> = JSON.parse(
  readFileSync(join(repositoryRoot, 'docs/kernel-instructions-m55.json'), 'utf8'),
);

for (const [network, instructions] of existsSync(models) ? Object.entries(recordedOnM55) : []) {
  test.serial(`${network} on virt-m55 costs no more than 1 % over the recorded instructions`, async (t) => {
    const request = {
      network: join(models, `${network}.tflite`),
      board: 'virt-m55',
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
