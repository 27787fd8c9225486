/** Offsets by first fit: buffers in some order, each at the lowest address that is free during its whole life. */

export interface Rectangle {
  readonly bytes: number;
  readonly alignment: number;
  readonly first: number;
  readonly last: number;
  /** Null when it may lie anywhere. */
  readonly fixedOffset: number | null;
}

export interface Packing {
  /** Offset of each rectangle, by position. */
  readonly offsets: readonly number[];
  readonly height: number;
}

/** Places the rectangles in the given order (positions in `rectangles`), those with fixed offsets before all others. */
export function firstFit(rectangles: readonly Rectangle[], order: readonly number[]): Packing {
  const offsets: number[] = Array(rectangles.length).fill(0);
  const placed: number[] = [];
  let height = 0;
  for (const index of order) {
    const { fixedOffset, bytes } = rectangles[index]!;
    if (fixedOffset === null) continue;
    offsets[index] = fixedOffset;
    height = Math.max(height, fixedOffset + bytes);
    placed.push(index);
  }
  for (const index of order) {
    const rectangle = rectangles[index]!;
    if (rectangle.fixedOffset !== null) continue;
    const neighbours = placed
      .filter(
        (other) => rectangles[other]!.first < rectangle.last && rectangle.first < rectangles[other]!.last,
      )
      .sort((a, b) => offsets[a]! - offsets[b]!);
    let offset = 0;
    for (const other of neighbours) {
      if (offset + rectangle.bytes <= offsets[other]!) break;
      offset = Math.max(offset, alignUp(offsets[other]! + rectangles[other]!.bytes, rectangle.alignment));
    }
    offsets[index] = offset;
    height = Math.max(height, offset + rectangle.bytes);
    placed.push(index);
  }
  return { offsets, height };
}

/** The best of first fit by size, by area, by start, by end and by length of life; deterministic. */
export function bestFirstFit(rectangles: readonly Rectangle[]): Packing {
  const life = (r: Rectangle) => r.last - r.first;
  const keys: ((r: Rectangle) => readonly number[])[] = [
    (r) => [-r.bytes, r.first],
    (r) => [-r.bytes * life(r), r.first],
    (r) => [r.first, -r.bytes],
    (r) => [-r.last, -r.bytes],
    (r) => [-life(r), -r.bytes],
  ];
  const packings = keys.map((key) => firstFit(rectangles, sortedBy(rectangles, key)));
  return packings.reduce((best, packing) => (packing.height < best.height ? packing : best));
}

/** Largest sum of bytes alive at one time: no placement can be lower. */
export function livenessBound(rectangles: readonly Rectangle[]): number {
  const times = [...new Set(rectangles.map((r) => r.first))];
  const alive = (time: number) =>
    rectangles.reduce((sum, r) => sum + (r.first <= time && time < r.last ? r.bytes : 0), 0);
  return Math.max(0, ...times.map(alive));
}

export function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

function sortedBy(rectangles: readonly Rectangle[], key: (r: Rectangle) => readonly number[]): number[] {
  const keys = rectangles.map(key);
  return rectangles
    .map((_, index) => index)
    .sort((a, b) => {
      const difference = keys[a]!.map((value, at) => value - keys[b]![at]!).find((delta) => delta !== 0);
      return difference ?? a - b;
    });
}
