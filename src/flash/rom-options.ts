/** How a virtual STM32 is made: which one, how old, how slow, and what is wrong with it. */
import type { BankMode } from './chips.js';
import type { LineClock } from './line-clock.js';
import type { RomFaults } from './rom-faults.js';
import type { DeviceControl } from './sim-line.js';

export interface RomOptions {
  readonly clock?: LineClock;
  readonly bankMode?: BankMode;
  /** Protocol version; below 0x31 a bad address is dropped without NACK, below 0x30 erase is the old command. */
  readonly version?: number;
  readonly readoutProtected?: boolean;
  /** Some products refuse a protected command twice. */
  readonly twoNacks?: boolean;
  readonly protectedSectors?: readonly number[];
  readonly faults?: RomFaults;
  readonly uid?: Uint8Array;
  /** Duration of an erase, ms per KiB. */
  readonly eraseMsPerKib?: number;
  /** Duration of programming one word, or one byte in byte mode, microseconds. */
  readonly programUs?: number;
  /** Modem lines (DTR drives NRST, a deasserted RTS is BOOT0 = 1) and line settings, where the port has them. */
  readonly control?: DeviceControl;
  /** Above this baud rate the autobaud measures wrongly. */
  readonly mostBaud?: number;
  /** H74x V9.0: the ACK of the Go command never comes. */
  readonly goWithoutFirstAck?: boolean;
  /** As users report of H723: a read between two writes makes the second lose its first 32 bytes. */
  readonly readSpoilsNextWrite?: boolean;
  /** Starts in its application, which answers in text, until a reset with BOOT0 = 1. */
  readonly startsInApplication?: boolean;
  /** Called after Go, once its ACK is on the line, and after a reset into the application. */
  readonly onGo?: (address: number, flash: Uint8Array) => void;
}
