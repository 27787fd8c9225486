/**
 * Reads FlatBuffers tables with every access checked, because the bytes may be hostile. The published JavaScript runtime
 * has no verifier and reads zeros past the end; a DataView throws instead, and the importer turns that into one error.
 * Format: https://flatbuffers.dev/internals/ (offsets are uint32 relative to where they stand; a vtable lists uint16
 * field positions; a missing field has position 0).
 */

/** A FlatBuffer and the root table in it. Throws RangeError when the bytes do not hold one. */
export function rootTable(bytes: Uint8Array): FlatTable {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return new FlatTable(view, view.getUint32(0, true));
}

export class FlatTable {
  readonly #view: DataView;
  readonly #position: number;
  readonly #vtable: number;
  readonly #fieldCount: number;

  constructor(view: DataView, position: number) {
    this.#view = view;
    this.#position = position;
    this.#vtable = position - view.getInt32(position, true);
    this.#fieldCount = (view.getUint16(this.#vtable, true) - 4) >> 1;
  }

  /** Absolute position of a field's value, or null when the table does not have it. */
  #field(field: number): number | null {
    if (field >= this.#fieldCount) return null;
    const offset = this.#view.getUint16(this.#vtable + 4 + 2 * field, true);
    return offset === 0 ? null : this.#position + offset;
  }

  #follow(position: number): number {
    return position + this.#view.getUint32(position, true);
  }

  int8(field: number, fallback: number): number {
    const at = this.#field(field);
    return at === null ? fallback : this.#view.getInt8(at);
  }

  uint8(field: number, fallback: number): number {
    const at = this.#field(field);
    return at === null ? fallback : this.#view.getUint8(at);
  }

  int32(field: number, fallback: number): number {
    const at = this.#field(field);
    return at === null ? fallback : this.#view.getInt32(at, true);
  }

  uint32(field: number, fallback: number): number {
    const at = this.#field(field);
    return at === null ? fallback : this.#view.getUint32(at, true);
  }

  uint64(field: number): bigint {
    const at = this.#field(field);
    return at === null ? 0n : this.#view.getBigUint64(at, true);
  }

  float32(field: number, fallback: number): number {
    const at = this.#field(field);
    return at === null ? fallback : this.#view.getFloat32(at, true);
  }

  table(field: number): FlatTable | null {
    const at = this.#field(field);
    return at === null ? null : new FlatTable(this.#view, this.#follow(at));
  }

  /** Start and length of a vector; throws RangeError when it runs past the end or is longer than `limit`. */
  #vector(field: number, elementBytes: number, limit: number): { start: number; length: number } {
    const at = this.#field(field);
    if (at === null) return { start: 0, length: 0 };
    const vector = this.#follow(at);
    const length = this.#view.getUint32(vector, true);
    if (length > limit) throw new RangeError(`a list of ${length} entries where at most ${limit} make sense`);
    if (vector + 4 + length * elementBytes > this.#view.byteLength) {
      throw new RangeError(`a list of ${length} entries runs past the end of the file`);
    }
    return { start: vector + 4, length };
  }

  bytes(field: number): Uint8Array {
    const { start, length } = this.#vector(field, 1, Infinity);
    return new Uint8Array(this.#view.buffer, this.#view.byteOffset + start, length);
  }

  /** A string; ill-formed UTF-8 becomes replacement characters. */
  string(field: number): string {
    return new TextDecoder().decode(this.bytes(field));
  }

  int32s(field: number, limit: number): number[] {
    return this.#map(field, 4, limit, (at) => this.#view.getInt32(at, true));
  }

  int64s(field: number, limit: number): bigint[] {
    return this.#map(field, 8, limit, (at) => this.#view.getBigInt64(at, true));
  }

  float32s(field: number, limit: number): number[] {
    return this.#map(field, 4, limit, (at) => this.#view.getFloat32(at, true));
  }

  tables(field: number, limit: number): FlatTable[] {
    return this.#map(field, 4, limit, (at) => new FlatTable(this.#view, this.#follow(at)));
  }

  #map<T>(field: number, elementBytes: number, limit: number, read: (position: number) => T): T[] {
    const { start, length } = this.#vector(field, elementBytes, limit);
    return Array.from({ length }, (_, index) => read(start + index * elementBytes));
  }
}
