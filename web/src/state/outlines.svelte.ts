/** The curve, the dataset and the newest frame of a run, for lists: fetched when its row is seen. */

import { outlineOf as eventsOf, type Change } from '../api/changes.ts';
import { request } from '../api/client.ts';
import { filmOf } from '../film/decoder.ts';
import type { Frame, FilmHeader } from '../film/film.ts';
import { batched } from './batches.ts';
import { feed } from './feed.svelte.ts';
import { Story, type Event } from './story.ts';
import type { Summary } from './summaries.ts';

/** Numbers of epochs, of a long training of some; those of one metric in one array. */
export interface Curve {
  readonly epochs: readonly number[];
  readonly metrics: Readonly<Record<string, readonly number[]>>;
}

/** What is read of a run. */
const TYPES: Event['type'][] = ['started', 'epoch', 'snapshot', 'trained', 'verified', 'failed', 'cancelled'];
/** Epochs of a curve at most: of a longer training, some are left out. */
const MOST = 240;
const TOGETHER = 3; // requests at a time: a browser has six connections to a server
const FRAME_EVERY_MS = 3000;
const KEPT = 400;

export class Outline {
  /** Null until it is known. */
  curve = $state.raw<Curve | null>(null);
  dataset = $state('');
  /** The newest frame of the film; null if there is none, or it is not here yet. */
  picture = $state.raw<{ header: FilmHeader; frame: Frame } | null>(null);
  #story = new Story();
  #isWanted = false;
  #isBusy = false;
  /** Whether to read again afterwards. */
  #isDue = false;
  #frame = -1;
  #frameTime = -Infinity;
  readonly #update = batched(() => this.#show());

  constructor(
    readonly id: string,
    readonly hasFilm: boolean,
  ) {}

  /** Fetch it, and keep it up to date. */
  want(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    queueMicrotask(() => this.#fetch());
  }

  hear(id: number, event: NonNullable<Change['event']>): void {
    if (!this.#isWanted) return;
    if (!this.#story.tell(id, event)) this.#fetch();
    this.#update();
  }

  /** Look again, after the connection was lost. */
  again(): void {
    const isOver = ['ready', 'failed', 'cancelled'].includes(this.#story.status ?? '');
    if (this.#isWanted && !isOver) this.#fetch();
  }

  #fetch(): void {
    this.#isDue = this.#isBusy; // what is on its way may be older than the event that is missing
    if (this.#isBusy) return;
    this.#isBusy = true;
    void inTurn(async () => {
      const { events, last } = await eventsOf(this.id, TYPES, MOST);
      if (last > this.#story.last) this.#story = Story.of(events, last);
      this.#show();
    })
      .catch(() => undefined) // the row goes without; the list says that the connection is lost
      .finally(() => {
        this.#isBusy = false;
        if (this.#isDue) this.#fetch();
      });
  }

  #show(): void {
    const { epochs, started, snapshot } = this.#story;
    this.dataset = started?.dataset ?? '';
    this.curve = curveOf(epochs);
    if (!snapshot || !this.hasFilm || snapshot.frame === this.#frame) return;
    const isOver = this.#story.trained !== null;
    if (!isOver && Date.now() - this.#frameTime < FRAME_EVERY_MS) return;
    this.#frameTime = Date.now();
    this.#frame = snapshot.frame;
    void inTurn(() => this.#fetchFrame(snapshot.frame)).catch(() => (this.#frame = -1));
  }

  async #fetchFrame(number: number): Promise<void> {
    const path = `v1/jobs/${encodeURIComponent(this.id)}/frames?after=${number - 1}`;
    const response = await request(path);
    if (response.status === 204) return;
    const { header, frames } = await filmOf(new Uint8Array(await response.arrayBuffer()));
    const frame = frames.at(-1);
    if (frame) this.picture = { header, frame };
  }
}

function curveOf(epochs: Story['epochs']): Curve {
  const metrics: Record<string, number[]> = {};
  for (const name of Object.keys(epochs.at(-1)?.metrics ?? {}))
    metrics[name] = epochs.map((epoch) => epoch.metrics[name] ?? NaN);
  return { epochs: epochs.map(({ epoch }) => epoch), metrics };
}

const waiting: (() => void)[] = [];
let running = 0;

/** A few at a time, the newest wish first: it is the one that is seen. */
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= TOGETHER) await new Promise<void>((resolve) => waiting.push(resolve));
  running++;
  try {
    return await work();
  } finally {
    running--;
    waiting.pop()?.();
  }
}

const known = new Map<string, Outline>();
let isListening = false;

/** The outline of a job. Nothing is fetched before `want`. */
export function outlineOf({ id, files_deleted_at: gone }: Pick<Summary, 'id' | 'files_deleted_at'>): Outline {
  if (!isListening) listen();
  const outline = known.get(id) ?? new Outline(id, !gone);
  known.delete(id);
  known.set(id, outline);
  const [oldest] = known.keys();
  if (known.size > KEPT && oldest) known.delete(oldest);
  return outline;
}

function listen(): void {
  isListening = true;
  feed.listen({
    changes(changes) {
      for (const { job_id, change, id, event } of changes) {
        if (change === 'deleted') known.delete(job_id);
        else if (event) known.get(job_id)?.hear(id ?? 0, event);
      }
    },
    connected() {
      for (const outline of known.values()) outline.again();
    },
    reset: () => known.clear(),
  });
}
