/** The seam to time. */
export interface Clock {
  /** Milliseconds from a fixed point; never goes back. */
  nowMs(): number;
  /** The time of day, as ISO 8601 in UTC. */
  timestamp(): string;
  sleep(ms: number): Promise<void>;
}

export const clock: Clock = {
  nowMs: () => performance.now(),
  timestamp: () => new Date().toISOString(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/** A fake: time passes only when someone sleeps. */
export class FakeClock implements Clock {
  #now = 0;

  nowMs(): number {
    return this.#now;
  }

  timestamp(): string {
    return new Date(this.#now).toISOString();
  }

  async sleep(ms: number): Promise<void> {
    this.#now += ms;
  }
}
