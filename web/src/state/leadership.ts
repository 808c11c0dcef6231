/**
 * One tab of several does a work for all: holds the stream of changes. Another takes over when it is closed.
 *
 * Web Locks exist only in secure contexts: https, or the machine itself. A class that opens http://192.168.1.20:8000
 * has none. There, the tabs that are seen agree by messages: timers of hidden tabs are slowed down, so a hidden one
 * could not be told from a closed one.
 */

import { either } from '../api/signals.ts';

/** Does its work until the signal aborts, or until it is done with it for good. */
export type Work = (signal: AbortSignal) => Promise<void>;

export interface Leadership {
  /** Wait for one's turn, and work; again after each loss of the lead, until `signal` aborts. */
  lead(work: Work, signal: AbortSignal): Promise<void>;
  /** Take the lead from a tab that seems to sleep. */
  take(): void;
}

/** By Web Locks. */
export class LockLeadership implements Leadership {
  readonly #name: string;
  readonly #locks: LockManager;
  #isTaking = false;
  #turn: AbortController | null = null;

  constructor(name: string, locks: LockManager) {
    this.#name = name;
    this.#locks = locks;
  }

  async lead(work: Work, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const turn = (this.#turn = new AbortController());
      const waiting = either(signal, turn.signal);
      const lost = new AbortController();
      const isTaking = this.#isTaking;
      this.#isTaking = false;
      try {
        // `steal` and `signal` cannot be used together.
        await this.#locks.request(this.#name, isTaking ? { steal: true } : { signal: waiting }, () => {
          this.#turn = null;
          return work(either(signal, lost.signal));
        });
        return;
      } catch (error) {
        lost.abort(); // somebody took the lock
        if (!(error instanceof DOMException && error.name === 'AbortError')) throw error;
      }
    }
  }

  take(): void {
    if (!this.#turn) return; // it leads already
    this.#isTaking = true;
    this.#turn.abort(); // waits no more, and asks again
  }
}

/** What tabs without locks tell each other. */
interface Claim {
  says: 'claim' | 'held' | 'released';
  tab: number;
}

/** The part of a BroadcastChannel that is used. */
export interface Channel {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent) => void) | null;
}

/** What is known about whether this tab is seen. */
export interface Sight {
  isSeen(): boolean;
  /** Calls back when that changes; returns how to end it. */
  onchange(callback: () => void): () => void;
}

const ANSWER_MS = 250; // how long a tab waits for another that holds the lead
const HELD_EVERY_MS = 1000;
const GONE_MS = 3200; // a tab that was silent for so long is gone

/** By messages between the tabs that are seen. */
export class SeenLeadership implements Leadership {
  readonly #channel: Channel;
  readonly #sight: Sight;
  readonly #tab: number;
  #leads = false;
  /** When another tab last said that it leads. */
  #heard = -Infinity;
  #yield: (() => void) | null = null;
  #wake: (() => void) | null = null;
  #claims = false;
  #isBeaten = false;

  constructor(channel: Channel, sight: Sight, tab: number = Math.random()) {
    this.#channel = channel;
    this.#sight = sight;
    this.#tab = tab;
    channel.onmessage = ({ data }: MessageEvent<Claim>): void => this.#hear(data);
  }

  async lead(work: Work, signal: AbortSignal): Promise<void> {
    const end = this.#sight.onchange(() => {
      if (!this.#sight.isSeen()) this.#yield?.();
      this.#wake?.();
    });
    signal.addEventListener('abort', () => (this.#yield?.(), this.#wake?.()));
    try {
      while (!signal.aborted) {
        if (await this.#isFirst(signal)) await this.#turn(work, signal);
      }
    } finally {
      end();
    }
  }

  /** A tab that is silent is passed over anyway. */
  take(): void {
    this.#wake?.();
  }

  /** Whether no other tab leads or wants to. Otherwise waits a little. */
  async #isFirst(signal: AbortSignal): Promise<boolean> {
    if (!this.#sight.isSeen()) {
      await this.#sleep(60_000);
      return false;
    }
    const rest = this.#heard + GONE_MS - Date.now();
    if (rest > 0) {
      await this.#sleep(rest + ANSWER_MS * Math.random());
      return false;
    }
    this.#isBeaten = false;
    this.#claims = true;
    this.#say('claim');
    await this.#sleep(ANSWER_MS);
    this.#claims = false;
    return !this.#isBeaten && this.#sight.isSeen() && !signal.aborted && this.#heard + GONE_MS <= Date.now();
  }

  async #turn(work: Work, signal: AbortSignal): Promise<void> {
    const turn = new AbortController();
    this.#yield = () => turn.abort();
    this.#leads = true;
    this.#say('held');
    const beat = setInterval(() => this.#say('held'), HELD_EVERY_MS);
    try {
      await work(either(signal, turn.signal));
    } finally {
      clearInterval(beat);
      this.#leads = false;
      this.#yield = null;
      this.#say('released');
    }
  }

  #hear({ says, tab }: Claim): void {
    if (says === 'released') {
      this.#heard = -Infinity;
      this.#wake?.();
    } else if (says === 'held') {
      this.#heard = Date.now();
      if (this.#leads && tab < this.#tab)
        this.#yield?.(); // both lead: one is enough
      else if (this.#leads) this.#say('held');
    } else if (this.#leads) this.#say('held');
    else if (tab < this.#tab) this.#isBeaten = true;
    else if (this.#claims) this.#say('claim'); // so that the other one knows
  }

  #say(says: Claim['says']): void {
    this.#channel.postMessage({ says, tab: this.#tab } satisfies Claim);
  }

  #sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
