/** The table of operators: what each computes and what it costs. */
import { costUnit, costValue } from '../flow/cost.js';
import type { ProfileResult } from '../flow/results.js';
import { escapeHtml, grouped, labelText, shapeHtml } from './html.js';

/** One row per operator in the order of execution, with its share of the total as a bar, and the totals. */
export function opTable(profile: ProfileResult, colours: ReadonlyMap<string, string>): string {
  const unit = costUnit(profile);
  const places = unit === 'us' ? 1 : 0;
  const largest = Math.max(1, ...profile.perOp.map(costValue));
  const perMac = (cost: number, macs: number) => (macs === 0 ? '–' : (cost / macs).toFixed(2));
  const rows = profile.perOp.map((op) => {
    const cost = costValue(op);
    const share = profile.total === 0 ? 0 : (100 * cost) / profile.total;
    const colour = colours.get(op.label) ?? 'input';
    return (
      `<tr><td class="n">${op.index}</td><td><span class="dot ${colour}"></span>${escapeHtml(labelText(op.label))}</td>` +
      `<td>${shapeHtml(op.outputShape)}</td><td class="n">${grouped(op.macs)}</td><td class="n">${grouped(cost, places)}</td>` +
      `<td class="bar ${colour}"><div style="width:${((100 * cost) / largest).toFixed(2)}%"></div></td>` +
      `<td class="n">${share.toFixed(1)} %</td><td class="n">${perMac(cost, op.macs)}</td></tr>`
    );
  });
  return `<table><thead><tr><th class="n">#</th><th>operator</th><th>output</th><th class="n">MACs</th>
<th class="n">${unit}</th><th>share of ${unit}</th><th></th><th class="n">per MAC</th></tr></thead>
<tbody>${rows.join('\n')}</tbody>
<tfoot><tr><td></td><td>whole network</td><td></td><td class="n">${grouped(profile.macs)}</td>
<td class="n">${grouped(profile.total, places)}</td><td></td><td></td><td class="n">${perMac(profile.total, profile.macs)}</td></tr></tfoot></table>`;
}
