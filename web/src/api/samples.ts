/** Samples of datasets: their numbers, and sheets with their pictures. */

import { isEarly, request, type Schemas } from './client.ts';

export type SampleList = Schemas['SampleList'];
export type Options = Readonly<Record<string, unknown>>;

export interface SamplesQuery {
  options?: Options | undefined;
  split?: 'train' | 'test' | undefined;
  ids?: readonly number[] | undefined;
  /** Only of these classes. */
  label?: readonly string[] | undefined;
  per_class?: number | undefined;
  limit?: number | undefined;
  offset?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** Pictures of samples on one image, ten in a row. */
export interface Sheet {
  /** Address for an `<img>`; valid while the sheet is among the last that were asked for. */
  readonly url: string;
  readonly image: HTMLImageElement;
  /** Size of a picture in pixels. */
  readonly width: number;
  readonly height: number;
  /** Where the picture of an ID lies. */
  place(id: number): { x: number; y: number };
}

export interface OwnSheet extends Sheet {
  readonly ids: readonly number[];
}

const COLUMNS = 10;
const KEPT = 32;
const sheets = new Map<string, Promise<Sheet>>();

/** Name and options of the dataset that a document names. */
export function datasetOf(document: unknown): { name: string; options: Options } {
  const dataset = (document as { dataset?: unknown } | null)?.dataset;
  if (typeof dataset === 'string') return { name: dataset, options: {} };
  const { name, ...options } = (dataset ?? {}) as Record<string, unknown>;
  return { name: typeof name === 'string' ? name : '', options };
}

const OWN: ReadonlySet<string> = new Set(['table', 'pictures', 'recordings', 'arrays']);

/** Whether a dataset is a file that somebody has uploaded: its jobs give out no samples of it. */
export const isOwn = ({ name }: { readonly name: string }): boolean => OWN.has(name);

/** A page of samples. The browser keeps it for a week. */
export async function samples(dataset: string, query: SamplesQuery = {}): Promise<SampleList> {
  const { options, signal, ids, label, split, per_class, limit, offset } = query;
  const parameters = parametersOf({ ...options, split, per_class, limit, offset });
  if (ids) parameters.set('ids', ids.join(','));
  for (const name of label ?? []) parameters.append('label', name);
  const path = `v1/datasets/${encodeURIComponent(dataset)}/samples?${parameters.toString()}`;
  const response = await request(path, { signal: signal ?? null });
  return (await response.json()) as SampleList;
}

/** The path of a sheet, relative to the page. Where tokens are required, `<img>` cannot use it: see `sheet`. */
export function sheetUrl(
  dataset: string,
  ids: readonly number[],
  options: Options = {},
  split = 'test',
): string {
  const parameters = parametersOf({ ...options, split });
  parameters.set('ids', ids.join(','));
  return `v1/datasets/${encodeURIComponent(dataset)}/sheet.png?${parameters.toString()}`;
}

/** Pictures of at most 500 samples. The last ones that were asked for are kept. */
export function sheet(
  dataset: string,
  ids: readonly number[],
  options: Options = {},
  split: 'train' | 'test' = 'test',
): Promise<Sheet> {
  return sheetAt(sheetUrl(dataset, ids, options, split), ids);
}

/** The sheet at a path that is relative to the page. */
export function sheetAt(path: string, ids: readonly number[]): Promise<Sheet> {
  const known = sheets.get(path) ?? loaded(path, ids);
  sheets.delete(path);
  sheets.set(path, known); // the last one in the order
  const [oldest] = sheets;
  if (sheets.size > KEPT && oldest) forget(oldest[0]);
  known.catch(() => sheets.get(path) === known && sheets.delete(path));
  return known;
}

/** Some pictures of an archive that somebody has uploaded; null if there are none. */
export async function ownSheet(sha256: string, limit: number, label?: string): Promise<OwnSheet | null> {
  const path = `v1/files/${sha256}`;
  const query = parametersOf({ split: 'train', limit, label });
  const answer = await request(`${path}/samples?${query.toString()}`);
  const ids = isEarly(answer) ? [] : ((await answer.json()) as SampleList).ids;
  if (!ids.length) return null;
  return { ids, ...(await sheetAt(`${path}/sheet.png?split=train&ids=${ids.join()}`, ids)) };
}

function forget(path: string): void {
  const sheet = sheets.get(path);
  sheets.delete(path);
  sheet?.then(({ url }) => URL.revokeObjectURL(url)).catch(() => undefined);
}

async function loaded(path: string, ids: readonly number[]): Promise<Sheet> {
  const response = await request(path);
  const url = URL.createObjectURL(await response.blob());
  const image = new Image();
  image.src = url;
  await image.decode();
  const width = image.naturalWidth / Math.min(COLUMNS, ids.length);
  const height = image.naturalHeight / Math.ceil(ids.length / COLUMNS);
  const places = new Map(ids.map((id, i) => [id, i]));
  return {
    url,
    image,
    width,
    height,
    place(id) {
      const i = places.get(id) ?? 0;
      return { x: (i % COLUMNS) * width, y: Math.floor(i / COLUMNS) * height };
    },
  };
}

function parametersOf(values: Record<string, unknown>): URLSearchParams {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === null) continue;
    for (const one of Array.isArray(value) ? value : [value])
      parameters.append(name, typeof one === 'object' ? JSON.stringify(one) : String(one));
  }
  return parameters;
}
