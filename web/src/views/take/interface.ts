/** What a Core ML file takes and gives, as the file itself says (`GET /v1/jobs/{job_id}/interface`). */

import type { Schemas } from '../../api/client.ts';

export interface ModelInput {
  readonly name: string;
  readonly kind: 'image' | 'multiarray';
  /** (height, width, channels) of an image; of an array as declared, with a batch axis of 1. */
  readonly shape: readonly number[];
  /** Type of the numbers of an array, such as `float32` or `int32`; empty for an image. */
  readonly type: string;
}

/** An input that takes the raw values of a column: of a table one, of recordings an array of all steps. */
export interface ModelColumn {
  readonly name: string;
  readonly kind: 'double' | 'int64' | 'string' | 'multiarray';
  /** Numbers of an array; 0 for a single value. */
  readonly steps: number;
  readonly description: string;
  /** Values that are known; empty for a number. */
  readonly categories: readonly (string | number)[];
  /** Whether a value may be missing. */
  readonly optional: boolean;
}

interface Outputs {
  /** In their order; empty for a regression. */
  readonly labels: readonly string[];
  /** Names of the outputs: the label and the probabilities, or the array of a regression. */
  readonly label: string;
  readonly probabilities: string;
  readonly value: string;
  /** Names of several outputs that are a number each. */
  readonly values: readonly string[];
}

export interface ModelInterface extends Outputs {
  readonly input: ModelInput;
}

/** The interface of a model that takes columns by name. */
export interface TableInterface extends Outputs {
  readonly columns: readonly ModelColumn[];
}

type Feature = Schemas['InterfaceMessage']['inputs'][number];

type Message = Pick<
  Schemas['InterfaceMessage'],
  'inputs' | 'outputs' | 'labels' | 'predicted_feature' | 'predicted_probabilities'
>;

/** The interface of a model with one input, or with columns; null for others, which QuickML does not make. */
export function interfaceOf(message: Message): ModelInterface | TableInterface | null {
  const [input, ...others] = message.inputs;
  const numbers = message.outputs.filter(({ kind }) => kind === 'double').map(({ name }) => name);
  const outputs: Outputs = {
    labels: (message.labels ?? []).map(String),
    label: message.predicted_feature,
    probabilities: message.predicted_probabilities,
    value:
      message.outputs.find((output) => output.kind === 'multiarray' || output.kind === 'double')?.name ?? '',
    values: numbers.length > 1 ? numbers : [],
  };
  const columns = message.inputs.map(column).filter((one) => one !== null);
  const areAlike = columns.every(({ steps }) => steps === columns[0]!.steps);
  if (columns.length && columns.length === message.inputs.length && areAlike) return { columns, ...outputs };
  if (!input || others.length || (input.kind !== 'image' && input.kind !== 'multiarray')) return null;
  return {
    input: { name: input.name, kind: input.kind, shape: input.shape, type: input.data_type },
    ...outputs,
  };
}

/** Null for an input that takes neither a single value nor an array of steps. */
function column(input: Feature, _: number, { length }: readonly Feature[]): ModelColumn | null {
  const { name, kind, description, shape, categories, refuses_unknown, replacement } = input;
  if (kind === 'multiarray' && shape.length === 1 && length > 1)
    return { name, kind, steps: shape[0]!, description, categories, optional: false };
  if (kind !== 'double' && kind !== 'int64' && kind !== 'string') return null;
  const optional = replacement !== null || (categories.length > 0 && !refuses_unknown);
  return { name, kind, steps: 0, description, categories, optional };
}
