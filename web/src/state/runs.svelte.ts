/** All runs of the owner, newest first, live. Older ones are loaded page by page. */

import type { Change } from '../api/changes.ts';
import { api, data, ServerProblem, type Schemas } from '../api/client.ts';
import { batched } from './batches.ts';
import { feed } from './feed.svelte.ts';
import { after, newestFirst, summaryOf, type Summary } from './summaries.ts';

export type { Summary };

const PAGE = 100;
const PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 20_000;

class Runs {
  /** Newest first: those that were loaded. */
  list = $state.raw<readonly Summary[]>([]);
  /** Whether the first page is here. */
  loaded = $state(false);
  /** Where the next page of older ones begins: see `more`. Null if there are none. */
  cursor = $state.raw<string | null>(null);
  error = $state.raw<ServerProblem | null>(null);
  /** ID of the newest job; empty if there is none. */
  readonly latest = $derived(this.list[0]?.id ?? '');
  readonly #byId = new Map<string, Summary>();
  #inbox: Change[] = [];
  /** Changes of jobs that were asked for, and are not here yet. */
  readonly #asked = new Map<string, Change[]>();
  #isStarted = false;
  /** Whether a job may be missing. */
  #isStale = false;
  #isLoading = false;
  /** Whether the next page was asked for while another one was on its way. */
  #isMoreWanted = false;
  /** Whether the page that is on its way belongs to another owner or server. */
  #isVoid = false;
  #failures = 0;
  readonly #flush = batched(() => this.#apply());

  /** Load the newest ones, and keep them up to date. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    queueMicrotask(() => {
      feed.listen({
        changes: (changes) => {
          this.#inbox.push(...changes);
          this.#flush();
        },
        connected: () => this.#refresh(),
        reset: () => this.#reset(),
      });
      void this.#load();
    });
  }

  /** Load the next page of older ones; after the page that is on its way, if there is one. */
  async more(): Promise<void> {
    if (this.#isLoading) {
      this.#isMoreWanted = true;
      return;
    }
    if (this.cursor === null) return;
    this.#isLoading = true;
    try {
      await this.#page(this.cursor);
      this.error = null;
    } catch (error) {
      this.#failedWith(error);
    }
    this.#loadedPage();
  }

  /** Delete a run with its files. One that is gone already, after a second click or in another tab, is no failure. */
  async remove(id: string): Promise<void> {
    try {
      await data(api.DELETE('/v1/jobs/{job_id}', { params: { path: { job_id: id } } }));
    } catch (error) {
      if (!(error instanceof ServerProblem && error.status === 404)) throw error;
    }
    this.#byId.delete(id);
    this.#show();
  }

  find(id: string): Summary | null {
    return this.list.find((summary) => summary.id === id) ?? null;
  }

  async #load(): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    try {
      await feed.start(); // what changes from here on is not missed
      this.#isStale = false;
      await this.#page(null);
      this.loaded = true;
      this.error = null;
      this.#failures = 0;
    } catch (error) {
      this.#failedWith(error);
      this.#isStale = true;
      if (this.error?.status !== 401)
        setTimeout(() => void this.#load(), Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** this.#failures++));
    }
    this.#loadedPage();
    this.#apply();
  }

  #reset(): void {
    this.#byId.clear();
    this.#inbox = [];
    this.#isMoreWanted = false;
    this.cursor = null;
    this.loaded = false;
    this.#isVoid = this.#isLoading;
    void this.#load();
  }

  #loadedPage(): void {
    this.#isLoading = false;
    if (this.#isVoid) {
      this.#reset();
      return;
    }
    const wanted = this.#isMoreWanted;
    this.#isMoreWanted = false;
    if (wanted && !this.error) void this.more();
  }

  async #page(cursor: string | null): Promise<void> {
    const query = cursor === null ? { limit: PAGE } : { limit: PAGE, cursor };
    const { jobs, next } = await data(api.GET('/v1/jobs', { params: { query } }));
    // A refresh of the newest page does not go back to the second one, unless jobs between the two are missing.
    const goesOn = cursor !== null || !jobs.some(({ id }) => this.#byId.has(id));
    for (const job of jobs) this.#learn(job);
    if (goesOn) this.cursor = next;
    this.#show();
  }

  #apply(): void {
    if (!this.loaded || !this.#inbox.length) return;
    const changes = this.#inbox;
    this.#inbox = [];
    const wanted = new Set<string>();
    for (const change of changes) {
      const { job_id, event, id } = change;
      const summary = this.#byId.get(job_id);
      if (change.change === 'deleted') {
        this.#byId.delete(job_id);
        this.#asked.delete(job_id);
        wanted.delete(job_id);
      } else if (summary && event) {
        this.#byId.set(job_id, after(summary, id ?? 0, event));
        if (event.type === 'verified') wanted.add(job_id); // only the server knows how long its files are kept
      } else if (change.change === 'submitted' && !summary) wanted.add(job_id);
      else this.#asked.get(job_id)?.push(change);
    }
    this.#show();
    for (const id of wanted) void this.#add(id);
  }

  /** Ask for a job of which the changes do not say everything. */
  async #add(id: string): Promise<void> {
    const meanwhile: Change[] = [];
    this.#asked.set(id, meanwhile);
    try {
      const job = await data(api.GET('/v1/jobs/{job_id}', { params: { path: { job_id: id } } }));
      if (this.#asked.get(id) !== meanwhile) return; // it was deleted
      this.#learn(job);
      this.#inbox.unshift(...meanwhile);
      this.#apply();
      this.#show();
    } catch {
      this.#isStale = true; // the connection is lost, or the server is busy
      if (feed.connected) setTimeout(() => this.#refresh(), PAUSE_MS);
    } finally {
      this.#asked.delete(id);
    }
  }

  #refresh(): void {
    if (this.#isStale) void this.#load();
  }

  #learn(job: Schemas['JobMessage']): void {
    const known = this.#byId.get(job.id);
    if (!known || known.last <= job.last_event) this.#byId.set(job.id, summaryOf(job));
  }

  #show(): void {
    this.list = [...this.#byId.values()].sort(newestFirst);
  }

  #failedWith(error: unknown): void {
    this.error = error instanceof ServerProblem ? error : new ServerProblem(0, 'page', String(error));
  }
}

export const runs = new Runs();
