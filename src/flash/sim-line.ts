/**
 * A serial cable inside the process, on a LineClock: bytes take their time at the line's baud rate, modem lines reach the
 * device, and the cable can be pulled and plugged in again. The host's end is an ordinary Port.
 */
import type { ControlLines, LineSettings, Port } from '../base/port.js';
import { bitsPerByte } from './an3155.js';
import type { LineClock } from './line-clock.js';

/** What a device knows of the other end besides bytes. */
export interface DeviceControl {
  /** Modem lines as the host last set them, at every change. */
  onLines(listener: (lines: ControlLines) => void): void;
  /** Baud rate and parity that the host has set; a device on a wrong baud rate sees other bytes. */
  settings(): LineSettings;
}

/** One direction of a line: when a chunk that is handed over now has arrived in full. */
class Direction {
  #freeAt = 0;

  constructor(
    private readonly clock: LineClock,
    private readonly byteMs: () => number,
  ) {}

  /**
   * @param lateMs by how much the caller's own timer was late: the bytes are taken as handed over that much earlier
   * @param run is told how late its timer was
   */
  deliver(bytes: number, run: (lateMs: number) => void, lateMs = 0): void {
    const now = this.clock.now();
    const due = Math.max(this.#freeAt, now - lateMs) + bytes * this.byteMs();
    this.#freeAt = due;
    this.clock.schedule(due - now, () => run(this.clock.now() - due));
  }
}

export class SimLine implements DeviceControl {
  readonly device: Port;
  #settings: LineSettings = { baudRate: 115200, parity: 'even' };
  #host: HostEnd | null = null;
  #pluggedIn = true;
  #lines: ControlLines = {};
  readonly #lineListeners: ((lines: ControlLines) => void)[] = [];
  readonly #deviceListeners = new Set<(bytes: Uint8Array) => void>();
  readonly #toHost: Direction;
  readonly #toDevice: Direction;

  /** @param hasModemLines false for a line like a pty, whose setLines answers false */
  constructor(
    clock: LineClock,
    private readonly hasModemLines = true,
  ) {
    const byteMs = () => (1000 * bitsPerByte) / this.#settings.baudRate;
    this.#toHost = new Direction(clock, byteMs);
    this.#toDevice = new Direction(clock, byteMs);
    const listeners = this.#deviceListeners;
    this.device = {
      path: 'sim:device',
      write: async (bytes) => {
        const host = this.#host;
        const copy = bytes.slice();
        this.#toHost.deliver(copy.length, () => host?.receive(copy));
      },
      onData: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      onLost: () => () => {},
      setLines: async () => false,
      setLine: async () => {},
      close: async () => {},
    };
  }

  /** Opens the host's end. Rejects while the cable is out. */
  async open(): Promise<Port> {
    if (!this.#pluggedIn) throw new Error('no such file or directory');
    this.#host = new HostEnd(this);
    return this.#host;
  }

  /** Pulls the cable; bytes on their way are lost. */
  unplug(): void {
    this.#pluggedIn = false;
    this.#host?.lose();
    this.#host = null;
  }

  plugIn(): void {
    this.#pluggedIn = true;
  }

  onLines(listener: (lines: ControlLines) => void): void {
    this.#lineListeners.push(listener);
  }

  settings(): LineSettings {
    return this.#settings;
  }

  /** For the host's end. */
  fromHost(host: HostEnd, bytes: Uint8Array): void {
    this.#toDevice.deliver(bytes.length, () => {
      if (host === this.#host) for (const listener of [...this.#deviceListeners]) listener(bytes);
    });
  }

  setHostLines(lines: ControlLines): boolean {
    if (!this.hasModemLines) return false;
    this.#lines = { ...this.#lines, ...lines };
    for (const listener of this.#lineListeners) listener(this.#lines);
    return true;
  }

  setHostSettings(settings: LineSettings): void {
    this.#settings = { ...this.#settings, ...settings };
  }
}

class HostEnd implements Port {
  readonly path = 'sim:host';
  #open = true;
  readonly #data = new Set<(bytes: Uint8Array) => void>();
  readonly #lost = new Set<(error: Error) => void>();

  constructor(private readonly line: SimLine) {}

  async write(bytes: Uint8Array): Promise<void> {
    if (!this.#open) throw new Error(`${this.path} is gone`);
    this.line.fromHost(this, bytes.slice());
  }

  receive(bytes: Uint8Array): void {
    if (this.#open) for (const listener of [...this.#data]) listener(bytes);
  }

  onData(listener: (bytes: Uint8Array) => void): () => void {
    this.#data.add(listener);
    return () => this.#data.delete(listener);
  }

  onLost(listener: (error: Error) => void): () => void {
    this.#lost.add(listener);
    return () => this.#lost.delete(listener);
  }

  async setLines(lines: ControlLines): Promise<boolean> {
    return this.#open && this.line.setHostLines(lines);
  }

  async setLine(settings: LineSettings): Promise<void> {
    this.line.setHostSettings(settings);
  }

  lose(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const listener of [...this.#lost]) listener(new Error('device disconnected'));
  }

  async close(): Promise<void> {
    this.#open = false;
  }
}

/**
 * Gives an unpaced line (a pty) the speed of a real one, in both directions; for the device's end. A device answers what
 * it received when that had arrived, not when this process's timer for it went off, so that lateness is taken off again.
 * @param transportMs what a byte takes to or from the client besides its time on the line; taken off, too
 */
export function pacePort(port: Port, baudRate: number, clock: LineClock, transportMs = 0): Port {
  const byteMs = () => (1000 * bitsPerByte) / baudRate;
  const sending = new Direction(clock, byteMs);
  const receiving = new Direction(clock, byteMs);
  let lateMs = 0;
  return {
    path: port.path,
    write: (bytes) =>
      new Promise((resolve, reject) => {
        const copy = bytes.slice();
        sending.deliver(copy.length, () => port.write(copy).then(resolve, reject), lateMs + transportMs);
      }),
    onData: (listener) =>
      port.onData((bytes) =>
        receiving.deliver(
          bytes.length,
          (late) => {
            lateMs = late;
            listener(bytes);
          },
          transportMs,
        ),
      ),
    onLost: (listener) => port.onLost(listener),
    setLines: (lines) => port.setLines(lines),
    setLine: (settings) => port.setLine(settings),
    close: () => port.close(),
  };
}
