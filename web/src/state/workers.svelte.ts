/** What the server is doing: free workers, waiting jobs. Asked rarely, and when jobs begin or end. */

import { base } from '../api/client.ts';
import type { Schemas } from '../api/client.ts';
import { feed } from './feed.svelte.ts';

const EVERY_MS = 30_000;
const STARTING_MS = 2000; // no change tells that a worker has started
const SOON_MS = 400;
const TELLING = ['started', 'verified', 'failed', 'cancelled', 'interrupted'];

class Workers {
  /** Of all servers and workers of its database; null until it has answered. */
  free = $state<number | null>(null);
  /** Those that cannot take a job yet. */
  starting = $state(0);
  queued = $state(0);
  /** Whether no worker is connected: jobs wait until one is. */
  none = $state(false);
  /** Whether no worker can start, or the database or the disk is in trouble. */
  trouble = $state(false);
  /** Whether the last request did not reach it. */
  unreachable = $state(false);
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isStarted = false;

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    feed.listen({
      changes: (changes) => {
        if (changes.some(({ change, event }) => change !== 'event' || TELLING.includes(event?.type ?? '')))
          this.#soon(SOON_MS);
      },
      connected: () => this.#soon(0),
    });
    void feed.start();
    document.addEventListener('visibilitychange', () => this.#soon(0));
    this.#soon(0);
  }

  #soon(milliseconds: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (document.visibilityState === 'hidden') return;
    this.#timer = setTimeout(() => void this.#ask(), milliseconds);
  }

  async #ask(): Promise<void> {
    try {
      const response = await fetch(`${base}readyz`); // 503 has the same content
      const { ready, workers, queued, seats } = (await response.json()) as Schemas['Readiness'];
      const { trouble, ...counts } = workers;
      const byState = counts as Record<string, number>;
      this.starting = byState['starting'] ?? 0;
      this.free = Math.max(0, (seats?.free ?? 0) - this.starting);
      this.none = seats?.all === 0 && !this.starting;
      this.queued = queued;
      this.trouble = trouble || !ready;
      this.unreachable = false;
    } catch {
      this.unreachable = true;
    }
    this.#soon(this.starting ? STARTING_MS : EVERY_MS);
  }
}

export const workers = new Workers();
