/** Predictions and explanations as arrays of bytes: docs/reference/arrays.md. */

import { request } from './client.ts';

const START = 12; // magic and length of the header
const MAGIC = 'QMLARRY\x01';

/** An array of bytes: value `i` is `offset + scale * bytes[i]`, within half of `scale`. */
export interface Bytes {
  /** The last axis varies fastest. */
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
  readonly scale: number;
  readonly offset: number;
  /** The value of byte 0, and of byte 255. */
  readonly low: number;
  readonly high: number;
}

/** What a layer computes for a sample: of images (height, width, maps). */
export interface Activation extends Bytes {
  readonly layer: string;
  /** Size of the layer's last axis; `shape` may have fewer of them. */
  readonly units: number;
  /** The values as numbers: decoded when they are asked for. */
  readonly values: Float32Array;
}

export interface AnsweringFile {
  readonly name: string;
  readonly sha256: string;
  readonly size_bytes: number;
}

export interface Prediction {
  /** Null for a regression. */
  readonly label: string | null;
  /** Of each label; empty for a regression. */
  readonly probabilities: Readonly<Record<string, number>>;
  readonly outputs: readonly number[];
  /** In the order of the layers. */
  readonly activations: readonly Activation[];
  /** From the request to the answer, as the page saw it. */
  readonly milliseconds: number;
  /** How long the file itself ran, as the server measured it; null if it does not say. */
  readonly runMilliseconds: number | null;
  /** The file that has answered. */
  readonly file: AnsweringFile;
  /** Size of the answer. */
  readonly bytes: number;
}

export interface Explanation {
  readonly file: AnsweringFile;
  /** What was hidden: a patch, a window, a feature, a token. */
  readonly part: string;
  /** Size of a part: height and width of a patch, otherwise one number. */
  readonly size: readonly number[];
  /** Where parts begin: rows and columns of patches, otherwise one axis. */
  readonly starts: readonly (readonly number[])[];
  readonly baseline: { readonly name: string; readonly values: readonly number[] };
  /** The output when nothing is hidden. */
  readonly values: readonly number[];
  /** Empty for a regression. */
  readonly labels: readonly string[];
  /** For each output: how much of it is lost when a part is hidden. */
  readonly maps: readonly { readonly shape: readonly number[]; readonly values: Float32Array }[];
  readonly milliseconds: number;
}

/** Bytes of a picture, numbers in little-endian order, or what JSON can say: nested numbers, a picture in base64. */
export type Sample = Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer> | object | string;

export interface PredictOptions {
  /** A Core ML file of the job or a variant; the delivered one if there is none. */
  file?: string | undefined;
  /** Most maps of each layer; 16 if there is none. */
  most?: number | undefined;
  /** Layers whose output is wanted: `*` for all. */
  activations?: readonly string[] | undefined;
  signal?: AbortSignal | undefined;
}

export interface ExplainOptions {
  file?: string | undefined;
  /** Side of a patch, or number of steps, tokens or features. */
  size?: number | undefined;
  stride?: number | undefined;
  baseline?: 'zero' | 'mean' | undefined;
  signal?: AbortSignal | undefined;
}

/** Let a job's Core ML file answer. */
export async function predict(
  job: string,
  sample: Sample,
  options: PredictOptions = {},
): Promise<Prediction> {
  const { file, most, activations, signal } = options;
  const query = queryOf({ file, most });
  for (const layer of activations ?? []) query.append('activations', layer);
  const asked = await ask(`v1/jobs/${encodeURIComponent(job)}/predictions`, query, sample, 'inputs', signal);
  const header = asked.header as unknown as {
    file: AnsweringFile;
    predictions: {
      label: string | null;
      probabilities: Record<string, number>;
      values: number[];
      activations: Record<string, Facts & { units: number }>;
    }[];
  };
  const [found] = header.predictions;
  if (!found) throw new Error('expected a prediction, found none');
  return {
    label: found.label,
    probabilities: found.probabilities,
    outputs: found.values,
    activations: Object.entries(found.activations).map(([layer, facts]) =>
      activation(layer, facts.units, bytesOf(facts, asked.body)),
    ),
    file: header.file,
    milliseconds: asked.milliseconds,
    runMilliseconds: asked.runMilliseconds,
    bytes: asked.bytes,
  };
}

/** Hide parts of a sample one after the other, and see how the answer changes. */
export async function explain(
  job: string,
  sample: Sample,
  options: ExplainOptions = {},
): Promise<Explanation> {
  const { signal, ...rest } = options;
  const path = `v1/jobs/${encodeURIComponent(job)}/explanations`;
  const { header, body, milliseconds } = await ask(path, queryOf(rest), sample, 'input', signal);
  const found = header as unknown as Omit<Explanation, 'maps' | 'milliseconds'> & { maps: Facts[] };
  const maps = found.maps.map((facts) => ({ shape: facts.shape, values: numbersOf(bytesOf(facts, body)) }));
  return { ...found, maps, milliseconds };
}

interface Facts {
  shape: number[];
  start: number;
  scale: number;
  offset: number;
}

/** Take a message apart. Throws if it is none. */
export function readMessage(message: ArrayBuffer): { header: Record<string, unknown>; body: Uint8Array } {
  const bytes = new Uint8Array(message);
  if (String.fromCharCode(...bytes.subarray(0, MAGIC.length)) !== MAGIC)
    throw new Error('not an answer in arrays');
  const end = START + new DataView(message).getUint32(8, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(START, end))) as Record<string, unknown>;
  return { header, body: bytes.subarray(end) };
}

function bytesOf({ shape, start, scale, offset }: Facts, body: Uint8Array): Bytes {
  const size = shape.reduce((product, length) => product * length, 1);
  const bytes = body.subarray(start, start + size);
  return { shape, bytes, scale, offset, low: offset, high: offset + 255 * scale };
}

function numbersOf({ bytes, scale, offset }: Bytes): Float32Array {
  return Float32Array.from(bytes, (byte) => offset + scale * byte);
}

function activation(layer: string, units: number, found: Bytes): Activation {
  let values: Float32Array | null = null;
  return {
    layer,
    units,
    ...found,
    get values() {
      return (values ??= numbersOf(found));
    },
  };
}

function queryOf(parameters: Record<string, string | number | undefined>): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined) query.set(name, String(value));
  return query;
}

async function ask(
  path: string,
  query: URLSearchParams,
  sample: Sample,
  key: 'input' | 'inputs',
  signal: AbortSignal | undefined,
): Promise<{
  header: Record<string, unknown>;
  body: Uint8Array;
  milliseconds: number;
  runMilliseconds: number | null;
  bytes: number;
}> {
  const start = performance.now();
  const isBytes = sample instanceof Uint8Array || sample instanceof Float32Array;
  const content = isBytes ? sample : JSON.stringify({ [key]: key === 'input' ? sample : [sample] });
  const response = await request(`${path}?${query.toString()}`, {
    method: 'POST',
    headers: {
      Accept: 'application/octet-stream',
      'Content-Type': isBytes ? 'application/octet-stream' : 'application/json',
    },
    body: content,
    signal: signal ?? null,
  });
  const message = await response.arrayBuffer();
  return {
    ...readMessage(message),
    milliseconds: performance.now() - start,
    runMilliseconds: runOf(response.headers.get('Server-Timing')),
    bytes: message.byteLength,
  };
}

function runOf(timing: string | null): number | null {
  const found = /\brun;dur=([\d.]+)/.exec(timing ?? '');
  return found ? Number(found[1]) : null;
}
