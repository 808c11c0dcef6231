/** The server's time, roughly: ages do not depend on whether the clock of this device is right. */

const TICK_MS = 10_000;

class Clock {
  #offset = 0;
  #now = $state(Date.now());
  #isRunning = false;

  /** The time of the server, which goes on. */
  get now(): Date {
    if (!this.#isRunning) {
      this.#isRunning = true;
      setInterval(() => (this.#now = Date.now() + this.#offset), TICK_MS);
    }
    return new Date(this.#now);
  }

  /** Learn from the `Date` of a response. Small differences are the way of the response. */
  learn(header: string | null): void {
    const offset = Date.parse(header ?? '') - Date.now();
    if (Number.isNaN(offset)) return;
    this.#offset = Math.abs(offset) < 3000 ? 0 : offset;
    const now = Date.now() + this.#offset;
    if (Math.abs(now - this.#now) > TICK_MS) this.#now = now;
  }
}

export const clock = new Clock();
