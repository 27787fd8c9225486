/** Marker edges to measuring windows. A lost edge is counted and reported; no edge is ever invented or moved. */
import type { Edge } from './energy-trace.js';

export interface PairingRule {
  /** Edges before the first window: 1 in MLPerf Tiny, where the device also stamps its own start-up. */
  readonly leadingEdges: number;
  /** 5 in MLPerf Tiny: five inputs, one window each. */
  readonly expectedWindows: number;
  /** Event number of the first edge of a run, where the meter counts from a known one; else the first number seen. */
  readonly firstNumber?: number;
}

export interface EdgePairing {
  readonly pairs: readonly { readonly startS: number; readonly endS: number }[];
  /** At least so many edges are missing. */
  readonly lostEdges: number;
  /** Edges that belong to no window, without the leading ones. */
  readonly unpairedS: readonly number[];
  /** True when the meter's own event numbers say which edges are missing; false when only their number is known. */
  readonly located: boolean;
  readonly warnings: readonly string[];
}

/**
 * Pairs edges to windows. With the meter's event numbers, two edges form a window when their numbers follow each other
 * in the expected phase, so a lost edge costs one window and shifts none. Without numbers, edges pair in order of time,
 * as EEMBC's runner does: then a lost edge may shift every later window, which `measure-energy.ts` checks against power.
 */
export function pairEdges(edges: readonly Edge[], rule: PairingRule): EdgePairing {
  const expected = rule.leadingEdges + 2 * rule.expectedWindows;
  const sorted = [...edges].sort((a, b) => a.timeS - b.timeS);
  const numbers = sorted.map((edge) => edge.number);
  const numbered =
    numbers.length > 0 &&
    numbers.every((number) => number !== undefined) &&
    numbers.every((number, i) => i === 0 || number! > numbers[i - 1]!);
  const pairing = numbered ? pairByNumber(sorted, rule) : pairByOrder(sorted, rule);
  const windowEdges = Math.max(0, sorted.length - rule.leadingEdges);
  const lostEdges = Math.max(
    pairing.missing,
    expected - sorted.length,
    sorted.length > expected ? windowEdges % 2 : 0,
  );
  const warnings: string[] = [];
  if (lostEdges > 0) {
    const where = pairing.missingNumbers.length > 0 ? ` (event ${pairing.missingNumbers.join(', ')})` : '';
    warnings.push(`${lostEdges} marker edge(s) lost${where}: ${sorted.length} seen, ${expected} expected`);
  }
  if (sorted.length > expected) {
    warnings.push(
      `${sorted.length} marker edges seen, ${expected} expected: the trace holds more than one run, or noise`,
    );
  }
  return { ...pairing, lostEdges, located: numbered, warnings };
}

interface RawPairing {
  readonly pairs: { startS: number; endS: number }[];
  readonly unpairedS: number[];
  readonly missing: number;
  readonly missingNumbers: number[];
}

function pairByOrder(edges: readonly Edge[], rule: PairingRule): RawPairing {
  const pairs: { startS: number; endS: number }[] = [];
  let i = Math.min(rule.leadingEdges, edges.length);
  for (; i + 1 < edges.length; i += 2) pairs.push({ startS: edges[i]!.timeS, endS: edges[i + 1]!.timeS });
  return { pairs, unpairedS: edges.slice(i).map((edge) => edge.timeS), missing: 0, missingNumbers: [] };
}

function pairByNumber(edges: readonly Edge[], rule: PairingRule): RawPairing {
  const base = Math.min(rule.firstNumber ?? edges[0]!.number!, edges[0]!.number!);
  const position = (edge: Edge) => edge.number! - base - rule.leadingEdges;
  const pairs: { startS: number; endS: number }[] = [];
  const unpairedS: number[] = [];
  for (let i = 0; i < edges.length; i++) {
    const edge = edges[i]!;
    if (position(edge) < 0) continue;
    const next = edges[i + 1];
    if (position(edge) % 2 === 0 && next && next.number === edge.number! + 1) {
      pairs.push({ startS: edge.timeS, endS: next.timeS });
      i++;
    } else unpairedS.push(edge.timeS);
  }
  const missingNumbers: number[] = [];
  let due = base;
  for (const edge of edges) {
    for (; due < edge.number! && missingNumbers.length < 100; due++) missingNumbers.push(due);
    due = edge.number! + 1;
  }
  return { pairs, unpairedS, missing: missingNumbers.length, missingNumbers };
}
