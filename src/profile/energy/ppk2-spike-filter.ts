/**
 * The PPK2 switches its shunt while it measures, and the first readings in a new range are spikes. Nordic's desktop
 * program replaces them: two running means of the current (weights 0.18 and 0.06) go along with every reading; for the
 * first three readings after a change of range the mean is reported instead of the reading, the slow one in range 4,
 * whose first two readings do not enter the means either. Facts from pc-nrfconnect-ppk.
 */
const fastWeight = 0.18;
const slowWeight = 0.06;
const replacedReadings = 3;
const topRange = 4;

export class SpikeFilter {
  #fast = Number.NaN;
  #slow = Number.NaN;
  #range = -1;
  #replace = 0;
  #sinceChange = 0;

  /** @returns the current to report, amperes */
  next(amperes: number, range: number): number {
    if (this.#range === -1) {
      this.#range = range;
      this.#fast = amperes;
      this.#slow = amperes;
      return amperes;
    }
    const changed = range !== this.#range;
    if (changed) {
      this.#replace = replacedReadings;
      this.#sinceChange = 0;
    } else this.#sinceChange++;
    this.#range = range;
    const replaced = this.#replace > 0;
    if (!(replaced && range === topRange && this.#sinceChange < 2)) {
      this.#fast += fastWeight * (amperes - this.#fast);
      this.#slow += slowWeight * (amperes - this.#slow);
    }
    if (!replaced) return amperes;
    this.#replace--;
    return range === topRange ? this.#slow : this.#fast;
  }
}
