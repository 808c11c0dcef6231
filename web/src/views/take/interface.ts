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

export interface ModelInterface {
  readonly input: ModelInput;
  /** In their order; empty for a regression. */
  readonly labels: readonly string[];
  /** Names of the outputs: the label and the probabilities, or the array of a regression. */
  readonly label: string;
  readonly probabilities: string;
  readonly value: string;
}

type Message = Pick<
  Schemas['InterfaceMessage'],
  'inputs' | 'outputs' | 'labels' | 'predicted_feature' | 'predicted_probabilities'
>;

/** The interface of a model with one input; null for others, which QuickML does not make. */
export function interfaceOf(message: Message): ModelInterface | null {
  const [input, ...others] = message.inputs;
  if (!input || others.length || (input.kind !== 'image' && input.kind !== 'multiarray')) return null;
  return {
    input: { name: input.name, kind: input.kind, shape: input.shape, type: input.data_type },
    labels: (message.labels ?? []).map(String),
    label: message.predicted_feature,
    probabilities: message.predicted_probabilities,
    value: message.outputs.find((output) => output.kind === 'multiarray')?.name ?? '',
  };
}
