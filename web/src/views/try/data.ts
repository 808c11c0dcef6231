/** The dataset of a run, as far as somebody needs it who makes up a sample. */

import { api, data, type Schemas } from '../../api/client.ts';
import { datasetOf, isOwn, samples, type Options } from '../../api/samples.ts';

/** How a sample is made. */
export type Kind = 'digit' | 'picture' | 'plane' | 'features' | 'sequence' | 'tokens';

export interface Dataset {
  readonly name: string;
  readonly options: Options;
  readonly kind: Kind;
  /** As the server has it: `image`, `features`, `sequence` or `tokens`. */
  readonly input: string;
  /** Shape of a sample; (height, width, channels) for pictures. */
  readonly shape: readonly number[];
  readonly labels: readonly string[];
  readonly features: readonly string[];
  readonly vocabulary: readonly string[];
  readonly target: string;
  /** Number of test samples. */
  readonly total: number;
  /** The first test sample; null if there is none. */
  readonly first: number | null;
  /** Some test samples as flat numbers with their targets; empty for pictures. */
  readonly shown: readonly { readonly id: number; readonly target: number; readonly values: number[] }[];
}

const SHOWN = 300;

export async function load(document: unknown): Promise<Dataset> {
  const { name, options } = datasetOf(document);
  const [details, page] = await Promise.all([
    data(api.GET('/v1/datasets/{name}', { params: { path: { name } } })),
    samples(name, { options, split: 'test', limit: SHOWN }),
  ]);
  return described(details, page, options);
}

/** Pictures of somebody's own, as the delivered file takes them; null for other data. The server shows no samples. */
export async function loadOwn(job_id: string, document: unknown): Promise<Dataset | null> {
  const { name, options } = datasetOf(document);
  if (!isOwn({ name }) || name === 'table') return null;
  const params = { path: { job_id } };
  const { inputs, labels } = await data(api.GET('/v1/jobs/{job_id}/interface', { params }));
  const [input] = inputs;
  if (input?.kind !== 'image' || !input.shape) return null;
  return {
    ...{ name, options, kind: 'picture', input: 'image', features: [], vocabulary: [], target: '' },
    shape: input.shape.map(Number),
    labels: (labels ?? []).map(String),
    ...{ total: 0, first: null, shown: [] },
  };
}

/** A dataset from the server's messages. */
export function described(
  details: Pick<Schemas['DatasetDetails'], 'name' | 'feature_names' | 'target_name' | 'vocabulary'>,
  page: Schemas['SampleList'],
  options: Options,
): Dataset {
  const labels = page.labels ?? [];
  return {
    name: details.name,
    options,
    kind: kindOf(page.kind, page.shape, labels),
    input: page.kind,
    shape: page.kind === 'image' && page.shape.length === 2 ? [...page.shape, 1] : page.shape,
    labels,
    features: details.feature_names ?? [],
    vocabulary: details.vocabulary ?? [],
    target: details.target_name ?? '',
    total: page.total,
    first: page.ids[0] ?? null,
    shown: (page.values ?? []).map((values, i) => ({
      id: page.ids[i]!,
      target: page.targets[i]!,
      values: flat(values),
    })),
  };
}

/** Digits are drawn; they are square grey pictures whose labels are 0 to 9. */
export function kindOf(input: string, shape: readonly number[], labels: readonly string[]): Kind {
  if (input === 'image') {
    const [height, width, channels = 1] = shape;
    const digits = labels.length === 10 && labels.every((label, i) => label === String(i));
    return digits && height === width && channels === 1 ? 'digit' : 'picture';
  }
  if (input === 'features') return shape[0] === 2 ? 'plane' : 'features';
  return input === 'tokens' ? 'tokens' : 'sequence';
}

/** Nested numbers, one after the other. */
export function flat(values: unknown): number[] {
  return Array.isArray(values) ? values.flatMap(flat) : [Number(values)];
}
