/** Text for people: numbers, sizes and aligned tables. */

/** A number with commas between thousands: 7,696,906; at most `decimals` places. */
export function grouped(value: number, decimals = 0): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: decimals });
}

/** A share as a percentage: 12.3 %. */
export function percent(part: number, whole: number): string {
  return `${(whole === 0 ? 0 : (100 * part) / whole).toFixed(1)} %`;
}

export type Cell = string | number | null;

/**
 * Rows under a head, two blanks between columns. A column of numbers (also as text, as percentages, with dashes for null)
 * is aligned to the right with its head, any other to the left.
 */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const text = (cell: Cell) => (cell === null ? '-' : typeof cell === 'number' ? grouped(cell, 3) : cell);
  const numeric = (cell: Cell) => typeof cell !== 'string' || /^-?[\d,]+(\.\d+)?( %)?$/.test(cell);
  const right = head.map((_, i) => rows.length > 0 && rows.every((row) => numeric(row[i] ?? null)));
  const lines = [head, ...rows.map((row) => row.map(text))];
  const widths = head.map((_, i) => Math.max(...lines.map((line) => (line[i] ?? '').length)));
  return lines
    .map((line) =>
      line
        .map((cell, i) => (right[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Names and values in two columns; pairs whose value is null are left out. */
export function pairs(entries: readonly (readonly [string, string | null])[]): string {
  const shown = entries.filter((entry): entry is readonly [string, string] => entry[1] !== null);
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

/** A shape: 1x49x10x1. */
export function shapeText(shape: readonly number[]): string {
  return shape.length === 0 ? 'scalar' : shape.join('x');
}

/** Paragraphs with an empty line between them; empty ones are left out. */
export function paragraphs(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}
