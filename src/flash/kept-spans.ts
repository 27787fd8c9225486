/** Which parts of a sector the board has already: halves are compared, and what differs is halved again. */

/** A part of a sector, by its offsets, and whether the board has it already. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly isKept: boolean;
}

/** The finest that a sector is compared: a CRC costs about 40 byte times on the line. */
const leastComparedBytes = 256;

/**
 * Spans that cover `from` to `to` in order, neighbours of different kinds.
 * @param isDifferent the whole is known to differ; costs a needless transfer, no more, where it does not
 * @param isEqual whether the board holds what is wanted from one offset to another
 */
export async function keptSpans(
  from: number,
  to: number,
  isDifferent: boolean,
  isEqual: (from: number, to: number) => Promise<boolean>,
): Promise<Span[]> {
  const compare = async (from: number, to: number, differs: boolean): Promise<Span[]> => {
    if (!differs && (await isEqual(from, to))) return [{ from, to, isKept: true }];
    const middle = from + Math.ceil((to - from) / 2 / leastComparedBytes) * leastComparedBytes;
    if (middle >= to) return [{ from, to, isKept: false }];
    const left = await compare(from, middle, false);
    return [
      ...left,
      ...(await compare(
        middle,
        to,
        left.every((span) => span.isKept),
      )),
    ];
  };
  return from < to ? joined(await compare(from, to, isDifferent)) : [];
}

function joined(spans: readonly Span[]): Span[] {
  const out: Span[] = [];
  for (const span of spans) {
    const last = out.at(-1);
    if (last && last.isKept === span.isKept) out[out.length - 1] = { ...last, to: span.to };
    else out.push(span);
  }
  return out;
}
