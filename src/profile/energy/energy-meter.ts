/** What every energy source is to the profiler: a stream to decode, or a meter to operate. */
import type { EnergyTrace } from './energy-trace.js';

/** A file or stream, fed in chunks of any size. Both functions throw ReflowError E_INPUT for what is not its format. */
export interface TraceDecoder {
  push(chunk: Uint8Array): void;
  finish(): EnergyTrace;
}

/** A meter on a port or on the board itself. The calls come in this order; every wait inside them is limited. */
export interface EnergyMeter {
  open(): Promise<void>;
  start(): Promise<void>;
  /** Measures for `durationMs`, or until `until` becomes true. */
  acquire(durationMs: number, until?: () => boolean): Promise<void>;
  stop(): Promise<EnergyTrace>;
  /** Never throws; may be called in any state. */
  close(): Promise<void>;
}
