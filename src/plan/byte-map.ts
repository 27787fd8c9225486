/**
 * What each byte of the arena holds, as a sorted list of stretches: the cost is that of the tensors that live at once,
 * whatever the arena's size.
 */

/** Bytes begin to end - 1 of the arena hold bytes `from`, `from` + 1, ... of `owner`. */
interface Stretch {
  readonly begin: number;
  readonly end: number;
  readonly owner: number;
  readonly from: number;
}

export class ByteMap {
  /** Ascending, disjoint, none of them empty. */
  #stretches: Stretch[] = [];

  /** Bytes begin to end - 1 now hold `owner` from its byte `from` on. */
  write(begin: number, end: number, owner: number, from: number): void {
    if (begin >= end) return;
    const [first, behind] = [this.#firstEndingAfter(begin), this.#firstBeginningAt(end)];
    const kept: Stretch[] = [];
    const [left, right] = [this.#stretches[first], this.#stretches[behind - 1]];
    if (left && left.begin < begin) kept.push({ ...left, end: begin });
    kept.push({ begin, end, owner, from });
    if (right && right.end > end) kept.push({ ...right, begin: end, from: right.from + end - right.begin });
    this.#stretches.splice(first, behind - first, ...kept);
  }

  /** The first byte from `begin` to `end` - 1 that is not the one of `owner` that `write` would put there; null when all are. */
  firstOther(begin: number, end: number, owner: number, from: number): number | null {
    let at = begin;
    for (let index = this.#firstEndingAfter(begin); at < end; index++) {
      const stretch = this.#stretches[index];
      const matches =
        stretch !== undefined &&
        stretch.begin <= at &&
        stretch.owner === owner &&
        stretch.from + at - stretch.begin === from + at - begin;
      if (!matches) return at;
      at = stretch.end;
    }
    return null;
  }

  #firstEndingAfter(address: number): number {
    return this.#search((stretch) => stretch.end > address);
  }

  #firstBeginningAt(address: number): number {
    return this.#search((stretch) => stretch.begin >= address);
  }

  /** Index of the first stretch that `isBehind` accepts; it accepts all that follow. */
  #search(isBehind: (stretch: Stretch) => boolean): number {
    let [low, high] = [0, this.#stretches.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBehind(this.#stretches[middle]!)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
