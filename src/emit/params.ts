/** KernelCall parameters as C initialisers. */
import type { Graph } from '../ir/graph.js';
import { tensorOf } from '../ir/graph.js';
import { dtypeBytes, type Tensor } from '../ir/tensor.js';
import type { CStruct, CValue } from '../ops/op-def.js';
import type { Plan } from '../plan/plan.js';
import type { Constants, WeightPlace } from './constants.js';
import { floatLiteral, intLiteral } from './literal.js';
import { storageOf } from './storage.js';

/** What initialisers refer to. */
export interface ParamsContext {
  readonly graph: Graph;
  readonly plan: Plan;
  readonly constants: Constants;
  /** Prefix of the constants' names, e.g. `op3`. */
  readonly owner: string;
  readonly place: WeightPlace;
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
  if ('array' in value)
    return value.array ? context.constants.add(context.owner, value.array, context.place) : 'NULL';
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

function plane(context: ParamsContext, id: number): string {
  return planeInitialiser(context.plan, tensorOf(context.graph, id));
}

/** `rf_plane` of an image; tensors that lie row by row have a table of their own. */
export function planeInitialiser(plan: Plan, tensor: Tensor): string {
  const [, h = 1, w = 1, c = 1] = tensor.shape;
  // A constant lies in flash, in one piece.
  const storage = tensor.data === null ? storageOf(plan, tensor) : { kind: 'whole' as const };
  const unit = storage.kind === 'rows' ? storage.unitBytes / dtypeBytes[tensor.dtype] : 0;
  return `{.h = ${h}, .w = ${w}, .c = ${c}, .unit = ${unit}, .rows = ${storage.kind === 'rows' ? `t${tensor.id}_rows` : 'NULL'}}`;
}
