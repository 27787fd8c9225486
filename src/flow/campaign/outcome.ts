/** What becomes of a trial, from the stage in which it failed and the error's code. */
import type { ErrorCode } from '../../base/error.js';

/** `done` and `noisy` have a result. */
export const outcomes = [
  'done',
  'noisy',
  'wrong output',
  'build',
  'does not fit',
  'flash',
  'no boot',
  'hang',
  'power lost',
  'internal',
] as const;
export type Outcome = (typeof outcomes)[number];

/** Stages of a trial, in order. */
export type Stage = 'plan' | 'build' | 'reference' | 'flash' | 'boot' | 'verify' | 'profile';

export interface Verdict {
  readonly outcome: Outcome;
  /**
   * Whose fault it may be. `network`: it will fail everywhere. `board`: the board may be sick, or the network may have
   * made it so. `host`: this host lacks something; another one may do better.
   */
  readonly fault: 'network' | 'board' | 'host';
}

const network = (outcome: Outcome): Verdict => ({ outcome, fault: 'network' });
const board = (outcome: Outcome): Verdict => ({ outcome, fault: 'board' });

export function verdictOn(code: ErrorCode, stage: Stage): Verdict {
  if (code === 'E_TOOL_MISSING' || code === 'E_DISK_FULL') return { outcome: 'build', fault: 'host' };
  if (code === 'E_DOES_NOT_FIT') return network('does not fit');
  if (code === 'E_MISMATCH') return network('wrong output');
  if (code === 'E_INTERNAL') return board('internal');
  switch (stage) {
    case 'plan':
    case 'build':
    case 'reference':
      return network('build');
    case 'flash':
      return board(code === 'E_PORT' ? 'power lost' : 'flash');
    case 'boot':
      return board(code === 'E_PORT' ? 'power lost' : 'no boot');
    default:
      // E_DEVICE: the board has started anew while it ran; like silence, that is a network that does not come back.
      return board(code === 'E_PORT' ? 'power lost' : 'hang');
  }
}
