/** KernelCall parameters as C initialisers. */
import { ReflowError } from '../base/error.js';
import type { Graph } from '../ir/graph.js';
import { tensorOf } from '../ir/graph.js';
import type { CStruct, CValue } from '../ops/op-def.js';
import type { Plan } from '../plan/plan.js';
import type { Constants } from './constants.js';
import { floatLiteral, intLiteral } from './literal.js';

/** What initialisers refer to. */
export interface ParamsContext {
  readonly graph: Graph;
  readonly plan: Plan;
  readonly constants: Constants;
  /** Prefix of the constants' names, e.g. `op3`. */
  readonly owner: string;
}

/** A brace-enclosed designated initialiser, nested structs indented by four spaces a level. */
export function structInitialiser(context: ParamsContext, struct: CStruct, indent: string): string {
  const inner = `${indent}    `;
  const lines = Object.entries(struct).map(
    ([field, value]) => `${inner}.${field} = ${initialiser(context, value, inner)},`,
  );
  return `{\n${lines.join('\n')}\n${indent}}`;
}

function initialiser(context: ParamsContext, value: CValue, indent: string): string {
  if (typeof value === 'number') return intLiteral(value);
  if ('float' in value) return floatLiteral(value.float);
  if ('array' in value) return value.array ? context.constants.add(context.owner, value.array) : 'NULL';
  if ('list' in value) return `{${value.list.map((item) => initialiser(context, item, indent)).join(', ')}}`;
  if ('struct' in value) return flatStruct(context, value.struct, indent);
  return plane(context, value.plane);
}

/** Small structs of plain numbers read best on one line. */
function flatStruct(context: ParamsContext, struct: CStruct, indent: string): string {
  const line = `{${Object.entries(struct)
    .map(([field, value]) => `.${field} = ${initialiser(context, value, indent)}`)
    .join(', ')}}`;
  return line.length <= 100 ? line : structInitialiser(context, struct, indent);
}

function plane({ graph }: ParamsContext, id: number): string {
  const { shape } = tensorOf(graph, id);
  if (shape.length !== 4) {
    throw new ReflowError(
      'E_INTERNAL',
      `tensor ${id} is no image`,
      'report this as a bug in reflow, with the network',
    );
  }
  const [, h, w, c] = shape as [number, number, number, number];
  return `{.h = ${h}, .w = ${w}, .c = ${c}, .unit = 0, .rows = NULL}`;
}
