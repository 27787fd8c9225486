/**
 * Time as something to hand in, with timers that can be cancelled. Every wait of the flasher and of its emulator goes
 * through a LineClock, so that tests run minutes of time-outs in milliseconds and bit-identically.
 */

export interface LineClock {
  /** Milliseconds since an arbitrary start; never runs backwards. */
  now(): number;
  /** Calls `run` once, `delayMs` from now. Returns a function that cancels it. */
  schedule(delayMs: number, run: () => void): () => void;
}

/** The process's own clock; a timer is up to a millisecond late. */
export const realClock: LineClock = {
  now: () => performance.now(),
  schedule(delayMs, run) {
    const timer = setTimeout(run, Math.max(0, delayMs));
    return () => clearTimeout(timer);
  },
};

/**
 * The process's own clock with timers that are right to some tens of microseconds: the last two milliseconds are spent
 * polling. It burns a core while a timer is near, so it is for pacing an emulated line, not for waiting.
 */
export const preciseClock: LineClock = {
  now: () => performance.now(),
  schedule(delayMs, run) {
    const due = performance.now() + delayMs;
    let cancelled = false;
    const poll = () => {
      if (cancelled) return;
      if (performance.now() >= due) run();
      else setImmediate(poll);
    };
    if (delayMs > 3) setTimeout(poll, delayMs - 2);
    else setImmediate(poll);
    return () => {
      cancelled = true;
    };
  },
};

/** Resolves after `ms` on that clock. */
export function sleep(clock: LineClock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.schedule(ms, resolve));
}

interface Timer {
  readonly due: number;
  readonly run: () => void;
  cancelled: boolean;
}

/**
 * A clock that jumps to its next timer as soon as every promise has settled. Whatever waits must wait on this clock;
 * the order of two timers of the same instant is the order in which they were set.
 */
export class VirtualClock implements LineClock {
  #now = 0;
  #pumping = false;
  readonly #timers: Timer[] = [];

  now(): number {
    return this.#now;
  }

  schedule(delayMs: number, run: () => void): () => void {
    const timer: Timer = { due: this.#now + Math.max(0, delayMs), run, cancelled: false };
    let at = this.#timers.length;
    while (at > 0 && this.#timers[at - 1]!.due > timer.due) at--;
    this.#timers.splice(at, 0, timer);
    if (!this.#pumping) {
      this.#pumping = true;
      setImmediate(this.#step);
    }
    return () => {
      timer.cancelled = true;
    };
  }

  readonly #step = (): void => {
    let timer = this.#timers.shift();
    while (timer?.cancelled) timer = this.#timers.shift();
    if (!timer) {
      this.#pumping = false;
      return;
    }
    this.#now = timer.due;
    timer.run();
    // Promises that the timer settled run before the next setImmediate.
    setImmediate(this.#step);
  };
}
