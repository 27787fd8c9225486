/** A run, or a plan alone, as one HTML page that needs nothing else: no network, no scripts, light and dark. */

import { costUnit } from '../flow/cost.js';
import { modelledText } from '../flow/modelled-text.js';
import type { PlanResult, ProfileResult, VerifyResult } from '../flow/results.js';
import { colourClasses } from './colours.js';
import { escapeHtml, grouped, labelText } from './html.js';
import { memoryMap } from './memory-map.js';
import { opTable } from './op-table.js';
import type { ReportData } from './report-data.js';
import { style } from './style.js';

/** The report of a run: figures, memory map, operators, comparison, provenance. */
export function reportHtml({ run, plan, profile, verify }: ReportData): string {
  const colours = colourClasses(plan.steps.map((step) => step.label));
  return page(
    `${run.network} on ${run.board}`,
    `<header><h1>${escapeHtml(run.network)} <small>on ${escapeHtml(run.board)}</small></h1>
${chips(profile, verify)}</header>
${cards(plan, profile)}
${mapSection(plan, colours)}
<h2>Operators</h2><p class="note">${escapeHtml(sourceNote(profile))}</p>
<div class="panel">${opTable(profile, colours)}</div>
${verify === null ? '' : comparison(verify)}
${provenance(run, profile)}
<footer>reflow ${escapeHtml(run.toolVersion)} · run ${escapeHtml(run.id)} · ${escapeHtml(run.at)}</footer>`,
  );
}

/** The memory map of a plan that has not run. */
export function planHtml(plan: PlanResult): string {
  const colours = colourClasses(plan.steps.map((step) => step.label));
  return page(
    `Plan of ${plan.network} for ${plan.board}`,
    `<header><h1>${escapeHtml(plan.network)} <small>planned for ${escapeHtml(plan.board)}</small></h1>
<div class="chips"><span class="chip ${plan.fits ? 'good' : 'bad'}">${plan.fits ? 'fits' : 'does not fit'}</span>
<span class="chip">objective ${plan.objective}</span><span class="chip">input ${plan.input}</span></div></header>
<dl class="cards">${planCards(plan).join('')}</dl>
${mapSection(plan, colours)}`,
  );
}

/** The frame of every page. */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(title)}</title><style>${style}</style></head>
<body><main>
${body}
</main></body></html>
`;
}

function chips(profile: ProfileResult, verify: VerifyResult | null): string {
  const verdict =
    verify === null
      ? '<span class="chip">not compared</span>'
      : verify.equal
        ? '<span class="chip good">bit-exact</span>'
        : '<span class="chip bad">differs from the reference</span>';
  const clock =
    profile.clockHz === null ? 'no clock (emulated or host)' : `${grouped(profile.clockHz / 1e6, 3)} MHz`;
  const runs = `${profile.runs} run${profile.runs === 1 ? '' : 's'}`;
  const facts = [`${costUnit(profile)}, ${profile.source}`, clock, runs].map(
    (text) => `<span class="chip">${escapeHtml(text)}</span>`,
  );
  return `<div class="chips">${verdict}${facts.join('')}</div>`;
}

function card(name: string, value: string, unit: string, note: string): string {
  return (
    `<div class="card"><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)} <small>${escapeHtml(unit)}</small></dd>` +
    `<p>${escapeHtml(note)}</p></div>`
  );
}

function planCards(plan: PlanResult): string[] {
  const gap = plan.arenaBytes - plan.lowerBoundBytes;
  const proof = plan.provenOptimal
    ? 'proven optimal in its family'
    : gap === 0
      ? 'at the lower bound'
      : `${grouped(gap)} above the lower bound`;
  const extra = plan.extraMacs > 0 ? `${grouped(plan.extraMacs)} of them recomputed` : 'none recomputed';
  return [
    card('arena', grouped(plan.arenaBytes), 'bytes', proof),
    card('flash', grouped(plan.flashBytes), 'bytes', 'code, constants and weights'),
    card('work', grouped(plan.macs + plan.extraMacs), 'MACs', extra),
  ];
}

function cards(plan: PlanResult, profile: ProfileResult): string {
  const unit = costUnit(profile);
  const perMac = profile.macs === 0 ? '' : `${(profile.total / profile.macs).toFixed(2)} per MAC`;
  const highWater =
    profile.arenaHighWater <= plan.arenaBytes ? 'within the plan' : 'ABOVE the plan; please report this';
  const { energy } = profile;
  return `<dl class="cards">${[
    card('inference', grouped(profile.total, unit === 'us' ? 1 : 0), unit, perMac),
    ...planCards(plan),
    card('arena touched', grouped(profile.arenaHighWater), 'bytes', highWater),
    card('stack', grouped(profile.stackBytes), 'bytes', 'apart from the arena'),
    ...(energy === null
      ? []
      : [card('energy', grouped(energy.uJ, 1), 'uJ', `per inference, ${energy.source}`)]),
  ].join('')}</dl>`;
}

function mapSection(plan: PlanResult, colours: ReadonlyMap<string, string>): string {
  const legend = [...colours].map(
    ([label, colour]) => `<span><span class="dot ${colour}"></span>${escapeHtml(labelText(label))}</span>`,
  );
  const input = '<span><span class="dot input"></span>network input</span>';
  return `<h2>Memory over time</h2>
<p class="note">Each box is a buffer of the arena: as wide as it lives, as high as it is large, coloured by the operator that
writes it. Hatched boxes are scratch. Sought among: ${escapeHtml(plan.family)}.</p>
<div class="panel">${memoryMap(plan, colours)}<div class="legend">${input}${legend.join('')}</div></div>
${memoryTable(plan)}`;
}

function memoryTable({ regions }: PlanResult): string {
  if (regions.length === 0) return '';
  const rows = regions.map(({ name, kind, bytes, used, arenaBytes, lowerBoundBytes, weightBytes }) => {
    const cells = [bytes, used, arenaBytes, lowerBoundBytes, weightBytes];
    return (
      `<tr><td>${escapeHtml(name)}</td><td>${escapeHtml(kind)}</td>` +
      `${cells.map((cell) => `<td class="n">${grouped(cell)}</td>`).join('')}</tr>`
    );
  });
  const heads = ['bytes', 'used', 'arena', 'its bound', 'weights'].map(
    (head) => `<th class="n">${head}</th>`,
  );
  return `<div class="panel"><table><thead><tr><th>memory</th><th>kind</th>${heads.join('')}</tr></thead>
<tbody>${rows.join('')}</tbody></table></div>`;
}

function sourceNote(profile: ProfileResult): string {
  const unit = costUnit(profile);
  if (unit === 'instructions') {
    return 'Instructions that an emulator counted. They are not cycles: no wait states, no dual issue, no cache.';
  }
  const { modelled } = profile;
  if (modelled) return `${modelledText(modelled)}. Not included: ${modelled.notIncluded.join(', ')}.`;
  if (unit === 'cycles') return `Cycles of the board's own counter, ${profile.source}.`;
  return `Wall-clock microseconds of this computer, ${profile.source}; they say nothing about a microcontroller.`;
}

function comparison(verify: VerifyResult): string {
  const rows = verify.outputs.map(
    ({ name, maxAbsDiff, rmse, cosine }) =>
      `<tr><td>${escapeHtml(name)}</td><td class="n">${grouped(maxAbsDiff, 6)}</td><td class="n">${grouped(rmse, 6)}</td>` +
      `<td class="n">${cosine === null ? '–' : cosine.toFixed(6)}</td></tr>`,
  );
  const first = verify.firstDivergent;
  const verdict = verify.equal
    ? `All ${grouped(verify.layersCompared)} layers and every output equal ${verify.reference}, bit for bit.`
    : first === null
      ? `An output differs from ${verify.reference}.`
      : `The first difference from ${verify.reference} is at operator ${first.index} ${first.label}, tensor ${first.name}: ` +
        `${grouped(first.differing)} of ${grouped(first.elements)} elements, by up to ${grouped(first.maxAbsDiff, 6)}.`;
  return `<h2>Comparison with the host</h2><p class="note">${escapeHtml(verdict)}</p>
<div class="panel"><table><thead><tr><th>output</th><th class="n">largest difference</th><th class="n">rmse</th>
<th class="n">cosine</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

function provenance(run: ReportData['run'], profile: ProfileResult): string {
  const facts: [string, string | null][] = [
    ['counter', `${costUnit(profile)} (${profile.source})`],
    ['model', run.modelHash],
    ['plan', run.planHash],
    ['image', run.imageHash],
  ];
  const rows = facts.map(
    ([name, value]) => `<tr><td>${name}</td><td><code>${escapeHtml(value ?? 'none')}</code></td></tr>`,
  );
  return `<h2>Where these numbers come from</h2><div class="panel"><table class="facts"><tbody>${rows.join('')}</tbody></table></div>`;
}
