/** The constant data of a network: collects arrays, gives equal ones one name, and writes <net>_weights.{h,c}. */
import type { ConstArray } from '../ops/op-def.js';
import type { PlanWeights } from '../plan/plan.js';
import { arrayBody, elementType } from './literal.js';

export interface PlacedWeights extends Pick<PlanWeights, 'memory' | 'copy'> {
  readonly bytes: number;
}

/** Where the weights of an operator lie; null: where weights usually do. */
export type WeightPlace = Pick<PlanWeights, 'memory' | 'copy'> | null;

interface Named {
  readonly name: string;
  readonly array: ConstArray;
  readonly place: WeightPlace;
}

export class Constants {
  readonly #byContent = new Map<string, Named>();

  constructor(private readonly net: string) {}

  /** C identifier of an array; the same content of the same type gets the name it had before. */
  add(owner: string, array: ConstArray, place: WeightPlace = null): string {
    const { values } = array;
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const key = `${elementType(values)}:${new TextDecoder('latin1').decode(bytes)}`;
    const known = this.#byContent.get(key);
    if (known) return known.name;
    const name = `${this.net}_${owner}_${array.role}`;
    this.#byContent.set(key, { name, array, place });
    return name;
  }

  /** Bytes of the network's own numbers (weights and biases), each array once. */
  get weightBytes(): number {
    return [...this.#byContent.values()].reduce(
      (sum, { array }) => sum + (array.weight ? array.values.byteLength : 0),
      0,
    );
  }

  /** Bytes of weights that do not lie where weights usually do, by place; each array fills whole words. */
  get placedBytes(): readonly PlacedWeights[] {
    const places = new Map<string, PlacedWeights>();
    for (const { array, place } of this.#byContent.values()) {
      if (!place || !array.weight) continue;
      const key = `${place.memory} ${place.copy}`;
      const before = places.get(key)?.bytes ?? 0;
      const bytes = before + 4 * Math.ceil(array.values.byteLength / 4);
      places.set(key, { memory: place.memory, copy: place.copy, bytes });
    }
    return [...places.values()];
  }

  get constantBytes(): number {
    return [...this.#byContent.values()].reduce((sum, { array }) => sum + array.values.byteLength, 0);
  }

  header(): string {
    const guard = `${this.net.toUpperCase()}_WEIGHTS_H`;
    return [
      `/* Constant data of ${this.net}: weights and biases of the network, and numbers derived from its scales. */`,
      `#ifndef ${guard}`,
      `#define ${guard}`,
      '',
      '#include <stdint.h>',
      '',
      ...this.#declarations((text) => `extern ${text};`),
      '',
      '#endif',
      '',
    ].join('\n');
  }

  source(): string {
    const entries = [...this.#byContent.values()];
    return [
      `#include "${this.net}_weights.h"`,
      '',
      '#include "rf/rf.h"',
      '',
      // Word alignment lets fast kernels read several weights at once.
      ...entries.flatMap(({ name, array, place }) => [
        `${array.weight ? `${placeText(place)} ` : ''}RF_ALIGNED(4) ${declaration(name, array)} = {`,
        arrayBody(array.values),
        '};',
        '',
      ]),
    ].join('\n');
  }

  #declarations(format: (text: string) => string): string[] {
    return [...this.#byContent.values()].map(({ name, array }) => format(declaration(name, array)));
  }
}

function placeText(place: WeightPlace): string {
  if (place === null) return 'RF_WEIGHTS';
  const { memory, copy } = place;
  return copy === null ? `RF_WEIGHTS_IN(${memory})` : `RF_WEIGHTS_COPIED(${memory}, ${copy})`;
}

function declaration(name: string, { values }: ConstArray): string {
  return `const ${elementType(values)} ${name}[${values.length}]`;
}
