/** One job, as its events tell it: the same whether live, read again, or in another tab. */

import { api, data, request, ServerProblem, type Schemas } from '../api/client.ts';
import { eventsAfter, type Change } from '../api/changes.ts';
import { filmOf, type Film } from '../film/decoder.ts';
import { LiveFilm } from '../film/live_film.svelte.ts';
import { batched } from './batches.ts';
import { feed } from './feed.svelte.ts';
import { Story } from './story.ts';

const SOON_MS = 200;
const PAUSE_MS = 1000;
const SHOWN_MS = 1000; // while past events are read, the page is updated this often
const LONGEST_PAUSE_MS = 20_000;
const GONE = 404;
const ENDS = ['verified', 'failed', 'cancelled'];
const FINISHED: readonly Schemas['Status'][] = ['ready', 'failed', 'cancelled'];

export class Run {
  /** The job with its document and files; null until it is loaded. */
  job = $state.raw<Schemas['JobDetails'] | null>(null);
  /** Whether the events so far are here. */
  loaded = $state(false);
  /** Why it cannot be loaded, or that it was deleted (status 404). */
  error = $state.raw<ServerProblem | null>(null);
  story = $state.raw(new Story());
  /** Counts events. Everything that reads the story reads this, and so is computed again after an event. */
  #version = $state(0);
  readonly film: LiveFilm;
  readonly #inbox: { id: number; event: NonNullable<Change['event']> }[] = [];
  readonly #flush = batched(() => this.#tell());
  #isSyncing = false;
  #isDue = false;
  #isRefreshing = false;
  #unlisten: (() => void) | null = null;
  #failures = 0;

  constructor(readonly id: string) {
    this.film = new LiveFilm({
      page: (after) => this.#frames(after),
      whole: () => this.#wholeFilm(),
    });
    // A derived value may make a run, and must not change state.
    if (id) queueMicrotask(() => this.#open());
  }

  get status(): Schemas['Status'] | null {
    return this.#read.status ?? this.job?.status ?? null;
  }
  /** Whether nothing will change any more. */
  get finished(): boolean {
    return this.status !== null && FINISHED.includes(this.status);
  }
  get document(): Record<string, unknown> | null {
    return (this.job?.document as Record<string, unknown> | undefined) ?? null;
  }
  get name(): string {
    return this.job?.name ?? '';
  }
  get started() {
    return this.#read.started;
  }
  get stages() {
    return this.#read.stages;
  }
  get built() {
    return this.#read.built;
  }
  get epochs() {
    return this.#read.epochs;
  }
  get losses() {
    return this.#read.losses;
  }
  get progress() {
    return this.#read.progress;
  }
  get secondsLeft() {
    return this.#read.secondsLeft;
  }
  get epoch(): number {
    return this.#read.epoch;
  }
  get epochCount(): number {
    return this.#read.epochCount || (this.job?.epochs ?? 0);
  }
  get snapshot() {
    return this.#read.snapshot;
  }
  get trained() {
    return this.#read.trained;
  }
  get compressed() {
    return this.#read.compressed;
  }
  get compiled() {
    return this.#read.compiled;
  }
  get verified() {
    return this.#read.verified;
  }
  get failed() {
    return this.#read.failed;
  }
  get interrupted() {
    return this.#read.interrupted;
  }
  get warnings() {
    return this.#read.warnings;
  }
  /** The files, once the job is ready. */
  get files(): Schemas['Manifest'] | null {
    return this.job?.artifacts.length ? { artifacts: this.job.artifacts } : null;
  }
  get connected(): boolean {
    return feed.connected !== false;
  }

  /** End the training now, and deliver what it has learned. */
  async stop(): Promise<void> {
    await data(api.POST('/v1/jobs/{job_id}/stop', this.#path));
    await this.#refresh();
  }

  /** End the job without a result. */
  async cancel(): Promise<void> {
    await data(api.POST('/v1/jobs/{job_id}/cancel', this.#path));
    this.#sync();
  }

  /** Stop listening. */
  close(): void {
    this.#unlisten?.();
    this.#unlisten = null;
  }

  get #path() {
    return { params: { path: { job_id: this.id } } };
  }

  /** The story, for a getter: what shows it is drawn again when it goes on. */
  get #read(): Story {
    void this.#version;
    return this.story;
  }

  #open(): void {
    this.#unlisten = feed.listen({
      changes: (changes) => this.#hear(changes),
      connected: () => this.#again(),
      reset: () => this.#reset(),
    });
    void feed.start();
    this.#sync();
  }

  #hear(changes: readonly Change[]): void {
    for (const { job_id, change, id, event } of changes) {
      if (job_id !== this.id) {
        // The place in the queue is another one now.
        if (this.status === 'queued' && event && ENDS.includes(event.type)) this.#refreshOnce();
        continue;
      }
      if (change === 'deleted') this.#gone();
      if (change === 'event' && event && typeof id === 'number') this.#inbox.push({ id, event });
    }
    if (this.#inbox.length) this.#flush();
  }

  /** Tell what came by the stream. */
  #tell(): void {
    if (this.#isSyncing) return; // the pages come first
    let isMissing = false;
    for (const { id, event } of this.#inbox.splice(0)) isMissing = !this.story.tell(id, event) || isMissing;
    this.#told();
    if (isMissing) this.#sync();
  }

  #told(): void {
    this.#version += 1;
    const { snapshot, status } = this.story;
    // Of a finished job, the whole film is read instead of the pages that are missing.
    if (snapshot && !this.finished) this.film.told(snapshot);
    if (status !== null && status !== this.job?.status) this.#refreshOnce();
    else if (this.finished) this.film.ended();
  }

  /** Ask for the job again, unless that is being done. */
  #refreshOnce(): void {
    if (this.#isRefreshing) return;
    this.#isRefreshing = true;
    void this.#refresh().finally(() => {
      this.#isRefreshing = false;
      // It may have changed while the answer was on its way, or there was no answer.
      const { status } = this.story;
      if (status === null || status === this.job?.status) return;
      if (!this.error) setTimeout(() => this.#told(), SOON_MS);
      else if (this.error.status !== GONE && this.error.status !== 401)
        setTimeout(() => this.#told(), PAUSE_MS);
    });
  }

  async #refresh(): Promise<void> {
    try {
      this.job = await data(api.GET('/v1/jobs/{job_id}', this.#path));
      this.error = null;
      if (this.finished && FINISHED.includes(this.job.status)) this.film.ended();
    } catch (error) {
      this.#failedWith(error);
    }
  }

  #again(): void {
    if (this.finished && this.loaded) return;
    this.#sync();
    this.film.again();
  }

  #reset(): void {
    this.job = null;
    this.error = null;
    this.loaded = false;
    this.story = new Story();
    this.#inbox.length = 0;
    this.film.reset();
    this.#sync();
  }

  #gone(): void {
    this.close();
    this.error = new ServerProblem(GONE, 'urn:quickml:problem:not-found', 'deleted');
  }

  /** Read the job and the events that are missing. */
  #sync(): void {
    this.#isDue = true;
    if (!this.#isSyncing) void this.#syncNow();
  }

  async #syncNow(): Promise<void> {
    this.#isSyncing = true;
    while (this.#isDue) {
      this.#isDue = false;
      try {
        this.job = await data(api.GET('/v1/jobs/{job_id}', this.#path));
        // After a power failure, events that were told may be gone, and others have their numbers.
        if (this.job.last_event < this.story.last) this.story = new Story();
        await this.#pages();
        this.loaded = true;
        this.error = null;
        this.#failures = 0;
        if (this.finished) this.film.ended();
        else this.film.again();
      } catch (error) {
        this.#failedWith(error);
        if (this.error?.status === GONE || this.error?.status === 401) break;
        await pause(Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** this.#failures++));
        this.#isDue = true;
      }
    }
    this.#isSyncing = false;
    if (this.loaded) this.#tell();
  }

  async #pages(): Promise<void> {
    let shown = -Infinity;
    for (;;) {
      const page = await eventsAfter(this.id, this.story.last);
      for (const { id, event } of page?.events ?? []) this.story.tell(id, event);
      if (page) this.story.last = Math.max(this.story.last, page.last); // types of newer servers are left out
      const isLast = !page?.events.length || page.is_finished; // 204: there are no more
      // Each time, the whole curve is drawn: a training of an hour has a hundred pages.
      if (isLast || performance.now() - shown > SHOWN_MS) {
        this.#version += 1;
        shown = performance.now();
      }
      if (isLast) return;
    }
  }

  #failedWith(error: unknown): void {
    this.error = error instanceof ServerProblem ? error : new ServerProblem(0, 'page', String(error));
  }

  async #frames(after: number): Promise<Film | null> {
    if (!this.story.snapshot || this.job?.files_deleted_at) {
      if (this.finished) throw new ServerProblem(GONE, 'urn:quickml:problem:not-found', 'no film');
      return null; // an event tells of the first frame; a job that fails before it has no film to ask for
    }
    const response = await request(`v1/jobs/${encodeURIComponent(this.id)}/frames?after=${after}`);
    return response.status === 204 ? null : filmOf(await bytesOf(response));
  }

  async #wholeFilm(): Promise<Film | null> {
    if (!this.job?.artifacts.length) await this.#refresh();
    const file = this.job?.artifacts.find(({ kind }) => kind === 'film');
    return file ? filmOf(await bytesOf(await request(file.url))) : null;
  }
}

async function bytesOf(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await response.arrayBuffer());
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

const KEPT = 12;
const known = new Map<string, Run>();

/** The run of a job: always the same object, as long as it is among the last dozen that were asked for. */
export function runOf(id: string): Run {
  const run = known.get(id) ?? new Run(id);
  known.delete(id);
  known.set(id, run); // the last one in the order
  const [oldest] = known;
  if (known.size > KEPT && oldest) {
    oldest[1].close();
    known.delete(oldest[0]);
  }
  return run;
}
