/** Every command of the program. Adding one: its file here, and its line in this list. */
import { processes } from '../../base/processes.js';
import type { Progress } from '../../flow/progress.js';
import type { Story } from '../../flow/requests.js';
import type { Command } from '../command.js';
import { archCommand } from './arch.js';
import { boardsCommand } from './boards.js';
import { buildCommand } from './build.js';
import { campaignCommand } from './campaign.js';
import { compileCommand } from './compile.js';
import { deployCommand } from './deploy.js';
import { doctorCommand } from './doctor.js';
import { energyCommand } from './energy.js';
import { flashCommand } from './flash.js';
import { inspectCommand } from './inspect.js';
import { planCommand } from './plan.js';
import { profileCommand } from './profile.js';
import { quantizeCommand } from './quantize.js';
import { reportCommand } from './report.js';
import { runCommand } from './run.js';
import { verifyCommand } from './verify.js';
import { virtualCommand } from './virtual.js';

/** A story whose module is loaded when it is first told: serial port and database cost other commands a tenth of a second. */
function later<Request, Result>(load: () => Promise<Story<Request, Result>>): Story<Request, Result> {
  return async (request: Request, progress: Progress) => (await load())(request, progress);
}

const report = () => import('../../report/write-report.js');

export const commands: readonly Command[] = [
  doctorCommand(async ({ port, board }) => {
    const looked =
      port === null ? null : await (await import('../../flow/look-at-port.js')).lookAtPort(port, board);
    return (await import('../../flow/doctor.js')).doctor({
      processes,
      nodeVersion: process.version,
      isRoot: process.getuid?.() === 0,
      ...(looked && { port: looked }),
    });
  }),
  boardsCommand(async (id) => (await import('../../flow/list-boards.js')).listBoards(id)),
  inspectCommand(later(async () => (await import('../../flow/inspect.js')).inspect)),
  archCommand(later(async () => (await import('../../flow/architecture.js')).architecture)),
  quantizeCommand(later(async () => (await import('../../flow/quantize.js')).quantize)),
  planCommand(
    later(async () => (await import('../../flow/plan.js')).plan),
    async (path, plan) => (await report()).writePlanMap(path, plan),
    later(async () => (await import('../../flow/plan-instance.js')).planInstance),
  ),
  compileCommand(later(async () => (await import('../../flow/compile.js')).compile)),
  buildCommand(later(async () => (await import('../../flow/build.js')).build)),
  flashCommand(later(async () => (await import('../../flow/flash.js')).flash)),
  runCommand(later(async () => (await import('../../flow/run.js')).run)),
  verifyCommand(later(async () => (await import('../../flow/verify.js')).verify)),
  profileCommand(
    later(async () => (await import('../../flow/profile.js')).profile),
    later(async () => (await import('../../flow/mlperf.js')).mlperf),
  ),
  deployCommand(
    later(async () => (await import('../../flow/deploy.js')).deploy),
    async (request) => (await report()).writeReport(request),
  ),
  energyCommand(later(async () => (await import('../../flow/energy/energy.js')).energy)),
  campaignCommand(
    later(async () => (await import('../../flow/campaign/campaign.js')).campaign),
    async (result, { store }, path) =>
      (await import('../../report/campaign-html.js')).writeCampaignReport(result, store, path),
  ),
  virtualCommand(later(async () => (await import('../../flow/virtual.js')).virtual)),
  reportCommand(async (request) => (await report()).writeReport(request)),
];
