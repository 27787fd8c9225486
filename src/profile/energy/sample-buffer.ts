/** A growing array of doubles with the gaps between them: 100,000 samples a second for minutes must not become objects. */
import type { Gap } from './energy-trace.js';

export class SampleBuffer {
  #values = new Float64Array(1024);
  #length = 0;
  #lost = 0;
  readonly #gaps: { beforeSample: number; lostSamples: number }[] = [];

  get length(): number {
    return this.#length;
  }

  /** Samples and lost readings so far: the slot that the next sample takes. */
  get slots(): number {
    return this.#length + this.#lost;
  }

  get gaps(): readonly Gap[] {
    return this.#gaps;
  }

  /** A value that is not finite counts as lost. */
  push(value: number): void {
    if (!Number.isFinite(value)) {
      this.lose(1);
      return;
    }
    if (this.#length === this.#values.length) {
      const grown = new Float64Array(this.#length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#length++] = value;
  }

  /** Notes that `count` readings are missing here. */
  lose(count: number): void {
    if (!(count > 0)) return;
    this.#lost += count;
    const last = this.#gaps.at(-1);
    if (last && last.beforeSample === this.#length) last.lostSamples += count;
    else this.#gaps.push({ beforeSample: this.#length, lostSamples: count });
  }

  /**
   * Forgets every sample behind the first `length`, which have turned out not to be trustworthy, and books as many lost
   * ones that `slots` are taken.
   */
  distrust(length: number, slots = this.slots): void {
    this.#length = Math.min(length, this.#length);
    while ((this.#gaps.at(-1)?.beforeSample ?? -1) >= this.#length) this.#gaps.pop();
    this.#lost = this.#gaps.reduce((sum, gap) => sum + gap.lostSamples, 0);
    this.lose(slots - this.slots);
  }

  toArray(): Float64Array {
    return this.#values.slice(0, this.#length);
  }
}
