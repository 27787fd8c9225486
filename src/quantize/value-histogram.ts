/** What calibration remembers of one tensor: range, histogram and the mean of every channel (last dimension). */

/** Bins from -limit to limit. */
const bins = 4096;

export class ValueHistogram {
  min = Infinity;
  max = -Infinity;
  /** All values lie in [-limit, limit]; it doubles when one does not, and pairs of bins become one. */
  limit = 2 ** -20;
  readonly counts = new Float64Array(bins);
  readonly #sums: Float64Array;
  #rows = 0;

  /** @param channels length of the tensor's last dimension */
  constructor(channels: number) {
    this.#sums = new Float64Array(channels);
  }

  /** Takes the values of one inference; false when one of them is not finite, and then the histogram is useless. */
  add(values: Float32Array): boolean {
    let [min, max] = [this.min, this.max];
    const channels = this.#sums.length;
    for (let i = 0; i < values.length; i++) {
      const x = values[i]!;
      if (x < min) min = x;
      if (x > max) max = x;
      this.#sums[i % channels]! += x;
    }
    if (this.#sums.some((sum) => !Number.isFinite(sum))) return false;
    this.min = min;
    this.max = max;
    this.#rows += values.length / channels;
    while (Math.max(-min, max) > this.limit) this.#widen();
    const perUnit = bins / 2 / this.limit;
    for (const x of values) this.counts[Math.min(bins - 1, Math.floor(x * perUnit) + bins / 2)]!++;
    return true;
  }

  /** Mean of each channel. */
  get means(): Float64Array {
    return this.#sums.map((sum) => sum / Math.max(1, this.#rows));
  }

  /** The middle of a bin. */
  centre(bin: number): number {
    return ((bin + 0.5 - bins / 2) * this.limit) / (bins / 2);
  }

  #widen(): void {
    const old = this.counts.slice();
    this.counts.fill(0);
    for (let bin = 0; bin < bins; bin++) this.counts[bins / 4 + (bin >> 1)]! += old[bin]!;
    this.limit *= 2;
  }
}
