/** What a trained model answers to every test sample: docs/reference/answers.md. */

import { inflate } from '../film/decode.ts';
import { request } from './client.ts';

const START = 12; // magic and length of the header
const MAGIC = 'QMLANSW\x01';
const TYPES = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, float32: Float32Array } as const;
type Values = Uint8Array | Uint16Array | Uint32Array | Float32Array;

interface Header {
  of: string;
  task: 'classification' | 'regression' | 'multi_label';
  labels: string[];
  /** Of several targets. */
  targets?: string[];
  samples: number;
  flips: { file: string; weights: string; artifact: string | null; taken: boolean }[];
  parts: { name: string; dtype: keyof typeof TYPES; shape: number[]; most?: number }[];
}

/** A form of the weights that was tried, and the samples that it answers otherwise. */
export interface Flips {
  readonly file: string;
  readonly weights: string;
  /** Name of the file with these weights; null if it is not kept. */
  readonly artifact: string | null;
  /** Whether it is the delivered one. */
  readonly taken: boolean;
  /** Positions in the test set, ascending. */
  readonly samples: ArrayLike<number>;
  /** Their new labels; the old ones are in `answers`. */
  readonly labels: ArrayLike<number>;
}

/** One of several targets: a number, or a label that is 1 for a sample that has it, and found with a probability. */
export interface Target {
  readonly name: string;
  readonly truth: ArrayLike<number>;
  readonly found: ArrayLike<number>;
}

export interface Answers {
  /** Empty for a regression, and where a sample can have several labels. */
  readonly labels: readonly string[];
  /** Several targets; otherwise empty. */
  readonly several: readonly Target[];
  readonly count: number;
  /** Of each position: the ID of the sample in the test set. */
  readonly ids: ArrayLike<number>;
  /** Index of the true class, or the true value; of several targets the first. */
  readonly targets: ArrayLike<number>;
  /** Index of the class that the model names, or the value that it finds. */
  readonly answers: ArrayLike<number>;
  /** Whether `probabilities` and `confidence` are known. */
  readonly hasProbabilities: boolean;
  /** Probabilities of all classes for the sample at a position. */
  probabilities(position: number): Float32Array;
  /** Probability of the answer for the sample at a position; NaN if it is not known. */
  confidence(position: number): number;
  readonly flips: readonly Flips[];
}

/** The answers of a ready job. */
export async function readAnswers(job: string, signal?: AbortSignal): Promise<Answers> {
  const path = `v1/jobs/${encodeURIComponent(job)}/answers`;
  const response = await request(path, { signal: signal ?? null });
  return answersOf(await response.arrayBuffer());
}

/** The answers in the bytes of `answers.bin`. Throws if they are damaged, or are none. */
export async function answersOf(file: ArrayBuffer): Promise<Answers> {
  const bytes = new Uint8Array(file);
  if (String.fromCharCode(...bytes.subarray(0, MAGIC.length)) !== MAGIC) throw new Error('no answers');
  const end = START + new DataView(file).getUint32(8, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(START, end))) as Header;
  const parts = partsOf(header, await inflate(bytes.subarray(end)));
  const values = (name: string): Values => parts.get(name) ?? new Uint8Array(0);
  const most = header.parts.find(({ name }) => name === 'confidence')?.most ?? 255;
  const names = header.targets ?? [];
  const column = (name: string, at: number): Values =>
    names.length ? values(name).filter((_, i) => i % names.length === at) : values(name);
  const [answers, confidence, others] = [column('predicted', 0), values('confidence'), values('others')];
  const classes = header.labels.length;
  const sure = (position: number): number => probability(confidence[position] ?? NaN, most);
  return {
    labels: header.labels,
    several: names.map((name, i) => ({ name, truth: column('truth', i), found: column('predicted', i) })),
    count: header.samples,
    ids: Uint32Array.from({ length: header.samples }, (_, i) => i),
    targets: column('truth', 0),
    answers,
    hasProbabilities: confidence.length > 0,
    confidence: sure,
    probabilities(position) {
      const codes = others.subarray(position * classes, (position + 1) * classes);
      const found = Float32Array.from(codes, (code) => probability(code, most));
      found[answers[position]!] = sure(position);
      return found;
    },
    flips: header.flips.map((flips, i) => ({
      ...flips,
      samples: values(`flips/${i}/samples`),
      labels: values(`flips/${i}/labels`),
    })),
  };
}

function partsOf(header: Header, content: Uint8Array<ArrayBuffer>): Map<string, Values> {
  const parts = new Map<string, Values>();
  let start = 0;
  for (const { name, dtype, shape } of header.parts) {
    const type = TYPES[dtype];
    const size = shape.reduce((product, length) => product * length, 1) * type.BYTES_PER_ELEMENT;
    if (start + size > content.byteLength) throw new Error('the answers are cut off');
    parts.set(name, new type(content.slice(start, start + size).buffer)); // a copy, whose start is aligned
    start += size;
  }
  return parts;
}

/** Codes are finer near 0 and 1. */
function probability(code: number, most: number): number {
  return Math.sin(((code / most) * Math.PI) / 2) ** 2;
}
