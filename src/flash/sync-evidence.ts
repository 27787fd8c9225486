/** What the bytes that came in place of an ACK say about the other end. Pure. */
import { ACK, NACK } from './an3155.js';
import { FlashError } from './flash-error.js';

export interface SyncEvidence {
  /** Everything received while synchronising. */
  readonly received: number[];
  /** Times that 0x7F was acknowledged. */
  syncs: number;
  /** First commands refused after that. */
  nacks: number;
  /** Commands that were answered as they should be. */
  answers: number;
}

/** Eight bytes or more, nearly all of them text: a program is talking. */
export function looksLikeText(bytes: readonly number[]): boolean {
  const printable = bytes.filter((b) => (b >= 0x20 && b < 0x7f) || b === 0x0a || b === 0x0d || b === 0x09);
  return bytes.length >= 8 && printable.length >= 0.9 * bytes.length;
}

/** Why no bootloader was found. */
export function syncFailure(path: string, baudRates: readonly number[], evidence: SyncEvidence): FlashError {
  const { received, syncs, nacks, answers } = evidence;
  if (received.length === 0) {
    return new FlashError('nothing-answers', `nothing answers on ${path} at ${baudRates.join(', ')} baud`);
  }
  if (looksLikeText(received.filter((b) => b !== ACK && b !== NACK))) {
    const text = String.fromCharCode(...received.slice(0, 40)).replace(/[^ -~]+/g, ' ');
    return new FlashError(
      'application',
      `an application, not the bootloader, answers on ${path}: "${text.trim()}"`,
    );
  }
  if (nacks >= 3 && nacks === syncs && answers === 0) {
    return new FlashError(
      'wrong-parity',
      `the bootloader on ${path} accepts the sync byte and refuses every command: bytes with an even number of ones arrive with wrong parity`,
    );
  }
  return new FlashError(
    'garbled',
    `something answers on ${path}, but not as a bootloader at ${baudRates.join(', ')} baud`,
  );
}
