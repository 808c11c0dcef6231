/** The test samples that a film is about: the film has their indices, the server has the samples. */

import { base, request } from '../../../api/client.ts';
import type { Schemas } from '../../../api/client.ts';
import type { FilmHeader } from '../../../film/film.ts';
import type { Point } from './answer.ts';
import { query, type DatasetChoice } from './dataset.ts';

/** Something that is on its way: `value` is null until it is there, `error` says why it did not come. */
export class Fetched<T> {
  value = $state.raw<T | null>(null);
  error = $state('');
  /** When it failed; not state, or whoever shows an error would ask again at once. */
  failed = 0;

  constructor(load: Promise<T>) {
    load.then(
      (value) => (this.value = value),
      (error: unknown) => {
        this.failed = Date.now();
        this.error = error instanceof Error ? error.message : String(error);
      },
    );
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

const address = ({ name, options }: DatasetChoice, what: string, more: Record<string, string>): string => {
  const parameters = query(options);
  for (const [key, value] of Object.entries(more)) parameters.set(key, value);
  return `v1/datasets/${encodeURIComponent(name)}/${what}?${parameters.toString()}`;
};

type Page = Schemas['SampleList'];
const pages = new Kept<Page>();
const page = (path: string): Fetched<Page> =>
  pages.get(path, async () => (await (await request(path)).json()) as Page);

/** Most points over a plane: more only cover each other. */
const MOST_POINTS = 500;

export function testPoints(dataset: DatasetChoice, split: 'test' | 'train' = 'test'): Fetched<Page> {
  return page(address(dataset, 'samples', { split, limit: String(MOST_POINTS) }));
}

/** The samples of a page as points of the plane. */
export function pointsOf(samples: Page | null): Point[] {
  return (samples?.ids ?? []).flatMap((id, i) => {
    const values = samples?.values?.[i] as number[] | undefined;
    return values?.length === 2 ? [{ id, x: values[0]!, y: values[1]!, target: samples!.targets[i]! }] : [];
  });
}

/** The probes of a film, in their order; the first is the sample whose activations are shown. */
export function probeSamples(dataset: DatasetChoice, header: FilmHeader): Fetched<Page> | null {
  const ids = header.probes ?? [];
  return ids.length ? page(address(dataset, 'samples', { split: 'test', ids: ids.join() })) : null;
}

/** Pictures of samples: cell `i` is in row `floor(i / 10)` and column `i % 10`. */
export interface PictureSheet {
  readonly image: ImageBitmap;
  readonly width: number;
  readonly height: number;
}

const sheets = new Kept<PictureSheet>();

/** @param shape of a picture: height, width, channels */
export function pictureSheet(
  dataset: DatasetChoice,
  ids: readonly number[],
  shape: readonly number[],
): Fetched<PictureSheet> {
  const path = address(dataset, 'sheet.png', { split: 'test', ids: ids.join() });
  return sheets.get(path, async () => ({
    image: await createImageBitmap(await (await request(path)).blob()),
    height: shape[0]!,
    width: shape[1]!,
  }));
}

type Info = Schemas['DatasetDetails'];
const details = new Kept<Info>();

/** Names of the features, and what the dataset is. */
export function datasetInfo({ name }: DatasetChoice): Fetched<Info> {
  const path = `v1/datasets/${encodeURIComponent(name)}`;
  return details.get(base + path, async () => (await (await request(path)).json()) as Info);
}
