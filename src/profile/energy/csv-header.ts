/** Finds out from its header line what the columns of a power log are. */

export interface CsvColumns {
  readonly source: 'joulescope-csv' | 'otii-csv' | 'power-csv';
  readonly separator: string;
  readonly timeIndex: number;
  readonly powerIndex: number | null;
  readonly powerScale: number;
  readonly energyIndex: number | null;
  readonly energyScale: number;
  readonly currentIndex: number | null;
  readonly currentScale: number;
  readonly voltageIndex: number | null;
  readonly voltageScale: number;
  readonly markerIndex: number | null;
  /** A cell as a number; NaN when it is none. */
  readonly number: (cell: string) => number;
  /** A time cell in seconds; NaN when it is none. */
  readonly time: (cell: string) => number;
}

/** What the unit in `name (unit)` or `name_unit` multiplies by to give s, W, J, A, V. */
const units: Record<string, number> = {
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  µs: 1e-6,
  ns: 1e-9,
  w: 1,
  mw: 1e-3,
  uw: 1e-6,
  µw: 1e-6,
  nw: 1e-9,
  j: 1,
  mj: 1e-3,
  uj: 1e-6,
  µj: 1e-6,
  wh: 3600,
  mwh: 3.6,
  uwh: 3.6e-3,
  a: 1,
  ma: 1e-3,
  ua: 1e-6,
  µa: 1e-6,
  na: 1e-9,
  v: 1,
  mv: 1e-3,
};

interface Column {
  readonly name: string;
  readonly scale: number;
}

/** Null when the line is no header with a time and something that gives power or energy. */
export function findColumns(line: string, options: { volts?: number; marker?: string }): CsvColumns | null {
  const separator = [';', '\t', ','].find((candidate) => line.includes(candidate));
  if (!separator) return null;
  const columns = splitRow(line, separator).map(readColumn);
  const find = (pattern: RegExp) => {
    const index = columns.findIndex((column) => pattern.test(column.name));
    return index < 0 ? null : index;
  };
  const scale = (index: number | null) => (index === null ? 1 : columns[index]!.scale);
  const relative = find(/^(?:relative )?time$|^timestamp$|^t$|^elapsed/);
  const timeIndex = relative ?? find(/time/);
  if (timeIndex === null) return null;
  const currentIndex = find(/\bcurrent$|^i$/);
  const voltageIndex = find(/\bvoltage$|^v$/);
  const powerIndex = find(/\bpower$|^p$/);
  const fromCurrent = currentIndex !== null && (voltageIndex !== null || options.volts !== undefined);
  const energyIndex = powerIndex === null && !fromCurrent ? find(/\benergy$/) : null;
  if (powerIndex === null && energyIndex === null && !fromCurrent) return null;
  const otii = columns.some((column) => /\bmain (?:current|voltage|energy|power)$/.test(column.name));
  const joulescope = /^#?\s*time\b/i.test(line.trim()) && currentIndex !== null;
  const number = numberReader(separator);
  const timeScale = scale(timeIndex);
  return {
    source: otii ? 'otii-csv' : joulescope ? 'joulescope-csv' : 'power-csv',
    separator,
    timeIndex,
    powerIndex,
    powerScale: scale(powerIndex),
    energyIndex,
    energyScale: scale(energyIndex),
    currentIndex,
    currentScale: scale(currentIndex),
    voltageIndex,
    voltageScale: scale(voltageIndex),
    markerIndex:
      options.marker === undefined
        ? find(/^gpi ?\[?0?\]?$|gpi ?\[?[01]\]?$|^d[0-7]$/)
        : find(exactly(options.marker)),
    number,
    time: (cell) => {
      const value = number(cell);
      if (Number.isFinite(value)) return value * timeScale;
      const date = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(cell)
        ? Date.parse(cell.replace(' ', 'T'))
        : Number.NaN;
      return date / 1000;
    },
  };
}

/** Cells of a row, without quotes and blanks around them. */
export function splitRow(line: string, separator: string): string[] {
  return line
    .replace(/^\uFEFF/, '')
    .split(separator)
    .map((cell) =>
      cell
        .trim()
        .replace(/^"(.*)"$/, '$1')
        .trim(),
    );
}

function readColumn(cell: string): Column {
  const text = cell.replace(/^#\s*/, '').trim().toLowerCase();
  const match = /^(.*?)\s*[([]([^)\]]*)[)\]]$/.exec(text);
  const scale = match ? units[match[2]!.replace('μ', 'µ')] : undefined;
  // An unknown unit stays part of the name, and the column is then not recognised.
  return match && scale !== undefined ? { name: match[1]!.trim(), scale } : { name: text, scale: 1 };
}

/** Spreadsheets of some languages write 1,5 between semicolons. */
function numberReader(separator: string): (cell: string) => number {
  return (cell) => {
    const text = separator === ',' ? cell : cell.replace(',', '.');
    return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
  };
}

function exactly(name: string): RegExp {
  return new RegExp(`^${name.toLowerCase().replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
}
