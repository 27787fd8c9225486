/**
 * A campaign: networks x boards x settings, unattended. Everything that is known lies in the store, so that any number of
 * processes may work on it, on any number of hosts with boards of their own, and each may be killed at any moment: what was
 * finished stays, what was running runs again.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CampaignStore, type TrialRow } from '../../store/campaign-store.js';
import { openStore, type Store } from '../../store/store.js';
import { loadCatalogue } from '../list-boards.js';
import type { Progress } from '../progress.js';
import { type Campaign, readCampaign, settingText } from './campaign-file.js';
import type { CampaignRequest, CampaignResult, CampaignRow, QuarantinedUnit } from './campaign-result.js';
import { outcomes } from './outcome.js';
import { isDead, ownerName, thisHost } from './owner.js';
import type { TrialResult } from './run-trial.js';
import { Shelf } from './shelf.js';
import { type Unit, workOff } from './unit-worker.js';

/** @throws ReflowError E_INPUT for a wrong file, E_STORE when the store does not come back */
export async function campaign(request: CampaignRequest, progress: Progress): Promise<CampaignResult> {
  const work = await readCampaign(request.file, await loadCatalogue());
  const host = request.host ?? thisHost();
  const store = await openStore(request.store);
  try {
    const leaseMs = work.limits.leaseSeconds * 1000;
    const trials = new CampaignStore(store.database, work.name, ownerName(host), leaseMs);
    if (request.action === 'run') {
      await prepare(work, trials, request);
      await progress.stage(`campaign ${work.name}`, (say) =>
        runHere(work, trials, request, host, progress, say),
      );
    }
    return await resultOf(work, trials, store, request);
  } finally {
    await store.close();
  }
}

async function prepare(work: Campaign, store: CampaignStore, request: CampaignRequest): Promise<void> {
  for (const owner of await store.owners()) if (isDead(owner)) await store.bury(owner);
  await store.enroll(work.trials.map(({ id, title, place }) => ({ id, title, place: place.name })));
  if (request.again === 'all') await store.reopen('all');
  if (request.again === 'failed') await store.reopen(outcomes.filter((outcome) => outcome !== 'done'));
}

const folderPrefix = 'reflow-campaign-';

/** A folder for this process's temporary files; those of dead ones go. */
function scratchFolder(owner: string): string {
  for (const name of readdirSync(tmpdir())) {
    const dead =
      name.startsWith(folderPrefix) && isDead(name.slice(folderPrefix.length, -7).replaceAll('~', ':'));
    if (dead) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
  const folder = mkdtempSync(join(tmpdir(), `${folderPrefix}${owner.replaceAll(':', '~')}-`));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Everything that the boards of this host can do. */
async function runHere(
  work: Campaign,
  store: CampaignStore,
  request: CampaignRequest,
  host: string,
  progress: Progress,
  say: (detail: string) => void,
): Promise<void> {
  const folder = scratchFolder(ownerName(host));
  const counted = async () => {
    const ids = new Set(work.trials.map(({ id }) => id));
    const rows = (await store.trials()).filter(({ id }) => ids.has(id));
    return `${rows.filter(({ state }) => state === 'finished').length} of ${rows.length}`;
  };
  const shelf = new Shelf(work, store, folder, request.store, (line) => {
    void counted()
      .catch(() => '?')
      .then((done) => {
        say(`${done}  ${line}`);
        progress.note?.(`${done}  ${line}`);
      });
  });
  shelf.open();
  try {
    const units = await unitsHere(work, host);
    if (request.again !== null) for (const { id } of units) await store.judgeUnit(id, 0, null);
    const ended = await Promise.allSettled(units.map((unit) => workOff(shelf, unit)));
    const failed = ended.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
    await awaitOthers(
      work,
      shelf,
      ended.every((one) => one.status === 'fulfilled' && one.value === null),
    );
  } finally {
    shelf.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Boards that this host can reach. Emulators belong to the process; a port is the same for every process of the host. */
async function unitsHere({ places }: Campaign, host: string): Promise<Unit[]> {
  const units: Unit[] = [];
  for (const place of places) {
    for (const [index, spec] of place.units.entries()) {
      if (spec.host !== undefined && spec.host !== host) continue;
      const port = spec.port === undefined ? null : await realpath(spec.port).catch(() => spec.port);
      const id = port === null ? `${ownerName(host)}/${place.name}/${index}` : `${host}:${port}`;
      units.push({ id, place, spec });
    }
  }
  return units;
}

/** Trials of places that only other hosts have: wait while somebody runs them, so that the table is the whole one. */
async function awaitOthers(work: Campaign, shelf: Shelf, isWell: boolean): Promise<void> {
  const ids = new Set(work.trials.map(({ id }) => id));
  while (isWell) {
    const rows = (await shelf.patiently(() => shelf.store.trials())).filter(({ id }) => ids.has(id));
    if (!rows.some(({ state }) => state === 'running')) return;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

async function resultOf(
  work: Campaign,
  store: CampaignStore,
  { database }: Store,
  request: CampaignRequest,
): Promise<CampaignResult> {
  const rows = new Map((await store.trials()).map((row) => [row.id, row]));
  const table = work.trials.map((trial): CampaignRow => {
    const row: TrialRow | undefined = rows.get(trial.id);
    return {
      network: trial.networkName,
      board: trial.place.name,
      setting: settingText(trial.setting),
      outcome: row?.outcome ?? row?.state ?? 'waiting',
      message: row?.message ?? null,
      result: row?.result ? (JSON.parse(row.result) as TrialResult) : null,
    };
  });
  const finished = work.trials.filter(({ id }) => rows.get(id)?.state === 'finished').length;
  const quarantined = await quarantinedOf(store);
  return {
    campaign: work.name,
    store: database.place,
    action: request.action,
    complete: finished === work.trials.length,
    trials: work.trials.length,
    finished,
    table,
    runs: work.trials.map((trial) => {
      const row = rows.get(trial.id);
      const { unit = null, attempts = 0, run_id: runId = null } = row ?? {};
      return { title: trial.title, unit, attempts, runId };
    }),
    quarantined,
  };
}

/** From the journal: a unit of an emulator has no life beyond its process. */
async function quarantinedOf(store: CampaignStore): Promise<QuarantinedUnit[]> {
  const sick = new Map<string, QuarantinedUnit>();
  for (const { unit, event, detail } of await store.journal()) {
    if (unit === null) continue;
    if (event === 'quarantined') sick.set(unit, { unit, why: detail ?? '' });
    if (event === 'finished') sick.delete(unit);
  }
  return [...sick.values()];
}
