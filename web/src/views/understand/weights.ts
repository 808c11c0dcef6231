/** Where the weights and the work of a network are. Pure. */

import type { ReportLayer } from './report.ts';

export interface LayerShare {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly weights: number;
  /** Multiplications for one answer: each weight, as often as it is used. */
  readonly work: number;
  readonly weightShare: number;
  readonly workShare: number;
}

/** Layers with weights, in their order. `input` is the shape of a sample. */
export function layerShares(layers: readonly ReportLayer[], input: readonly number[]): LayerShare[] {
  const shapes = new Map(layers.map((layer) => [layer.name, layer.output_shape]));
  const rows = layers.map((layer) => {
    const before = shapes.get(layer.inputs[0] ?? '') ?? input;
    return { layer, work: layer.parameters * uses(layer, before) };
  });
  const kept = rows.filter(({ layer }) => layer.parameters > 0 && layer.type !== 'Normalization');
  const weights = kept.reduce((sum, { layer }) => sum + layer.parameters, 0);
  const work = kept.reduce((sum, row) => sum + row.work, 0);
  return kept.map((row) => ({
    name: row.layer.name,
    type: row.layer.type,
    shape: row.layer.output_shape,
    weights: row.layer.parameters,
    work: row.work,
    weightShare: row.layer.parameters / weights,
    workShare: work ? row.work / work : 0,
  }));
}

const PER_STEP = ['LSTM', 'GRU', 'SimpleRNN', 'Bidirectional', 'MultiHeadAttention', 'TimeDistributed'];
const LOOKED_UP = ['Embedding'];

/** How often each weight of a layer is used for one answer. */
function uses({ type, output_shape: shape }: ReportLayer, before: readonly number[]): number {
  if (LOOKED_UP.includes(type)) return 0; // a row of it is read, nothing is multiplied
  if (PER_STEP.includes(type)) return before[0] ?? 1;
  const places = type === 'Conv2DTranspose' ? before : shape;
  return places.slice(0, -1).reduce((product, side) => product * side, 1);
}

/** The layer with the most weights. */
export function heaviest(shares: readonly LayerShare[]): LayerShare | null {
  return shares.reduce<LayerShare | null>(
    (most, one) => (most && most.weights >= one.weights ? most : one),
    null,
  );
}

/** The layer with the most work. */
export function busiest(shares: readonly LayerShare[]): LayerShare | null {
  return shares.reduce<LayerShare | null>((most, one) => (most && most.work >= one.work ? most : one), null);
}
