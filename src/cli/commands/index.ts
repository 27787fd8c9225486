/** Every command of the program. Adding one: its file here, and its line in this list. */
import { processes } from '../../base/processes.js';
import { doctor } from '../../flow/doctor.js';
import { listBoards } from '../../flow/list-boards.js';
import type { Command } from '../command.js';
import { boardsCommand } from './boards.js';
import { doctorCommand } from './doctor.js';
import { reportCommand } from './report.js';

export const commands: readonly Command[] = [
  doctorCommand(() => doctor({ processes, nodeVersion: process.version, isRoot: process.getuid?.() === 0 })),
  boardsCommand(listBoards),
  // Loaded when needed: the database costs every other command a tenth of a second.
  reportCommand(async (request) => (await import('../../report/write-report.js')).writeReport(request)),
];
