/**
 * The one error type that users see. `base` may be imported by everyone; it imports nothing of ours.
 *
 * Every failure that a user can cause or meet is a ReflowError: one line that says what is wrong and where, one that
 * says what to do next, a stable code, and the process's exit status. Anything else that reaches the command line is
 * a bug in reflow and is reported as E_INTERNAL.
 */

/** Exit status of the command line: 1 failed, 2 wrong usage, 3 cannot fit or not supported. */
export type ExitStatus = 1 | 2 | 3;

/** Every code that reflow can print, with its exit status. The table is the catalogue: README lists it, a test compares. */
export const errorCodes = {
  E_INTERNAL: 1,
  E_USAGE: 2,
  E_CONFIG: 2,
  E_FILE: 1,
  E_DISK_FULL: 1,
  E_MODEL_FORMAT: 1,
  E_GRAPH: 1,
  E_UNSUPPORTED: 3,
  E_DOES_NOT_FIT: 3,
  E_PLAN: 1,
  E_INPUT: 2,
  E_KERNEL: 2,
  E_BOARD: 2,
  E_TARGET: 1,
  E_TOOL_MISSING: 1,
  E_BUILD: 1,
  E_PORT: 1,
  E_TIMEOUT: 1,
  E_PROTOCOL: 1,
  E_DEVICE: 1,
  E_FLASH: 1,
  E_MISMATCH: 1,
  E_STORE: 1,
} as const satisfies Record<string, ExitStatus>;

export type ErrorCode = keyof typeof errorCodes;

/** A failure with a stable code. `message` says what and where, `hint` what to do next; both are single lines. */
export class ReflowError extends Error {
  override readonly name = 'ReflowError';
  readonly exitStatus: ExitStatus;

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly hint: string,
    options?: { cause?: unknown },
  ) {
    super(oneLine(message), options);
    this.exitStatus = errorCodes[code];
  }

  /** The line that the command line prints: `E_CODE: what and where. Next: what to do`. */
  get line(): string {
    return `${this.code}: ${this.message}. Next: ${oneLine(this.hint)}`;
  }
}

/** Anything that is not ours is a fault in reflow; REFLOW_DEBUG=1 shows where. */
export function asReflowError(thrown: unknown): ReflowError {
  if (thrown instanceof ReflowError) return thrown;
  const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return new ReflowError(
    'E_INTERNAL',
    text,
    'report this with the command line; REFLOW_DEBUG=1 shows where it happened',
    {
      cause: thrown,
    },
  );
}

function oneLine(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, ' ').trim();
}
