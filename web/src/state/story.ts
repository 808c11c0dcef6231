/** What the events of a job tell, one after the other. The same events give the same story, live or read again later. */

import type { Schemas } from '../api/client.ts';

export type Event = Schemas['EventItem']['event'];
export const STAGES = ['build', 'train', 'compile', 'verify'] as const;
export interface Stage {
  readonly name: (typeof STAGES)[number];
  /** `skipped`: the job ended before this stage. */
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled' | 'skipped';
  readonly seconds: number | null;
}

/** Losses of steps: value `i` is the mean of the steps from `i * every + 1` on. NaN where none is known. */
export interface Losses {
  readonly every: number;
  readonly values: Float32Array;
}

/** An attempt that failed, and the epoch, with its fraction, that its training had reached. */
export type Interruption = Schemas['Interrupted'] & { readonly reached: number };

const NO_LOSSES: Losses = { every: 1, values: new Float32Array(0) };
const WAITING: readonly Stage[] = STAGES.map((name) => ({ name, state: 'waiting', seconds: null }));
const PACE_POINTS = 12; // of these times, the time left is estimated

/** A job as its events up to `last` tell it. Lists are replaced when they change, never changed. */
export class Story {
  /** Number of the last event. */
  last = 0;
  status: Schemas['Status'] | null = null;
  attempt = 0;
  started: Schemas['Started'] | null = null;
  stages = WAITING;
  built: Schemas['Built'] | null = null;
  progress: Schemas['Progress'] | null = null;
  epoch = 0;
  epochCount = 0;
  snapshot: Schemas['Snapshot'] | null = null;
  trained: Schemas['Trained'] | null = null;
  compressed: readonly Schemas['Compressed'][] = [];
  compiled: Schemas['Compiled'] | null = null;
  verified: Schemas['Verified'] | null = null;
  failed: Schemas['Failed'] | null = null;
  interrupted: readonly Interruption[] = [];
  warnings: readonly Schemas['Warned'][] = [];
  /** Time of the last event, by the server's clock. */
  time: string | null = null;
  readonly #epochs: Schemas['EpochEnded'][] = [];
  #shownEpochs: readonly Schemas['EpochEnded'][] | null = [];
  #every = 1;
  #values = new Float32Array(0);
  #count = 0;
  #losses: Losses | null = NO_LOSSES;
  #pace: { time: number; share: number }[] = [];

  /** The story of some of the events before number `last`, in order. */
  static of(events: readonly { id: number; event: Event }[], last: number): Story {
    const story = new Story();
    for (const { id, event } of events) {
      story.last = id - 1; // events between these are left out
      story.tell(id, event);
    }
    story.last = last;
    return story;
  }

  /** Epochs that are complete. A new array when there are others. */
  get epochs(): readonly Schemas['EpochEnded'][] {
    return (this.#shownEpochs ??= this.#epochs.slice());
  }

  get losses(): Losses {
    return (this.#losses ??= { every: this.#every, values: this.#values.subarray(0, this.#count) });
  }

  /** Seconds until the end of the training, by the server's times; null where nothing can be said. */
  get secondsLeft(): number | null {
    const [first, last] = [this.#pace[0], this.#pace.at(-1)];
    if (this.status !== 'training' || !first || !last || last.share <= first.share) return null;
    return (((1 - last.share) / (last.share - first.share)) * (last.time - first.time)) / 1000;
  }

  /**
   * Tell on. Events that were told already change nothing.
   *
   * @returns whether the event is told now; false if events before it are missing
   */
  tell(id: number, event: Event): boolean {
    if (id <= this.last) return true;
    if (id !== this.last + 1) return false;
    this.last = id;
    this.time = event.time ?? this.time;
    this.#take(event);
    return true;
  }

  #take(event: Event): void {
    switch (event.type) {
      case 'started':
        return this.#start(event);
      case 'warning':
        this.warnings = [...this.warnings, event];
        return;
      case 'built':
        this.built = event;
        this.status = 'training';
        return this.#stage('build', event.seconds, 'train');
      case 'progress':
        return this.#progressed(event);
      case 'batches':
        return this.#addLosses(event);
      case 'snapshot':
        this.snapshot = event;
        return;
      case 'epoch':
        return this.#endEpoch(event);
      case 'trained':
        this.trained = event;
        this.status = 'compiling';
        return this.#stage('train', event.seconds, 'compile');
      case 'compressed':
        this.compressed = [...this.compressed, event];
        return;
      case 'compiled':
        this.compiled = event;
        this.status = 'verifying';
        return this.#stage('compile', event.seconds, 'verify');
      case 'verified':
        this.verified = event;
        this.status = 'ready';
        return this.#stage('verify', event.seconds);
      case 'failed':
        this.failed = event;
        this.status = 'failed';
        return this.#end('failed', 'skipped');
      case 'cancelled':
        this.status = 'cancelled';
        return this.#end('cancelled', 'skipped');
      case 'interrupted':
        this.interrupted = [...this.interrupted, { ...event, reached: this.#reached }];
        this.status = 'queued';
        return this.#end('waiting');
    }
  }

  #start(event: Schemas['Started']): void {
    this.started = event;
    this.attempt += 1;
    this.status = 'building';
    this.epochCount = event.epochs;
    this.progress = this.trained = this.compiled = null;
    this.warnings = [];
    this.compressed = [];
    this.#pace = [];
    this.stages = WAITING.map((stage) => (stage.name === 'build' ? { ...stage, state: 'running' } : stage));
  }

  #stage(done: Stage['name'], seconds: number, next?: Stage['name']): void {
    this.stages = this.stages.map((stage) => {
      if (stage.name === done) return { name: done, state: 'done', seconds };
      return stage.name === next ? { ...stage, state: 'running' } : stage;
    });
  }

  get #reached(): number {
    const within = this.progress
      ? this.progress.epoch - 1 + this.progress.step / Math.max(1, this.progress.steps)
      : 0;
    return Math.max(this.#epochs.at(-1)?.epoch ?? 0, within);
  }

  /** An attempt ends: `running` is what becomes of the stage that ran, `waiting` of those after it. */
  #end(running: Stage['state'], waiting: Stage['state'] = 'waiting'): void {
    this.stages = this.stages.map((stage) => {
      if (stage.state === 'running') return { ...stage, state: running };
      return stage.state === 'waiting' ? { ...stage, state: waiting } : stage;
    });
  }

  #progressed(event: Schemas['Progress']): void {
    this.#forgetEpochsFrom(event.epoch);
    this.progress = event;
    this.epoch = event.epoch;
    this.epochCount = event.epochs;
    this.#paced(event.time, event.epoch - 1 + event.step / Math.max(1, event.steps));
  }

  #endEpoch(event: Schemas['EpochEnded']): void {
    this.#forgetEpochsFrom(event.epoch);
    this.#epochs.push(event);
    this.#shownEpochs = null;
    this.epoch = event.epoch;
    this.epochCount = event.epochs;
    this.#paced(event.time, event.epoch);
  }

  /** A training that goes on after an interruption may be at an earlier epoch. */
  #forgetEpochsFrom(epoch: number): void {
    while (this.#epochs.length && this.#epochs.at(-1)!.epoch >= epoch) {
      this.#epochs.pop();
      this.#shownEpochs = null;
    }
  }

  #paced(time: string | undefined, epochs: number): void {
    const share = epochs / Math.max(1, this.epochCount);
    if (time === undefined || share <= (this.#pace.at(-1)?.share ?? -1)) return;
    this.#pace.push({ time: Date.parse(time), share });
    if (this.#pace.length > PACE_POINTS) this.#pace.shift();
  }

  #addLosses({ first, every, losses }: Schemas['Batches']): void {
    if (every !== this.#every) this.#count = 0;
    this.#every = every;
    const start = Math.round((first - 1) / every);
    this.#reserve(start + losses.length);
    if (start > this.#count) this.#values.fill(NaN, this.#count, start);
    losses.forEach((loss, i) => (this.#values[start + i] = loss ?? NaN));
    this.#count = start + losses.length;
    this.#losses = null;
  }

  #reserve(count: number): void {
    if (count <= this.#values.length) return;
    const larger = new Float32Array(Math.max(count, 2 * this.#values.length, 256));
    larger.set(this.#values.subarray(0, this.#count));
    this.#values = larger;
  }
}
