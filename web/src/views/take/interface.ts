/** What a Core ML file of QuickML takes and gives, as `quickml inspect` would show it. */

export interface ModelInput {
  /** Name of the input in the file. */
  readonly name: string;
  readonly kind: 'image' | 'multiarray';
  /** (height, width, channels) of an image; of an array as declared, with a batch axis of 1. */
  readonly shape: readonly number[];
  /** Type of the numbers of an array; empty for an image. */
  readonly type: 'float32' | 'int32' | '';
}

export interface ModelInterface {
  readonly input: ModelInput;
  /** In the order of the outputs; empty for a regression, whose output is an array, `prediction`. */
  readonly labels: readonly string[];
}

/** The part of a dataset's description that decides what the file takes. */
export interface Described {
  readonly kind: string;
  readonly shape: readonly number[];
  readonly labels?: readonly string[] | null;
}

/**
 * The interface of the files of a job. QuickML writes the same one into each of its formats: the input is called
 * like the kind of data, and a batch of 1 is the first axis of arrays (`export/coreml/emit/program.py`).
 */
export function interfaceOf(dataset: Described): ModelInterface {
  const labels = dataset.labels ?? [];
  if (dataset.kind === 'image') {
    const [height = 1, width = 1, channels = 1] = dataset.shape;
    return { input: { name: 'image', kind: 'image', shape: [height, width, channels], type: '' }, labels };
  }
  const type = dataset.kind === 'tokens' ? 'int32' : 'float32';
  const shape = [1, ...dataset.shape];
  return { input: { name: dataset.kind, kind: 'multiarray', shape, type }, labels };
}

/** First iOS version that reads a file of this kind with float32 weights. */
export const FIRST_IOS: Readonly<Record<string, number>> = { mlmodel: 13, mlpackage: 15, aimodel: 27 };
