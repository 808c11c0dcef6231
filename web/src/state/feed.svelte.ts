/** All changes of the owner's jobs, for everybody in this tab who listens. */

import { changesAfter, streamChanges, type Change } from '../api/changes.ts';
import { base, type ServerProblem } from '../api/client.ts';
import { digest } from './digest.ts';
import { Follower } from './follow.ts';
import { LockLeadership, SeenLeadership, type Leadership, type Sight } from './leadership.ts';
import { session } from './session.svelte.ts';

export interface FeedListener {
  changes?(changes: readonly Change[]): void;
  /** The stream is open again after it was not. */
  connected?(): void;
  /** All that is known has to be fetched again: there is another token, or another server. */
  reset?(): void;
}

const WATCH_MS = 10_000;
const sight: Sight = {
  isSeen: () => document.visibilityState === 'visible',
  onchange(callback) {
    document.addEventListener('visibilitychange', callback);
    return () => document.removeEventListener('visibilitychange', callback);
  },
};

class Feed {
  /** Whether the stream is open. Null before the first attempt has ended. */
  connected = $state<boolean | null>(null);
  /** Why it is not. */
  problem = $state.raw<ServerProblem | null>(null);
  /** How often the server could be reached again. */
  returns = $state(0);
  readonly #listeners = new Set<FeedListener>();
  #follower: Follower | null = null;
  #ready: Promise<void> | null = null;
  #begin: ((ready: Promise<void>) => void) | null = null;
  #token: string | null = null;

  /** Begin, if it has not begun. Resolves when nothing that changes from now on will be missed. */
  start(): Promise<void> {
    if (!this.#ready) {
      // Without a token the server would refuse: wait until one is entered.
      this.#ready = session.refused ? new Promise((begin) => (this.#begin = begin)) : this.#follow();
      $effect.root(() => {
        $effect(() => this.#checkToken(session.token, session.refused));
      });
      document.addEventListener('visibilitychange', () => sight.isSeen() && this.#follower?.hurry());
      addEventListener('online', () => {
        this.#follower?.hurry();
        this.returns += 1;
      });
      addEventListener('pageshow', () => this.#follower?.hurry());
      setInterval(() => sight.isSeen() && this.#follower?.watch(), WATCH_MS);
    }
    return this.#ready;
  }

  /** Listen to what changes from now on. Returns how to end it. */
  listen(listener: FeedListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #follow(): Promise<void> {
    this.#token = session.token;
    const name = `quickml.changes ${base} ${digest(session.token)}`;
    const channel = new BroadcastChannel(name);
    const follower = new Follower(
      {
        page: changesAfter,
        stream: (after, onnews, signal) => streamChanges({ after, onnews, signal }),
      },
      channel,
      leadership(name),
      {
        changes: (changes) => this.#tell((listener) => listener.changes?.(changes)),
        connected: (connected, problem) => this.#isConnected(connected, problem),
        reset: () => this.#tell((listener) => listener.reset?.()),
        refused: () => {
          this.#token = null; // the same one may be entered again
          session.refused = true;
        },
      },
    );
    this.#follower = follower;
    return follower.start();
  }

  #checkToken(token: string, isRefused: boolean): void {
    if (isRefused || token === this.#token) return;
    this.#follower?.stop();
    this.connected = null;
    this.#ready = this.#follow();
    this.#begin?.(this.#ready);
    this.#tell((listener) => listener.reset?.());
  }

  #isConnected(connected: boolean, problem: ServerProblem | null): void {
    const wasLost = this.connected === false;
    this.connected = connected;
    this.problem = connected ? null : problem;
    if (!connected || !wasLost) return;
    this.returns += 1;
    this.#tell((listener) => listener.connected?.());
  }

  #tell(news: (listener: FeedListener) => void): void {
    for (const listener of [...this.#listeners]) news(listener);
  }
}

function leadership(name: string): Leadership {
  // TypeScript declares it as always present, but browsers have it in secure contexts only.
  const locks = (navigator as { locks?: LockManager }).locks;
  return locks
    ? new LockLeadership(name, locks)
    : new SeenLeadership(new BroadcastChannel(`${name} lead`), sight);
}

export const feed = new Feed();
