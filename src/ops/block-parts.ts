/**
 * The layers inside a transformer block that is one operator: each as a view of its own on tensors that exist only here, so that the
 * layers' own definitions check them and make their parameters.
 */
import type { Attrs } from '../ir/graph.js';
import type { Tensor } from '../ir/tensor.js';
import type { CStruct, CValue, OpDef, OpView, Refusal } from './op-def.js';

/** One layer: its definition and what it is applied to. */
export interface Part {
  readonly name: string;
  readonly def: OpDef;
  readonly view: OpView;
}

export function part<A extends Attrs>(
  name: string,
  def: OpDef<A>,
  attrs: A,
  inputs: readonly (Tensor | null)[],
  output: Tensor,
): Part {
  const required = (list: readonly (Tensor | null)[], index: number): Tensor => {
    const tensor = list[index];
    if (!tensor) throw new RangeError(`${name} has no tensor ${index}`);
    return tensor;
  };
  const ids = inputs.map((tensor) => tensor?.id ?? null);
  const op = { id: 0, kind: def.kind, label: name, inputs: ids, outputs: [output.id], attrs };
  const view: OpView = {
    ...{ op, attrs, inputs, outputs: [output] },
    input: (index) => required(inputs, index),
    output: (index) => required([output], index),
  };
  return { name, def: def as OpDef, view };
}

/** An int8 tensor between two layers. */
export function between(shape: readonly number[], scale: number, zeroPoint: number): Tensor {
  const quant = { scales: [scale], zeroPoints: [zeroPoint], axis: null };
  return { id: -1, name: 'between', dtype: 'int8', shape, quant, data: null };
}

/** The first part that cannot run, with its name before the reason. */
export function refuseParts(parts: readonly Part[]): Refusal | null {
  for (const { name, def, view } of parts) {
    const refusal = def.refuse(view);
    if (refusal) return { ...refusal, reason: `its ${name}: ${refusal.reason}` };
  }
  return null;
}

/** The parameters of a part's only call, arrays named after the part as well. */
export function partParams({ name, def, view }: Part): CStruct {
  return renamed(def.calls(view)[0]!.params, name);
}

function renamed(struct: CStruct, name: string): CStruct {
  return Object.fromEntries(
    Object.entries(struct).map(([field, value]) => [field, renamedValue(value, name)]),
  );
}

function renamedValue(value: CValue, name: string): CValue {
  if (typeof value === 'number') return value;
  if ('array' in value && value.array)
    return { array: { ...value.array, role: `${name}_${value.array.role}` } };
  if ('struct' in value) return { struct: renamed(value.struct, name) };
  return value;
}
