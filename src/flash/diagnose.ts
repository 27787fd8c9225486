/** `reflow doctor --port P`: which of the things that keep a board from being flashed it is, and what to do about it. */
import { ReflowError } from '../base/error.js';
import type { LineSettings, Port } from '../base/port.js';
import { openSerialPort } from '../base/serial-port.js';
import { BoardSession, type SessionOptions } from './board-session.js';
import { type Finding, FlashError, hintFor } from './flash-error.js';

export interface DiagnoseOptions extends SessionOptions {
  readonly open?: (path: string, settings: LineSettings) => Promise<Port>;
  /** How the named board is wired, for the findings that wiring explains. */
  readonly wiring?: string;
}

export interface Diagnosis {
  readonly finding: Finding;
  /** True for `ready` and `already-synced`: this board can be flashed now. */
  readonly ok: boolean;
  /** One line: what is the case. */
  readonly found: string;
  /** One line: what to do. */
  readonly fix: string;
  /** Text for /etc/udev/rules.d/60-reflow.rules, with `no-rights`. */
  readonly udevRule?: string;
  readonly wiring?: string;
  readonly chip?: string;
  readonly flashBytes?: number;
  readonly uid?: string;
  readonly bankMode?: string;
}

/** USB vendors of ST-LINK, FTDI, Silicon Labs and WCH: the serial adapters that are met with these boards. */
const adapterVendors = ['0483', '0403', '10c4', '1a86'];

/** Lets every user at the seat open the usual adapters. */
export const udevRule = adapterVendors
  .map((id) => `SUBSYSTEM=="tty", ATTRS{idVendor}=="${id}", MODE="0660", GROUP="dialout", TAG+="uaccess"`)
  .join('\n');

/** Looks at one port. Changes nothing on the board, never throws for what it finds, and ends within a minute. */
export async function diagnosePort(path: string, options: DiagnoseOptions = {}): Promise<Diagnosis> {
  const open = options.open ?? openSerialPort;
  let port: Port;
  try {
    port = await open(path, { baudRate: options.baudRates?.[0] ?? 115200, parity: 'even' });
  } catch (error) {
    return openDiagnosis(path, error);
  }
  try {
    const session = await BoardSession.open(port, options);
    session.close();
    const { chip, flashBytes, uid, bankMode } = session.facts;
    const finding = session.client.identity?.alreadySynced ? 'already-synced' : 'ready';
    const state = finding === 'ready' ? 'waits' : 'waits, already synchronised,';
    return {
      finding,
      ok: true,
      found: `the bootloader of a ${chip.name} with ${flashBytes / 1024} KiB of flash ${state} on ${path}`,
      fix: hintFor(finding),
      chip: chip.name,
      flashBytes,
      uid,
      ...(bankMode && { bankMode }),
    };
  } catch (error) {
    if (!(error instanceof ReflowError)) throw error;
    const finding = error instanceof FlashError ? error.finding : 'garbled';
    const wiringMatters = finding === 'nothing-answers' || finding === 'application' || finding === 'garbled';
    return {
      finding,
      ok: false,
      found: error.message,
      fix: error.hint,
      ...(wiringMatters && options.wiring && { wiring: options.wiring }),
    };
  } finally {
    await port.close();
  }
}

function openDiagnosis(path: string, error: unknown): Diagnosis {
  const cause = error instanceof ReflowError && error.cause instanceof Error ? error.cause : error;
  const text = cause instanceof Error ? cause.message : String(cause);
  const is = (finding: Finding, found: string): Diagnosis => ({
    finding,
    ok: false,
    found,
    fix: hintFor(finding),
  });
  if (/no such file|ENOENT/i.test(text)) return is('port-missing', `serial port ${path} does not exist`);
  if (/permission|EACCES/i.test(text))
    return { ...is('no-rights', `no rights to open serial port ${path}`), udevRule };
  if (/lock|temporarily unavailable|busy/i.test(text)) {
    return is('port-locked', `serial port ${path} is in use by another program`);
  }
  return is('not-serial', `${path} cannot be opened as a serial port: ${text}`);
}
