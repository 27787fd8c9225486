/** Reports from the store: a list of the runs, or one run as an HTML file. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ReflowError } from '../base/error.js';
import { type Files, files } from '../base/files.js';
import type { PlanResult } from '../flow/results.js';
import { isPostgres } from '../store/database.js';
import { defaultStorePath } from '../store/default-path.js';
import type { StoredRun } from '../store/measurement.js';
import { openStore, type Store } from '../store/store.js';
import { reportData } from './report-data.js';
import { planHtml, reportHtml } from './report-html.js';

export interface ReportRequest {
  /** Path of the measurement store. */
  readonly store: string;
  /** Id of a run; null is the newest. */
  readonly run: string | null;
  /** The file to write; null puts it beside the store. */
  readonly out: string | null;
  /** Only list the runs. */
  readonly list: boolean;
}

export interface ReportResult {
  /** Path of the file that was written; null for a list. */
  readonly report: string | null;
  readonly runs: readonly Omit<StoredRun, 'document'>[];
}

/** @throws ReflowError E_STORE: no store, no such run, a damaged one; E_FILE, E_DISK_FULL when the page cannot be written */
export async function writeReport(request: ReportRequest, disk: Files = files): Promise<ReportResult> {
  if (!isPostgres(request.store) && !existsSync(request.store))
    throw nothingYet(`there is no measurement store ${request.store}`);
  const store = await openStore(request.store);
  try {
    if (request.list) return { report: null, runs: (await store.listRuns()).map(withoutDocument) };
    const run = await findRun(store, request);
    const report = request.out ?? join(folderBeside(request.store), `report-${run.id}.html`);
    await disk.write(report, reportHtml(reportData(run)));
    return { report, runs: [withoutDocument(run)] };
  } finally {
    await store.close();
  }
}

/** Draws the memory map of a plan that has not run. @throws ReflowError E_FILE, E_DISK_FULL */
export async function writePlanMap(path: string, plan: PlanResult, disk: Files = files): Promise<void> {
  await disk.write(path, planHtml(plan));
}

/** Reports lie beside the store's file, or where that would be. */
export function folderBeside(store: string): string {
  return dirname(isPostgres(store) ? defaultStorePath : store);
}

async function findRun(store: Store, request: ReportRequest): Promise<StoredRun> {
  if (request.run !== null) {
    const found = await store.readRun(request.run);
    if (found) return found.run;
    throw new ReflowError(
      'E_STORE',
      `there is no run ${request.run} in ${request.store}`,
      'see reflow report --list',
    );
  }
  const [newest] = await store.listRuns({ limit: 1 });
  if (newest) return newest;
  throw nothingYet(`${request.store} holds no runs`);
}

function withoutDocument({ document: _document, ...run }: StoredRun): Omit<StoredRun, 'document'> {
  return run;
}

function nothingYet(what: string): ReflowError {
  return new ReflowError('E_STORE', what, 'profile or deploy a network first');
}
