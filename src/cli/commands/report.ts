import type { ReportRequest, ReportResult } from '../../report/write-report.js';
import { defineCommand } from '../command.js';
import { storeOption } from '../options.js';
import { table } from '../text.js';

export const reportCommand = (writeReport: (request: ReportRequest) => Promise<ReportResult>) =>
  defineCommand({
    command: 'report [run]',
    describe: 'Writes the HTML report of a stored run, or lists the runs',
    positionals: { run: { describe: 'id of the run; the newest when left out', type: 'string' } },
    options: {
      ...storeOption,
      out: { describe: 'the HTML file; else one beside the store', type: 'string' },
      list: { describe: 'only list the runs', type: 'boolean', default: false },
    },
    run: ({ run, store, out, list }) => writeReport({ store, run: run ?? null, out: out ?? null, list }),
    print: printReport,
  });

export function printReport({ report, runs }: ReportResult): string {
  if (report !== null) return report;
  if (runs.length === 0) return 'no runs';
  return table(
    ['run', 'when', 'network', 'board', 'reflow'],
    runs.map(({ id, at, network, board, toolVersion }) => [id, at, network, board, toolVersion]),
  );
}
