/**
 * The process of one trial: takes a TrialRequest as its first message, tells each stage, and ends with a report or an error.
 * A process of its own, because a trial must be able to hang, to fill the memory or to crash without harm to the others,
 * and because a planner at work must not keep the campaign from renewing its leases.
 */
import { asReflowError, type ReflowError } from '../../base/error.js';
import type { Stage } from './outcome.js';
import { runTrial, type TrialReport, type TrialRequest } from './run-trial.js';

export type TrialMessage =
  | { readonly kind: 'stage'; readonly stage: Stage }
  | { readonly kind: 'report'; readonly report: TrialReport }
  | { readonly kind: 'error'; readonly code: ReflowError['code']; readonly message: string };

function say(message: TrialMessage, then: () => void = () => undefined): void {
  process.send?.(message, then);
}

// Whoever asked is gone: nobody will read the answer.
process.on('disconnect', () => process.exit(1));
process.once('message', (request: TrialRequest) => {
  runTrial(request, (stage) => say({ kind: 'stage', stage })).then(
    (report) => say({ kind: 'report', report }, () => process.exit(0)),
    (thrown: unknown) => {
      const { code, message } = asReflowError(thrown);
      say({ kind: 'error', code, message }, () => process.exit(0));
    },
  );
});
