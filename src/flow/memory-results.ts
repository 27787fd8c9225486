/** What results say of a board's memories. Bytes. */

/** What a network takes of one memory. */
export interface RegionInfo {
  readonly name: string;
  readonly kind: string;
  /** What the board has. */
  readonly bytes: number;
  readonly used: number;
  readonly arenaBytes: number;
  /** No layout of the buffers that lie here is smaller. */
  readonly lowerBoundBytes: number;
  /** Weights and other constants that lie here, and copies of such. */
  readonly weightBytes: number;
}

/** What an image takes of one memory. */
export interface MemoryInfo {
  readonly name: string;
  /** What the board has. */
  readonly bytes: number;
  readonly used: number;
  readonly weightBytes: number;
  readonly arenaBytes: number;
}

/** Weights in one external flash. */
export interface PartInfo {
  readonly memory: string;
  readonly address: number;
  readonly bin: string;
  readonly bytes: number;
}
