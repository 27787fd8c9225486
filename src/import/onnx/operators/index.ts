/** The node types that the ONNX importer knows: one table a file. */
import type { Lower, LowerTable } from '../lower.js';
import { clamping } from './clamp.js';
import { convolutions } from './convolution.js';
import { elementwise } from './elementwise.js';
import { products } from './matmul.js';
import { moves } from './move.js';
import { normalisations } from './normalisation.js';
import { pools } from './pool.js';
import { quantising } from './quantise.js';
import { reductions } from './reduce.js';
import { resizes } from './resize.js';
import { shapes } from './shape.js';

const tables: readonly LowerTable[] = [
  clamping,
  convolutions,
  elementwise,
  moves,
  normalisations,
  pools,
  products,
  quantising,
  reductions,
  resizes,
  shapes,
];

const byType = new Map<string, Lower>(tables.flatMap((table) => Object.entries(table)));

/** How nodes of a type are lowered; null for types that reflow does not know. */
export function lowerOf(opType: string): Lower | null {
  return byType.get(opType) ?? null;
}

/** The node types, in alphabetical order. */
export const knownTypes: readonly string[] = [...byType.keys()].sort();
