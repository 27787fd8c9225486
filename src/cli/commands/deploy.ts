import type { Deploy } from '../../flow/requests.js';
import type { DeployResult } from '../../flow/results.js';
import type { ReportRequest, ReportResult } from '../../report/write-report.js';
import { defineCommand } from '../command.js';
import {
  boardRequest,
  boardRequestOptions,
  inputOption,
  networkPositional,
  storeOption,
} from '../options.js';
import { grouped, pairs, paragraphs } from '../text.js';
import { planComplaint } from './plan.js';
import { printProfile } from './profile.js';
import { printRun } from './run.js';
import { printVerify, verifyComplaint } from './verify.js';

/** What the story returns, and the path of the HTML report. */
export type Deployed = DeployResult & { readonly report: string | null };

export const deployCommand = (
  deploy: Deploy,
  writeReport: (request: ReportRequest) => Promise<ReportResult>,
) =>
  defineCommand({
    command: 'deploy <network>',
    describe: 'Compile, build, flash, verify and profile in one go',
    positionals: networkPositional,
    options: { ...boardRequestOptions, ...storeOption, ...inputOption },
    run: async ({ store, input, ...args }, progress): Promise<Deployed> => {
      const inputs = (input ?? []).map(String);
      const result = await deploy({ ...boardRequest(args), store, inputs }, progress);
      const { report } = await writeReport({ store, run: result.profile.runId, out: null, list: false });
      return { ...result, report };
    },
    print: printDeploy,
    complaint: ({ plan, verify }) => planComplaint(plan) ?? verifyComplaint(verify),
  });

export function printDeploy(result: Deployed): string {
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
