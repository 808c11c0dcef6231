/** The test samples that a film is about: the film has their indices, the server has the samples. */

import { request, type Schemas } from '../../../api/client.ts';
import {
  datasetOf,
  isOwn,
  samples,
  sheet,
  type Options,
  type SampleList,
  type Sheet,
} from '../../../api/samples.ts';
import type { FilmHeader } from '../../../film/film.ts';
import type { Point } from './answer.ts';
import { inOrder, type Probed } from './probed.ts';

/** A dataset as a document names it. */
export interface DatasetChoice {
  readonly name: string;
  readonly options: Options;
}

/** The dataset of a run; null until its document is known, and for one whose samples the server does not give out. */
export function choiceOf(document: unknown): DatasetChoice | null {
  const found = datasetOf(document);
  return found.name && !isOwn(found) ? found : null;
}

/** Counts answers of the server. Reading a pending value reads this, so that derived values are computed again when it comes. */
const arrivals = $state({ count: 0 });

/**
 * A value that is being fetched: `value` is null until it is there, `error` says why it could not be fetched.
 *
 * It has no `$state` of its own: a derived value does not depend on state that was created inside it.
 */
export class Fetched<T> {
  #value: T | null = null;
  #error = '';
  /** When it failed. */
  failed = 0;

  constructor(load: Promise<T>) {
    load
      .then(
        (value) => (this.#value = value),
        (error: unknown) => {
          this.failed = Date.now();
          this.#error = error instanceof Error ? error.message : String(error);
        },
      )
      .finally(() => (arrivals.count += 1));
  }

  get value(): T | null {
    void arrivals.count;
    return this.#value;
  }

  get error(): string {
    void arrivals.count;
    return this.#error;
  }
}

const MOST_KEPT = 40;
const RETRY_MS = 5000;

/** Remembers what was fetched: several parts of the page, and every visit, ask for the same. */
class Kept<T> {
  readonly #known = new Map<string, Fetched<T>>();

  get(key: string, load: () => Promise<T>): Fetched<T> {
    let found = this.#known.get(key);
    if (!found || (found.failed && Date.now() - found.failed > RETRY_MS)) {
      if (this.#known.size >= MOST_KEPT) this.#known.delete(this.#known.keys().next().value!);
      this.#known.set(key, (found = new Fetched(load())));
    }
    return found;
  }
}

const pages = new Kept<SampleList>();
const sheets = new Kept<Sheet>();
const details = new Kept<Schemas['DatasetDetails']>();

/** Most points over a plane: more only cover each other. */
const MOST_POINTS = 500;

export function planePoints({ name, options }: DatasetChoice, split: 'test' | 'train'): Fetched<SampleList> {
  const key = JSON.stringify([name, options, split]);
  return pages.get(key, () => samples(name, { options, split, limit: MOST_POINTS }));
}

/** The samples of a page as points of the plane. */
export function pointsOf(page: SampleList | null): Point[] {
  return (page?.ids ?? []).flatMap((id, i) => {
    const values = page?.values?.[i] as number[] | undefined;
    return values?.length === 2 ? [{ id, x: values[0]!, y: values[1]!, target: page!.targets[i]! }] : [];
  });
}

/** The probes of a film with their samples; they come in when they are there, so call it in a derived value. */
export function probedOf(dataset: DatasetChoice | null, header: FilmHeader): Probed {
  const ids = header.probes ?? [];
  if (!dataset || !ids.length) return { kind: '', samples: [], sheet: null, features: [], error: '' };
  const { name, options } = dataset;
  const key = JSON.stringify([name, options, ids]);
  const page = pages.get(key, () => samples(name, { options, split: 'test', ids }));
  const pictures = page.value?.kind === 'image' ? sheets.get(key, () => sheet(name, ids, options)) : null;
  return {
    kind: page.value?.kind ?? '',
    samples: inOrder(header, page.value),
    sheet: pictures?.value ?? null,
    features: datasetInfo(dataset).value?.feature_names ?? [],
    error: page.error || pictures?.error || '',
  };
}

/** Names of the features, and what the dataset is. */
export function datasetInfo({ name }: DatasetChoice): Fetched<Schemas['DatasetDetails']> {
  return details.get(name, async () => {
    const response = await request(`v1/datasets/${encodeURIComponent(name)}`);
    return (await response.json()) as Schemas['DatasetDetails'];
  });
}
