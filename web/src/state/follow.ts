/**
 * The changes of the owner's jobs, in order, each once, in every tab, over one stream for all of them.
 *
 * Every tab knows the position up to which it has seen changes. The tab that leads reads the stream from its
 * position, and tells the others from where to where each bundle goes. Who lacks something before it gets that by
 * pages; who knows it already skips it. So tabs may come, go, sleep and take over at any time.
 */

import type { Change } from '../api/changes.ts';
import type { ServerProblem } from '../api/problem.ts';
import { either } from '../api/signals.ts';
import type { Channel, Leadership } from './leadership.ts';

/** What tabs tell each other. */
export type Message =
  | { kind: 'changes'; from: number; to: number; changes: Change[] }
  | { kind: 'state'; connected: boolean }
  | { kind: 'reset'; position: number }
  | { kind: 'ask' };

export interface Server {
  /** The changes after a position; without one, the newest position. */
  page(after: number | null, signal: AbortSignal): Promise<{ changes: readonly Change[]; position: number }>;
  /** Reads until the connection ends. `onnews` also tells of heartbeats, with no changes. */
  stream(after: number, onnews: (changes: Change[]) => void, signal: AbortSignal): Promise<void>;
}

export interface Listener {
  changes(changes: readonly Change[]): void;
  /** The stream is open: what is told from now on is complete. Null while it is not known. */
  connected(connected: boolean, problem: ServerProblem | null): void;
  /** The server has forgotten positions: it is another one. Everything known is void. */
  reset(): void;
  /** The token is refused. */
  refused(): void;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 20_000;
const SILENT_MS = 25_000; // a leader that is awake says something with every heartbeat
const UNAUTHORIZED = 401;

export class Follower {
  #position: number | null = null;
  #queue: Promise<void> = Promise.resolve();
  #heard = Date.now();
  #leads = false;
  #connected = false;
  #wake: (() => void) | null = null;
  readonly #end = new AbortController();
  #attempt: AbortController | null = null;

  constructor(
    private readonly server: Server,
    private readonly channel: Channel,
    private readonly leadership: Leadership,
    private readonly listener: Listener,
    private readonly random: () => number = Math.random,
  ) {}

  /** The position up to which everything was told. */
  get position(): number | null {
    return this.#position;
  }

  /** Follow until `stop`. Returns when the position is known: jobs listed afterwards miss nothing. */
  async start(): Promise<void> {
    this.channel.onmessage = ({ data }: MessageEvent<Message>): void => this.#hear(data);
    await this.#first();
    if (this.#end.signal.aborted) return;
    this.#say({ kind: 'ask' });
    void this.leadership.lead((signal) => this.#lead(signal), this.#end.signal);
  }

  stop(): void {
    this.#end.abort();
    this.channel.onmessage = null;
  }

  /** The page is seen again, or the network is back: do not wait any longer. */
  hurry(): void {
    if (this.#wake) this.#wake();
    else if (this.#leads && Date.now() - this.#heard > SILENT_MS) this.#attempt?.abort();
    else if (!this.#leads) this.#checkLeader();
  }

  /** Called now and then while the page is seen: take the lead from a tab that sleeps. */
  watch(): void {
    if (!this.#leads && this.#position !== null && Date.now() - this.#heard > 2 * SILENT_MS)
      this.leadership.take();
  }

  #checkLeader(): void {
    if (this.#position === null || Date.now() - this.#heard < SILENT_MS) return;
    const asked = Date.now();
    this.#say({ kind: 'ask' });
    this.#do(() => this.#catchUp());
    setTimeout(() => {
      if (this.#heard < asked) this.leadership.take();
    }, 2000);
  }

  async #first(): Promise<void> {
    for (let failures = 0; this.#position === null && !this.#end.signal.aborted; failures++) {
      try {
        this.#position = (await this.server.page(null, this.#end.signal)).position;
      } catch (error) {
        await this.#failed(error, failures);
      }
    }
  }

  async #lead(signal: AbortSignal): Promise<void> {
    this.#leads = true;
    for (let failures = 0; !signal.aborted; failures++) {
      const attempt = (this.#attempt = new AbortController());
      const current = either(signal, attempt.signal);
      try {
        await this.#queue; // what the leader before has told
        await this.#catchUp(current); // the stream would do, but not tell that positions went back
        await this.server.stream(
          this.#position!,
          (changes) => {
            failures = -1;
            this.#heard = Date.now();
            if (!this.#connected || !changes.length) this.#isConnected(true);
            this.#tell(changes);
          },
          current,
        );
        if (!signal.aborted) await this.#failed(null, failures);
      } catch (error) {
        if (!signal.aborted) await this.#failed(attempt.signal.aborted ? null : error, failures);
      }
    }
    this.#leads = false;
  }

  #tell(changes: Change[]): void {
    if (!changes.length) return;
    const from = this.#position!;
    const to = changes.at(-1)!.position;
    this.#say({ kind: 'changes', from, to, changes });
    this.#take(changes, to);
  }

  /** What another tab says. */
  #hear(message: Message): void {
    if (message.kind === 'ask') {
      if (this.#leads) this.#say({ kind: 'state', connected: this.#connected });
      return;
    }
    this.#heard = Date.now();
    if (this.#leads) return;
    if (message.kind === 'state') {
      if (message.connected !== this.#connected) this.#isConnected(message.connected, null, false);
    } else if (message.kind === 'changes') this.#do(() => this.#follow(message));
    else this.#do(() => Promise.resolve(this.#reset(message.position)));
  }

  async #follow({ from, to, changes }: Message & { kind: 'changes' }): Promise<void> {
    if (this.#position === null || to <= this.#position) return;
    if (from > this.#position) await this.#catchUp();
    this.#take(changes, to);
  }

  /** Take what is new of these changes, which have no gap to the position. */
  #take(changes: readonly Change[], to: number): void {
    const fresh = changes.filter((change) => change.position > this.#position!);
    this.#position = Math.max(this.#position!, to);
    if (fresh.length) this.listener.changes(fresh);
  }

  /** Read by pages what was missed. */
  async #catchUp(signal: AbortSignal = this.#end.signal): Promise<void> {
    for (;;) {
      const before = this.#position!;
      const { changes, position } = await this.server.page(before, signal);
      if (position < before) {
        if (this.#leads) this.#say({ kind: 'reset', position });
        this.#reset(position);
        return;
      }
      if (this.#leads && position > before)
        this.#say({ kind: 'changes', from: before, to: position, changes: [...changes] });
      this.#take(changes, position);
      if (!changes.length) return;
    }
  }

  #reset(position: number): void {
    this.#position = position;
    this.listener.reset();
  }

  /** One after the other; a failure is made good by the next bundle, whose `from` is above the position then. */
  #do(work: () => Promise<void>): void {
    this.#queue = this.#queue.then(work).catch(() => undefined);
  }

  #isConnected(connected: boolean, problem: ServerProblem | null = null, isMine = true): void {
    if (isMine) this.#say({ kind: 'state', connected });
    const isNews = connected !== this.#connected || problem !== null;
    this.#connected = connected;
    if (isNews) this.listener.connected(connected, problem);
  }

  async #failed(error: unknown, failures: number): Promise<void> {
    if (this.#end.signal.aborted) return; // nobody asks any more
    const problem = isProblem(error) ? error : null;
    if (problem?.status === UNAUTHORIZED) {
      this.#end.abort();
      this.listener.refused();
      return;
    }
    this.#isConnected(false, problem, this.#leads);
    const growing = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.max(0, failures));
    const least = 1000 * (problem?.retryAfter ?? 0);
    await this.#sleep(Math.max(least, growing) * (1 + this.random() / 2));
  }

  #say(message: Message): void {
    this.channel.postMessage(message);
  }

  #sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#end.signal.removeEventListener('abort', done);
        this.#wake = null;
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      this.#end.signal.addEventListener('abort', done);
      this.#wake = done;
    });
  }
}

function isProblem(error: unknown): error is ServerProblem {
  return error instanceof Error && 'status' in error;
}
