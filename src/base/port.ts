/**
 * The seam to a serial line. Everything that talks to a board takes a Port; `serial-port.ts` opens a real one (or a
 * pty), `memoryPorts` makes the two ends of a line inside the process.
 */

/** Line settings. Parity may be stripped silently by a pty; nothing here can tell. */
export interface LineSettings {
  readonly baudRate: number;
  readonly parity?: 'none' | 'even' | 'odd';
}

/** Modem lines; true asserts the line (electrically low on a USB adapter). */
export interface ControlLines {
  readonly dtr?: boolean;
  readonly rts?: boolean;
  readonly brk?: boolean;
}

export interface Port {
  readonly path: string;
  /** Resolves when the bytes have left the process; rejects with ReflowError E_PORT when the line is gone. */
  write(bytes: Uint8Array): Promise<void>;
  /** Bytes as they arrive. Returns a function that stops the delivery. Bytes that nobody listens for are dropped. */
  onData(listener: (bytes: Uint8Array) => void): () => void;
  /** Called once when the line goes away without close() having been called. */
  onLost(listener: (error: Error) => void): () => void;
  /** False when this port has no modem lines (a pty); never throws for that. */
  setLines(lines: ControlLines): Promise<boolean>;
  setLine(settings: LineSettings): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Two ends of a line inside the process: what one writes, the other receives on a later turn of the event loop. */
export function memoryPorts(): [MemoryPort, MemoryPort] {
  const left = new MemoryPort('memory:left');
  const right = new MemoryPort('memory:right');
  left.connect(right);
  right.connect(left);
  return [left, right];
}

/** A fake that behaves like an open serial port and records what was set on it. */
export class MemoryPort implements Port {
  readonly lines: ControlLines[] = [];
  readonly settings: LineSettings[] = [];
  #peer: MemoryPort | null = null;
  #open = true;
  readonly #data = new Set<(bytes: Uint8Array) => void>();
  readonly #lost = new Set<(error: Error) => void>();

  constructor(readonly path: string) {}

  connect(peer: MemoryPort): void {
    this.#peer = peer;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (!this.#open) throw new Error(`${this.path} is closed`);
    const copy = bytes.slice();
    setImmediate(() => this.#peer?.deliver(copy));
  }

  deliver(bytes: Uint8Array): void {
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
    this.lines.push(lines);
    return true;
  }

  async setLine(settings: LineSettings): Promise<void> {
    this.settings.push(settings);
  }

  /** Simulates a pulled cable. */
  lose(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const listener of [...this.#lost]) listener(new Error(`${this.path} was lost`));
  }

  async close(): Promise<void> {
    this.#open = false;
  }
}
