/** The film of a job: it grows while the job trains, and is the whole one afterwards. */

import { ServerProblem } from '../api/problem.ts';
import type { Film } from './decoder.ts';
import type { Frame, FilmHeader } from './film.ts';

/** Where the frames come from. */
export interface FilmSource {
  /** The first frames above a number; null if there is no film yet. Throws a problem with 404 if there will be none. */
  page(after: number): Promise<Film | null>;
  /** The finished film; null if it is only in pages. */
  whole(): Promise<Film | null>;
}

/** What a `snapshot` event says. */
export interface News {
  frame: number;
  frames: number;
}

const PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
const FIRST = -1;

export class LiveFilm {
  header = $state.raw<FilmHeader | null>(null);
  /** In order of their numbers. */
  frames = $state.raw<readonly Frame[]>([]);
  /** Whether nothing will change any more. Without frames: there is no film. */
  complete = $state(false);
  error = $state.raw<ServerProblem | null>(null);
  readonly #source: FilmSource;
  readonly #pauseMs: number;
  #isWanted = false;
  /** Whether the state of the job is known. Until then it is open whether to fetch pages or the whole film. */
  #isOpen = false;
  #isReading = false;
  #isDue = false;
  #isOver = false;
  #news: News | null = null;
  #failures = 0;

  constructor(source: FilmSource, pauseMs = PAUSE_MS) {
    this.#source = source;
    this.#pauseMs = pauseMs;
  }

  /** Fetch it from now on. Returns the film, so that it can be called where the film is used. */
  want(): this {
    if (!this.#isWanted) {
      this.#isWanted = true;
      queueMicrotask(() => this.#start()); // a derived value may call this, and must not change state
    }
    return this;
  }

  /** There are new frames. */
  told(news: News): void {
    this.#news = news;
    this.again();
  }

  /** The job is finished. */
  ended(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.again();
  }

  /** The job is known; or look again, after the connection was lost. */
  again(): void {
    if (this.complete) return;
    this.#isOpen = this.#isDue = true;
    this.#start();
  }

  /** Forget everything: the job has other frames. */
  reset(): void {
    this.header = null;
    this.frames = [];
    this.complete = this.#isOver = false;
    this.#news = null;
    this.#isOpen = false;
  }

  /** The epoch that a frame is in, from 1; 0 before the first step. */
  epochOf(frame: Frame): number {
    if (!this.header) return 0;
    const steps = frame.number - (this.isRestored(frame) ? 1 : 0);
    return Math.ceil(steps / this.header.steps_per_epoch);
  }

  /** Whether a frame has the weights that early stopping restored. */
  isRestored(frame: Frame): boolean {
    return frame.number === this.header?.restored;
  }

  /** Index of the last frame whose number is at most this one; the first if all are above; -1 without frames. */
  index(number: number): number {
    let [low, high] = [0, this.frames.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.frames[middle]!.number <= number) low = middle + 1;
      else high = middle;
    }
    return Math.max(low - 1, Math.min(0, this.frames.length - 1));
  }

  #start(): void {
    if (this.#isWanted && this.#isOpen && !this.#isReading) void this.#read();
  }

  async #read(): Promise<void> {
    this.#isReading = true;
    while (this.#isDue && !this.complete) {
      this.#isDue = false;
      try {
        await this.#update();
        this.error = null;
        this.#failures = 0;
      } catch (error) {
        this.#failed(error);
      }
      const pause = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2 ** this.#failures);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    this.#isReading = false;
  }

  #failed(error: unknown): void {
    const problem = error instanceof ServerProblem ? error : new ServerProblem(0, 'film', String(error));
    this.error = problem;
    if (problem.status === 404)
      this.complete = true; // there is no film
    else if (problem.status === 0 || problem.status >= 429) this.#isDue = true;
    this.#failures += 1;
  }

  async #update(): Promise<void> {
    const isOver = this.#isOver;
    const whole = isOver ? await this.#source.whole() : null;
    if (whole) {
      this.header = whole.header;
      this.frames = whole.frames;
    } else if (this.#isThinned() || isOver) {
      await this.#pages(FIRST);
    } else {
      await this.#pages(this.frames.at(-1)?.number ?? FIRST);
    }
    if (isOver) this.complete = true;
  }

  /** Whether the server has dropped frames that are here, or trains again from an earlier step. */
  #isThinned(): boolean {
    const last = this.frames.at(-1);
    if (!last || !this.#news) return false;
    return this.#news.frames < this.frames.length || this.#news.frame < last.number;
  }

  async #pages(after: number): Promise<void> {
    const isNew = after === FIRST;
    const isOver = this.#isOver;
    const found: Frame[] = [];
    let header: FilmHeader | null = null;
    for (let last = after; ;) {
      const page = await this.#source.page(last);
      if (page) header = page.header;
      if (!page?.frames.length) break;
      found.push(...page.frames);
      last = found.at(-1)!.number;
      if (!isNew || !this.frames.length) this.#show(header!, [...this.#kept(after), ...found]);
      if (isOver) continue;
      if (this.#isOver) return; // the whole film is fetched instead
      if (this.#news && last >= this.#news.frame) break; // there are no more yet
    }
    if (header && isNew) this.#show(header, found);
  }

  #kept(after: number): readonly Frame[] {
    return this.frames.slice(0, after === FIRST ? 0 : this.index(after) + 1);
  }

  #show(header: FilmHeader, frames: Frame[]): void {
    this.header = header;
    this.frames = frames;
  }
}
