/** What a new layer begins with, and where it fits. Pure. */

import { defaultName } from '../document/layers.ts';
import { freeName, named, nameOf } from './edits.ts';
import { INPUT, type Edge, type LayerLike, type Network, type PatchStep } from './network.ts';
import type { Shape } from './shapes.ts';

/** What the server says of a type of layers. */
export interface TypeLike {
  readonly type: string;
  readonly help: string;
  readonly merges: boolean;
  readonly example: {
    readonly input_shape: readonly number[];
    readonly arguments: Readonly<Record<string, unknown>>;
  };
  readonly schema: Readonly<Record<string, unknown>>;
}

type Values = Readonly<Record<string, unknown>>;

/** Better beginnings than the shortest example of the reference. */
const BEGINNINGS: Readonly<Record<string, Values>> = {
  Dense: { units: 32, activation: 'relu' },
  Conv2D: { filters: 32, kernel_size: 3, activation: 'relu' },
  SeparableConv2D: { filters: 32, kernel_size: 3, activation: 'relu' },
  DepthwiseConv2D: { kernel_size: 3, activation: 'relu' },
  Conv2DTranspose: { filters: 16, kernel_size: 3, strides: 2, padding: 'same', activation: 'relu' },
  Conv1D: { filters: 16, kernel_size: 5, activation: 'relu' },
  RandomFlip: { mode: 'horizontal' },
  GroupNormalization: { groups: 4 },
  Embedding: { input_dim: 100, output_dim: 8 },
};

const product = (shape: Shape): number => shape.reduce<number>((all, size) => all * (size ?? 1), 1);

/** A new layer that takes `shape`; its arguments fit it where that can be known. */
export function newLayer(kind: TypeLike, shape: Shape | null, tokens: number | null = null): Values {
  const values = { type: kind.type, ...kind.example.arguments, ...BEGINNINGS[kind.type] } as Record<
    string,
    unknown
  >;
  if (shape === null) return values;
  const [height, width] = [shape[0] ?? 1, shape[1] ?? 1];
  if (kind.type === 'Conv2D' || kind.type === 'SeparableConv2D' || kind.type === 'DepthwiseConv2D') {
    const least = Math.min(height, width);
    if (shape.length === 3 && least < 3) values['kernel_size'] = 1;
  }
  if (kind.type === 'Conv1D' && shape.length === 2 && height < 5) values['kernel_size'] = Math.min(3, height);
  if (kind.type === 'GroupNormalization') values['groups'] = divisor(shape.at(-1) ?? 1, 4);
  if (kind.type === 'Reshape') values['target_shape'] = [product(shape)];
  if (kind.type === 'Permute')
    values['dims'] = shape.length === 3 ? [2, 1, 3] : shape.length === 2 ? [2, 1] : [1];
  if (kind.type === 'Resizing') {
    values['height'] = Math.max(1, Math.floor(height / 2));
    values['width'] = Math.max(1, Math.floor(width / 2));
  }
  if (kind.type === 'Cropping2D') values['cropping'] = Math.min(height, width) > 8 ? 4 : 1;
  if (kind.type === 'PReLU' && shape.length !== 3) delete values['shared_axes'];
  if (kind.type === 'Embedding' && tokens !== null) values['input_dim'] = tokens;
  return values;
}

function divisor(number: number, wanted: number): number {
  for (let groups = wanted; groups > 1; groups--) if (number % groups === 0) return groups;
  return 1;
}

/** Whether a layer of the type takes such an input, as far as the number of axes says. Null: takes all. */
function axesOf(kind: TypeLike): number | null {
  if (/2D|^Random|^Resizing/.test(kind.type)) return 3;
  if (/1D|RNN$|^LSTM$|^GRU$|^Bidirectional$|^TimeDistributed$|^MultiHeadAttention$/.test(kind.type)) return 2;
  if (/^(Dense|Embedding|RepeatVector)$/.test(kind.type)) return 1;
  return null;
}

export function fits(kind: TypeLike, shape: Shape | null): boolean {
  const axes = axesOf(kind);
  if (kind.type === 'Flatten') return shape === null || shape.length > 1;
  return axes === null || shape === null || shape.length === axes;
}

/**
 * The edge on which a new layer goes: behind the selected one where it fits there, else on the last one before the answer on
 * which it fits, else before the answer. Null: at the end.
 */
export function placeFor(network: Network, kind: TypeLike, selected: number | null): Edge | null {
  const { edges, nodes } = network;
  const shape = (id: number): Shape | null => nodes.find((node) => node.id === id)?.shape ?? null;
  const real = edges.filter(({ from, to }) => from >= INPUT && to >= 0);
  const behind = real.find(({ from }) => from === selected);
  if (behind && fits(kind, shape(behind.from))) return behind;
  const fitting = real.filter(({ from }) => shape(from) !== null && fits(kind, shape(from)));
  // Augmentation and embeddings belong at the start.
  if (/^Random|^Embedding$/.test(kind.type)) return fitting[0] ?? real[0] ?? null;
  return fitting.at(-1) ?? behind ?? real.at(-1) ?? null;
}

/**
 * A merging layer on an edge: it takes what came there, and the last earlier layer with the same shape,
 * so that one click makes a skip connection. The server says what else it needs.
 */
export function mergeOn(
  network: Network,
  layers: readonly LayerLike[],
  edge: Edge,
  type: string,
): PatchStep[] {
  const shape = (id: number): string =>
    JSON.stringify(network.nodes.find((node) => node.id === id)?.shape ?? null);
  const earlier = layers.filter(({ index }) => index < edge.from && shape(index) === shape(edge.from)).at(-1);
  const other = earlier?.index ?? (edge.from > 0 && shape(INPUT) === shape(edge.from) ? INPUT : null);
  const sources = other === null ? [edge.from] : [edge.from, other];
  const inputs = sources.map((source) => nameOf(layers, source));
  const explicit = Array.isArray(layers[edge.to]?.values['inputs']);
  const name = explicit ? freeName(layers, defaultName(type)) : null;
  return [
    ...named(layers, sources),
    {
      op: 'add',
      path: `/model/layers/${edge.to}`,
      value: { type, ...(name === null ? {} : { name }), inputs },
    },
    ...(name === null
      ? []
      : [{ op: 'replace', path: `/model/layers/${edge.to + 1}/inputs/${edge.port}`, value: name }]),
  ];
}
