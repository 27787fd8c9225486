/** Weights for networks that nobody has trained: repeatable for a seed, bell-shaped as trained ones are. */

/** int8 weights with this standard deviation, none beyond +-127. */
export const weightDeviation = 25;

export class RandomWeights {
  #state: number;

  constructor(seed: number) {
    // xorshift32 never leaves zero.
    this.#state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  }

  /** Each is the sum of three bytes of one xorshift32 step, centred and scaled. */
  int8(count: number): Int8Array {
    const values = new Int8Array(count);
    // Three uniform bytes have a standard deviation of 128 together.
    const factor = weightDeviation / 128;
    for (let i = 0; i < count; i++) {
      const x = this.#next();
      values[i] = Math.round(((x & 255) + ((x >>> 8) & 255) + ((x >>> 16) & 255) - 382.5) * factor);
    }
    return values;
  }

  int32(count: number, most: number): Int32Array {
    return Int32Array.from({ length: count }, () => Math.round((2 * this.unit() - 1) * most));
  }

  /** In [0, 1). */
  unit(): number {
    return this.#next() / 2 ** 32;
  }

  #next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state;
  }
}
