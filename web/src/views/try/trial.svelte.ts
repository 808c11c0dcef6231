/** One sample at a time, and what the delivered files answer to it. */

import { explain, predict, type Explanation, type Prediction } from '../../api/arrays.ts';
import { ServerProblem } from '../../api/client.ts';
import { Newest } from '../../state/newest.ts';
import { Latest } from './latest.ts';

/** What is sent: pixels as they are, other numbers as float32. */
export type Sample = Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

/** The explanation takes many runs of the file, so it is asked for when the sample has not changed for this long. */
const REST_MS = 200;
/** Maps of a layer that are asked for, of which the liveliest are shown. */
const MOST = 64;
/** Measures that are kept for whoever wants to know how fast the page is. */
const KEPT = 500;
const MEASURE = 'quickml:answer';

/** Values of columns, or arrays of sensors, by the names of inputs. */
export type Row = Readonly<Record<string, number | string | null | readonly number[]>>;

interface Question<S> {
  readonly sample: S;
  readonly file: string;
  readonly other: string;
  /** When somebody moved, as `performance.now()`. */
  readonly at: number;
}

export interface Answered<S = Sample> {
  readonly sample: S;
  readonly first: Prediction;
  /** Of the file it is compared with. */
  readonly second: Prediction | null;
  /** From the request to the decoded answer, in milliseconds. */
  readonly roundTrip: number;
}

export class Trial<S extends Sample | Row = Sample> {
  /** The file that answers, and the one it is compared with; empty for none. */
  file = $state('');
  other = $state('');
  /** What is shown to the network; null before anything is drawn. */
  sample = $state.raw<S | null>(null);
  answered = $state.raw<Answered<S> | null>(null);
  why = $state.raw<{ readonly sample: S; readonly found: Explanation } | null>(null);
  /** What the file computes when nothing is drawn: shown until something is. */
  rest = $state.raw<Prediction | null>(null);
  /** Whether the file is being loaded: the first answer takes longer. */
  warming = $state(true);
  error = $state('');
  readonly #asking: Latest<Question<S>, Answered<S>>;
  readonly #shown = new Newest();
  #rest: ReturnType<typeof setTimeout> | undefined;
  #explaining: AbortController | null = null;

  constructor(
    readonly job: string,
    file: string,
    other: string,
    private readonly rendered: () => Promise<void>,
    /** Whether the server can say which parts of a sample mattered. */
    private readonly explains = true,
  ) {
    this.file = file;
    this.other = other;
    this.#asking = new Latest(
      (question) => this.#ask(question),
      (answered, question, isNewest) => void this.#answer(answered, question, isNewest),
      (error) => this.#fail(error),
    );
  }

  /** Make the server load the file before the first stroke, by asking for its answer to an empty sample. */
  async warm(sample: S): Promise<void> {
    try {
      this.rest = await predict(this.job, sample, { file: this.file, activations: ['*'], most: MOST });
    } catch (error) {
      this.#fail(error);
    }
    this.warming = false;
  }

  /** Show a sample to the network. `at` is when it was made, as events have it. */
  show(sample: S, at = performance.now()): void {
    this.#shown.begin();
    this.sample = sample;
    this.#explaining?.abort();
    clearTimeout(this.#rest);
    this.#asking.push({ sample, file: this.file, other: this.other, at });
  }

  /**
   * Show a sample that is still on its way, unless something else is shown meanwhile.
   *
   * @returns whether it is shown
   */
  async showLater(coming: Promise<S>, at = performance.now()): Promise<boolean> {
    const isNewest = this.#shown.begin();
    try {
      const sample = await coming;
      if (!isNewest()) return false;
      this.show(sample, at);
      return true;
    } catch (error) {
      if (isNewest()) throw error;
      return false;
    }
  }

  /** Ask again about the same sample: another file is chosen. */
  again(): void {
    if (this.sample) this.show(this.sample);
  }

  clear(): void {
    this.#shown.begin();
    this.#explaining?.abort();
    clearTimeout(this.#rest);
    this.sample = null;
    this.answered = null;
    this.why = null;
    this.error = '';
  }

  close(): void {
    this.clear();
    this.#asking.close();
  }

  async #ask({ sample, file, other }: Question<S>): Promise<Answered<S>> {
    const start = performance.now();
    const [first, second] = await Promise.all([
      predict(this.job, sample, { file, activations: ['*'], most: MOST }),
      other ? predict(this.job, sample, { file: other }) : null,
    ]);
    return { sample, first, second, roundTrip: performance.now() - start };
  }

  async #answer(answered: Answered<S>, { at }: Question<S>, isNewest: boolean): Promise<void> {
    if (!this.sample) return; // cleared meanwhile
    this.answered = answered;
    this.warming = false;
    this.error = '';
    if (isNewest && this.explains) this.#explainLater();
    await this.rendered();
    if (performance.getEntriesByName(MEASURE).length >= KEPT) performance.clearMeasures(MEASURE);
    performance.measure(MEASURE, { start: at, end: performance.now() });
  }

  #explainLater(): void {
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => void this.#explain(), REST_MS);
  }

  async #explain(): Promise<void> {
    const { sample, file } = this;
    if (!sample) return;
    this.#explaining?.abort();
    this.#explaining = new AbortController();
    const { signal } = this.#explaining;
    try {
      const found = await explain(this.job, sample, { file, signal });
      if (this.sample === sample) this.why = { sample, found };
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.warming = false;
    this.error = error instanceof ServerProblem ? error.detail : String(error);
  }
}
