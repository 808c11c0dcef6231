/** A small network that fits a dataset, to begin with. Pure. */

export interface DataLike {
  readonly name: string;
  readonly task: string;
  readonly shape: readonly number[];
  readonly labels: readonly string[] | null;
  /** Number of different tokens, where a sample is a row of tokens. */
  readonly tokens?: number | null;
}

type Layer = Readonly<Record<string, unknown>>;

/** The layer that gives the answer. */
export function answerLayer({ task, labels }: DataLike): Layer {
  return task === 'regression'
    ? { type: 'Dense', units: 1 }
    : { type: 'Dense', units: labels?.length ?? 2, activation: 'softmax' };
}

/** Layers for the kind of samples: convolutions for pictures, an LSTM for sequences, Dense layers for numbers. */
export function starterLayers(data: DataLike): Layer[] {
  const answer = answerLayer(data);
  if (data.tokens)
    return [{ type: 'Embedding', input_dim: data.tokens, output_dim: 8 }, { type: 'GRU', units: 16 }, answer];
  if (data.shape.length === 3) {
    const small = Math.min(data.shape[0]!, data.shape[1]!) < 12;
    return [
      { type: 'Conv2D', filters: 16, kernel_size: 3, activation: 'relu' },
      ...(small ? [] : [{ type: 'MaxPooling2D', pool_size: 2 }]),
      { type: 'Conv2D', filters: 32, kernel_size: 3, activation: 'relu' },
      { type: 'MaxPooling2D', pool_size: 2 },
      { type: 'Flatten' },
      { type: 'Dense', units: 32, activation: 'relu' },
      answer,
    ];
  }
  if (data.shape.length === 2) return [{ type: 'LSTM', units: 24 }, answer];
  const plane = data.shape[0] === 2;
  return [
    { type: 'Dense', units: plane ? 8 : 16, activation: plane ? 'tanh' : 'relu' },
    ...(plane ? [{ type: 'Dense', units: 8, activation: 'tanh' }] : []),
    answer,
  ];
}
