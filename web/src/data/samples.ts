/** Samples of datasets, and sheets of their pictures. Answers are kept: the same options give the same samples. */

import { request, type Schemas } from '../api/client.ts';

export type SampleList = Schemas['SampleList'];
export type Options = Readonly<Record<string, unknown>>;

export interface Query {
  readonly split?: 'train' | 'test';
  readonly per_class?: number;
  readonly limit?: number;
  readonly label?: string;
  readonly ids?: readonly number[];
}

/** Pictures on one image: `columns` cells a row, each of `width` times `height` pixels. */
export interface Sheet {
  readonly url: string;
  readonly columns: number;
  readonly rows: number;
}

const KEPT = 60;
const kept = new Map<string, Promise<unknown>>();

/** The answer to a path, asked for once. One that failed is asked for again. */
function once<T>(path: string, read: (response: Response) => Promise<T>): Promise<T> {
  const before = kept.get(path) as Promise<T> | undefined;
  if (before) return before;
  const answer = request(path).then(read);
  kept.set(path, answer);
  answer.catch(() => kept.delete(path));
  if (kept.size > KEPT) kept.delete(kept.keys().next().value!);
  return answer;
}

function parameters(options: Options, query: Readonly<Record<string, unknown>>): string {
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...options, ...query }))
    if (value !== undefined && value !== null) found.append(name, String(value));
  return found.toString();
}

/** Samples in columns: ids, targets and values. */
export function samples(dataset: string, options: Options, query: Query): Promise<SampleList> {
  const asked = parameters(options, { ...query, ids: query.ids?.join(',') });
  return once(
    `v1/datasets/${encodeURIComponent(dataset)}/samples?${asked}`,
    async (response) => (await response.json()) as SampleList,
  );
}

/** One image with the pictures of samples, ten in a row. */
export function sheet(
  dataset: string,
  options: Options,
  ids: readonly number[],
  split: 'train' | 'test' = 'test',
): Promise<Sheet> {
  const asked = parameters(options, { split, ids: ids.join(',') });
  return once(`v1/datasets/${encodeURIComponent(dataset)}/sheet.png?${asked}`, async (response) => ({
    url: URL.createObjectURL(await response.blob()),
    columns: Math.min(10, ids.length),
    rows: Math.ceil(ids.length / 10),
  }));
}
