/**
 * The memory map over time as SVG: x the execution steps, y the bytes of the arena, one rectangle per buffer, scratch
 * hatched, the arena's size and its lower bound as lines. One drawing per memory that holds buffers.
 */
import type { BufferInfo, PlanResult } from '../flow/results.js';
import { escapeHtml, grouped, labelText } from './html.js';

const width = 1056;
const plot = { left: 66, right: 14, top: 22, height: 340, labels: 104 };

interface Scales {
  readonly x: (step: number) => number;
  readonly y: (byte: number) => number;
  readonly top: number;
}

/** The drawings of all memories, each with a heading when there are several. */
export function memoryMap(plan: PlanResult, colours: ReadonlyMap<string, string>): string {
  const regions = [...new Set(plan.buffers.map((buffer) => buffer.region))];
  return regions
    .map((region) => {
      const buffers = plan.buffers.filter((buffer) => buffer.region === region);
      const heading = regions.length > 1 ? `<h3>${escapeHtml(region)}</h3>` : '';
      const own = plan.regions.find(({ name }) => name === region);
      const part =
        regions.length > 1 ? { arena: own?.arenaBytes ?? 0, bound: own?.lowerBoundBytes ?? 0 } : null;
      const whole = { arena: plan.arenaBytes, bound: plan.lowerBoundBytes };
      return heading + drawing(plan, buffers, part ?? whole, colours);
    })
    .join('\n');
}

/** Of the arena, or of its part in one memory: bytes, and that no layout can have less. */
interface Sizes {
  readonly arena: number;
  readonly bound: number;
}

function drawing(
  plan: PlanResult,
  buffers: readonly BufferInfo[],
  { arena, bound }: Sizes,
  colours: ReadonlyMap<string, string>,
): string {
  const used = Math.max(...buffers.map((buffer) => buffer.offset + buffer.bytes));
  const scales = scalesFor(plan.steps.length, Math.max(arena, used, bound));
  const height = plot.top + plot.height + plot.labels;
  const label = `Memory map: ${plan.steps.length} steps, ${grouped(arena)} bytes`;
  return [
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(label)}">`,
    hatch,
    byteAxis(scales),
    stepAxis(plan, scales),
    ...buffers.map((buffer) => rectangle(plan, buffer, scales, colours)),
    ...lines({ arena, bound }, scales),
    '</svg>',
  ].join('\n');
}

const hatch =
  '<defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">' +
  '<rect width="7" height="7" fill="var(--card)"/><line x1="0" y1="0" x2="0" y2="7" stroke="var(--soft)" ' +
  'stroke-width="2.4"/></pattern></defs>';

function scalesFor(steps: number, bytes: number): Scales {
  const top = bytes * 1.06;
  const stepWidth = (width - plot.left - plot.right) / Math.max(1, steps);
  return {
    x: (step) => plot.left + step * stepWidth,
    y: (byte) => plot.top + plot.height * (1 - byte / top),
    top,
  };
}

/** Steps of 1, 2, 2.5 or 5 times a power of ten, about five of them. */
function niceStep(top: number): number {
  const raw = top / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const factor = [1, 2, 2.5, 5, 10].find((candidate) => candidate * power >= raw) ?? 10;
  return Math.max(1, factor * power);
}

function byteAxis({ y, top }: Scales): string {
  const step = niceStep(top);
  const parts: string[] = [];
  for (let byte = 0; byte <= top; byte += step) {
    const at = y(byte).toFixed(1);
    parts.push(
      `<line class="grid" x1="${plot.left}" x2="${width - plot.right}" y1="${at}" y2="${at}"/>`,
      `<text x="${plot.left - 8}" y="${at}" text-anchor="end" dominant-baseline="middle">${grouped(byte)}</text>`,
    );
  }
  parts.push(`<text x="${plot.left - 8}" y="10" text-anchor="end">bytes</text>`);
  return parts.join('');
}

/** Operator names below the steps, turned; thinned out where they would touch. */
function stepAxis(plan: PlanResult, { x, y }: Scales): string {
  const stepWidth = x(1) - x(0);
  const every = Math.max(1, Math.ceil(14 / stepWidth));
  const base = y(0) + 14;
  return plan.steps
    .map(({ op, label }, i) => {
      const grid = `<line class="grid" x1="${x(i).toFixed(1)}" x2="${x(i).toFixed(1)}" y1="${y(0)}" y2="${y(0) + 5}"/>`;
      if (i % every !== 0) return grid;
      const at = (x(i) + stepWidth / 2 + 4).toFixed(1);
      const words = escapeHtml(`${op} ${shortLabel(label)}`);
      return `${grid}<text text-anchor="end" transform="translate(${at} ${base}) rotate(-42)">${words}</text>`;
    })
    .join('');
}

function shortLabel(label: string): string {
  const words = labelText(label)
    .replace('depthwise', 'dw')
    .replace('fully connected', 'fc')
    .replace('average', 'avg');
  return words.length > 16 ? `${words.slice(0, 15)}…` : words;
}

function rectangle(
  plan: PlanResult,
  buffer: BufferInfo,
  { x, y }: Scales,
  colours: ReadonlyMap<string, string>,
): string {
  const { tensor, name, offset, bytes, first, last, producer } = buffer;
  const left = x(first) + 1;
  const wide = x(last) - x(first) - 2;
  const high = y(offset) - y(offset + bytes);
  const scratch = tensor === null;
  const maker = producer === null ? undefined : plan.steps[producer]?.label;
  const colour = maker === undefined ? 'input' : (colours.get(maker) ?? 'input');
  const what = scratch ? `scratch of ${name}` : `${name}${producer === null ? ' (network input)' : ''}`;
  const tip = `${what}\n${grouped(bytes)} bytes at ${grouped(offset)}\nsteps ${first} to ${last - 1}`;
  const text = escapeHtml(fitted([scratch ? 'scratch' : grouped(bytes)], wide, high));
  const fill = scratch ? ' style="fill:url(#hatch)"' : '';
  const words = text
    ? `<text x="${(left + wide / 2).toFixed(1)}" y="${(y(offset + bytes) + high / 2).toFixed(1)}" ` +
      `text-anchor="middle" dominant-baseline="central"${scratch ? ' class="halo"' : ''}>${text}</text>`
    : '';
  return (
    `<g class="buffer ${colour}"><title>${escapeHtml(tip)}</title><rect x="${left.toFixed(1)}" ` +
    `y="${y(offset + bytes).toFixed(1)}" width="${wide.toFixed(1)}" height="${Math.max(1, high).toFixed(1)}" rx="2"${fill}/>${words}</g>`
  );
}

/** The first of the texts that fits into a box of this size, at about 7 units a letter; empty when none does. */
function fitted(texts: readonly string[], wide: number, high: number): string {
  return high < 15 ? '' : (texts.find((text) => text.length * 7 <= wide) ?? '');
}

function lines({ arena, bound }: Sizes, { y }: Scales): string[] {
  const line = (kind: string, byte: number, text: string, above: boolean) => {
    const at = y(byte);
    return (
      `<line class="${kind}" x1="${plot.left}" x2="${width - plot.right}" y1="${at.toFixed(1)}" y2="${at.toFixed(1)}"/>` +
      `<text class="${kind}-text halo" x="${width - plot.right - 4}" y="${(at + (above ? -6 : 15)).toFixed(1)}" ` +
      `text-anchor="end">${escapeHtml(text)}</text>`
    );
  };
  const top = line('top', arena, `arena ${grouped(arena)}`, true);
  if (bound === arena) {
    return [line('bound', arena, `arena ${grouped(arena)} = lower bound`, true)];
  }
  return [top, line('bound', bound, `lower bound ${grouped(bound)}`, false)];
}
