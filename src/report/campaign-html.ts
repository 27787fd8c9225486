/** A campaign as one HTML page that needs nothing else: its table, and for each board the cost of each network as a bar. */
import { join } from 'node:path';
import { type Files, files } from '../base/files.js';
import type { CampaignResult, CampaignRow } from '../flow/campaign/campaign-result.js';
import { costUnit, costValue } from '../flow/cost.js';
import { escapeHtml, grouped } from './html.js';
import { page } from './report-html.js';
import { folderBeside } from './write-report.js';

/**
 * Writes the report of a campaign; resolves to its path.
 * @param path null: beside the store
 * @throws ReflowError E_FILE, E_DISK_FULL
 */
export async function writeCampaignReport(
  result: CampaignResult,
  store: string,
  path: string | null,
  disk: Files = files,
): Promise<string> {
  const report = path ?? join(folderBeside(store), `campaign-${result.campaign}.html`);
  await disk.write(report, campaignHtml(result));
  return report;
}

export function campaignHtml(result: CampaignResult): string {
  const done = result.table.filter(({ outcome }) => outcome === 'done').length;
  const failed = result.finished - done;
  const boards = [...new Set(result.table.map(({ board }) => board))];
  const sick = result.quarantined
    .map(({ unit, why }) => `<p class="note">In quarantine: ${escapeHtml(unit)}: ${escapeHtml(why)}</p>`)
    .join('\n');
  return page(
    `Campaign ${result.campaign}`,
    `<header><h1>${escapeHtml(result.campaign)} <small>campaign</small></h1>
<div class="chips"><span class="chip ${result.complete ? 'good' : 'bad'}">${result.finished} of ${result.trials} trials ended</span>
<span class="chip good">${done} done</span>${failed === 0 ? '' : `<span class="chip bad">${failed} failed or noisy</span>`}</div></header>
${sick}
${boards
  .map((board) =>
    boardSection(
      board,
      result.table.filter((row) => row.board === board),
    ),
  )
  .join('\n')}`,
  );
}

function boardSection(board: string, rows: readonly CampaignRow[]): string {
  const largest = Math.max(1, ...rows.map(({ result }) => (result === null ? 0 : costValue(result))));
  const first = rows.find(({ result }) => result !== null)?.result ?? null;
  const unit = first === null ? 'cost' : `${costUnit(first)} (${first.source})`;
  const lines = rows.map(({ network, setting, outcome, message, result }) => {
    const name = `<td>${escapeHtml(network)}</td><td>${escapeHtml(setting)}</td>`;
    const words = `<td>${escapeHtml(outcome)}</td>`;
    if (result === null) return `<tr>${name}${words}<td colspan="7">${escapeHtml(message ?? '')}</td></tr>`;
    const cost = costValue(result);
    return (
      `<tr>${name}${words}<td class="n">${grouped(cost, 1)}</td>` +
      `<td class="bar conv"><div style="width:${((100 * cost) / largest).toFixed(2)}%"></div></td>` +
      `<td class="n">${grouped(result.macs)}</td><td class="n">${grouped(result.arenaBytes)}</td>` +
      `<td class="n">${grouped(result.arenaHighWater)}</td><td class="n">${grouped(result.stackBytes)}</td>` +
      `<td class="n">${grouped(result.flashBytes)}</td></tr>`
    );
  });
  return `<h2>${escapeHtml(board)}</h2>
<div class="panel"><table><thead><tr><th>network</th><th>setting</th><th>outcome</th><th class="n">${escapeHtml(unit)}</th><th></th>
<th class="n">MACs</th><th class="n">arena</th><th class="n">touched</th><th class="n">stack</th><th class="n">flash</th></tr></thead>
<tbody>${lines.join('\n')}</tbody></table></div>`;
}
