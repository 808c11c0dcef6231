/** Asks the server about the newest text: soon after an edit, one question at a time, the latest wins. */

import type { Schemas } from '../api/client.ts';

export interface Check extends Readonly<Schemas['ValidationMessage']> {
  /** The text that was checked. */
  readonly text: string;
  /** From the question to the answer. */
  readonly ms: number;
}

export type Ask = (text: string, signal: AbortSignal) => Promise<Schemas['ValidationMessage']>;

const RETRY_MS = 3000;

export class Checker {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking: AbortController | null = null;

  constructor(
    readonly ask: Ask,
    /** Called with the answer to the newest text only. */
    readonly answered: (check: Check) => void,
    /** Called if there is none. The question is asked again later. */
    readonly failed: (error: unknown) => void,
  ) {}

  /** Ask after a delay. Questions asked before are dropped. */
  request(text: string, delay: number): void {
    this.stop();
    this.#timer = setTimeout(() => void this.#send(text), delay);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#asking = null;
  }

  async #send(text: string): Promise<void> {
    const asking = new AbortController();
    this.#asking = asking;
    const start = performance.now();
    try {
      const answer = await this.ask(text, asking.signal);
      if (!asking.signal.aborted) this.answered({ ...answer, text, ms: performance.now() - start });
    } catch (error) {
      if (asking.signal.aborted) return;
      this.failed(error);
      this.#timer = setTimeout(() => void this.#send(text), RETRY_MS);
    }
  }
}
