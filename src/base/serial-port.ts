/** A real serial line (or pty) behind the Port seam, by the `serialport` package. */
import { SerialPort } from 'serialport';
import { ReflowError } from './error.js';
import type { ControlLines, LineSettings, Port } from './port.js';

/**
 * Opens `path`. Rejects with E_PORT when it is missing, locked, not permitted or no serial line.
 * @param settings defaults to 115200 baud, no parity
 */
export async function openSerialPort(
  path: string,
  settings: LineSettings = { baudRate: 115200 },
): Promise<Port> {
  const serial = new SerialPort({
    path,
    baudRate: settings.baudRate,
    parity: settings.parity ?? 'none',
    autoOpen: false,
  });
  // Without a listener, a late 'error' (for example a cancelled write) would end the process.
  serial.on('error', () => {});
  await new Promise<void>((resolve, reject) =>
    serial.open((error) => (error ? reject(openError(path, error)) : resolve())),
  );
  return new RealPort(serial);
}

function openError(path: string, error: Error): ReflowError {
  const text = error.message;
  if (/No such file/i.test(text)) {
    return new ReflowError(
      'E_PORT',
      `serial port ${path} does not exist`,
      'plug the board in, or list ports with `reflow doctor`',
      { cause: error },
    );
  }
  if (/lock|temporarily unavailable|busy/i.test(text)) {
    return new ReflowError(
      'E_PORT',
      `serial port ${path} is in use by another program`,
      'close the other program and try again',
      { cause: error },
    );
  }
  if (/permission/i.test(text)) {
    return new ReflowError(
      'E_PORT',
      `no rights to open serial port ${path}`,
      'add yourself to the dialout group: sudo usermod -aG dialout $USER, then log in again',
      { cause: error },
    );
  }
  return new ReflowError(
    'E_PORT',
    `cannot open serial port ${path}: ${text}`,
    'check the path; run `reflow doctor`',
    { cause: error },
  );
}

class RealPort implements Port {
  readonly path: string;
  #closed = false;
  readonly #lost = new Set<(error: Error) => void>();

  constructor(private readonly serial: SerialPort) {
    this.path = serial.path;
    serial.on('close', (error: Error | null) => {
      if (this.#closed) return;
      this.#closed = true;
      for (const listener of [...this.#lost]) listener(error ?? new Error(`${this.path} closed`));
    });
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const failed = (error: Error) =>
        reject(
          new ReflowError(
            'E_PORT',
            `serial port ${this.path} failed while writing: ${error.message}`,
            'check the cable and try again',
            { cause: error },
          ),
        );
      if (this.#closed) return failed(new Error('the port is closed'));
      this.serial.write(Buffer.from(bytes), (error) => {
        if (error) return failed(error);
        this.serial.drain((drainError) => (drainError ? failed(drainError) : resolve()));
      });
    });
  }

  onData(listener: (bytes: Uint8Array) => void): () => void {
    this.serial.on('data', listener);
    return () => this.serial.off('data', listener);
  }

  onLost(listener: (error: Error) => void): () => void {
    this.#lost.add(listener);
    return () => this.#lost.delete(listener);
  }

  setLines(lines: ControlLines): Promise<boolean> {
    // A pty answers "Inappropriate ioctl": it simply has no such lines.
    return new Promise((resolve) => this.serial.set({ ...lines }, (error) => resolve(!error)));
  }

  setLine(settings: LineSettings): Promise<void> {
    return new Promise((resolve, reject) =>
      this.serial.update({ baudRate: settings.baudRate }, (error) =>
        error ? reject(openError(this.path, error)) : resolve(),
      ),
    );
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    return new Promise((resolve) => this.serial.close(() => resolve()));
  }
}
