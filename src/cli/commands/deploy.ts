import type { Deploy } from '../../flow/requests.js';
import type { DeployResult } from '../../flow/results.js';
import { defineCommand } from '../command.js';
import { boardOption, inputOption, networkPositional, portOption, storeOption } from '../options.js';
import { grouped, pairs, paragraphs } from '../text.js';
import { planComplaint } from './plan.js';
import { printProfile } from './profile.js';
import { printRun } from './run.js';
import { printVerify, verifyComplaint } from './verify.js';

export const deployCommand = (deploy: Deploy) =>
  defineCommand({
    command: 'deploy <network>',
    describe: 'Compile, build, flash, verify and profile in one go',
    positionals: networkPositional,
    options: { ...boardOption, ...portOption, ...storeOption, ...inputOption },
    run: ({ network, board, port, store, input }, progress) =>
      deploy({ network, board, port: port ?? null, store, inputs: (input ?? []).map(String) }, progress),
    print: printDeploy,
    complaint: ({ plan, verify }) => planComplaint(plan) ?? verifyComplaint(verify),
  });

export function printDeploy(result: DeployResult): string {
  const { plan, build, flash, stages } = result;
  return paragraphs(
    printRun(result.run),
    printVerify(result.verify),
    printProfile(result.profile),
    pairs([
      ['arena', `${grouped(plan.arenaBytes)} bytes, bound ${grouped(plan.lowerBoundBytes)}`],
      ['flash', `${grouped(build.flashBytes)} bytes`],
      ['image', build.bin ?? build.elf],
      [
        'flashed',
        flash === null ? null : `${grouped(flash.bytesWritten)} bytes in ${flash.seconds.toFixed(2)} s`,
      ],
      ['seconds', stages.map(({ name, seconds }) => `${name} ${seconds.toFixed(2)}`).join(', ')],
      ['report', result.report],
    ]),
  );
}
