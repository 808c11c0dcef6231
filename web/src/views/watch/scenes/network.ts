/** The columns of a network of dense layers, and the weights between them. */

import type { FilmHeader, Frame } from '../../../film/film.ts';
import { labelsOf, partOf } from './parts.ts';

/** A layer as the `built` event has it. */
export interface LayerRow {
  readonly name: string;
  readonly layer: string;
  readonly output_shape: readonly number[];
}

export interface Column {
  readonly kind: 'input' | 'hidden' | 'answer';
  /** Name of the layer; empty for the input. */
  readonly layer: string;
  /** The part with a map, or a value, of every unit; none for the input and the answer. */
  readonly part: string | null;
  /** Units that the film has, of those that there are. */
  readonly shown: number;
  readonly total: number;
}

/** The kernel between two columns. */
export interface Bundle {
  readonly part: string;
  readonly bias: string | null;
  /** Index of the column that it comes from; it goes to the next. */
  readonly from: number;
  readonly outputs: number;
  /** Whether there is one line to the answer for two outputs: the second's weight less the first's. */
  readonly difference: boolean;
}

export interface Network {
  readonly columns: readonly Column[];
  /** By the column that they come from; null where the weights are not in the film, or other layers are between. */
  readonly bundles: readonly (Bundle | null)[];
  /** Whether units of the first hidden layer depend on one direction of the input only. */
  readonly straight: boolean;
}

/** Layers that change every number by itself, or nothing. */
const ALONE = new Set([
  'Activation',
  'ReLU',
  'LeakyReLU',
  'PReLU',
  'ELU',
  'BatchNormalization',
  'ActivityRegularization',
]);
const ONLY_TRAINING = /^(Alpha|Gaussian|Spatial)?(Dropout|Noise)(1D|2D)?$/;
const MIXING = new Set(['Softmax', 'LayerNormalization', 'GroupNormalization']);
const STATISTICS = new Set(['Normalization', 'Rescaling', 'InputLayer']);
const MERGING = new Set([
  'Add',
  'Subtract',
  'Multiply',
  'Average',
  'Maximum',
  'Minimum',
  'Concatenate',
  'Dot',
  'Attention',
  'MultiHeadAttention',
]);

const continues = ({ layer }: LayerRow): boolean =>
  ALONE.has(layer) || MIXING.has(layer) || ONLY_TRAINING.test(layer);

/**
 * The network of a film, or null if it is not a chain of dense layers.
 *
 * @param part the part of the film that has the units of a hidden layer: the layer's own name, and the name of the
 *   last layer that continues it
 */
export function networkOf(
  header: FilmHeader,
  layers: readonly LayerRow[],
  part: (layer: string, end: string) => string,
): Network | null {
  if (layers.some((row) => MERGING.has(row.layer))) return null;
  const dense = layers.filter((row) => row.layer === 'Dense');
  const others = layers.filter(
    (row) =>
      row.layer !== 'Dense' && !continues(row) && !STATISTICS.has(row.layer) && row.layer !== 'Flatten',
  );
  if (!dense.length || others.length || dense.some((row) => row.output_shape.length !== 1)) return null;
  const columns: Column[] = [];
  const bundles: (Bundle | null)[] = [];
  let straight = true;
  dense.forEach((row, i) => {
    const kernel = partOf(header, `weights/${row.name}/kernel`);
    const before = dense[i - 1]?.output_shape[0] ?? kernel?.shape[0] ?? layers[0]?.output_shape[0] ?? 0;
    if (i === 0) columns.push({ kind: 'input', layer: '', part: null, shown: before, total: before });
    const isAnswer = i === dense.length - 1;
    const outputs = row.output_shape[0] ?? 1;
    const difference = isAnswer && outputs === 2 && labelsOf(header).length === 2;
    bundles.push(
      kernel?.shape.length === 2
        ? { part: kernel.name, bias: biasOf(header, row.name), from: i, outputs, difference }
        : null,
    );
    if (isAnswer) {
      const shown = difference ? 1 : outputs;
      columns.push({ kind: 'answer', layer: row.name, part: null, shown, total: outputs });
      return;
    }
    const end = endOf(layers, row);
    if (i === 0) straight = !end.mixes;
    const found = partOf(header, part(row.name, end.name));
    columns.push({
      kind: 'hidden',
      layer: row.name,
      part: found?.name ?? null,
      shown: found?.shape[0] ?? 0,
      total: outputs,
    });
  });
  if (columns.some((column) => column.kind === 'hidden' && !column.shown))
    return shortened(columns, bundles, straight);
  return { columns, bundles, straight };
}

const biasOf = (header: FilmHeader, layer: string): string | null =>
  partOf(header, `weights/${layer}/bias`)?.name ?? null;

/** The last layer that continues a layer number by number, as films show units. */
function endOf(layers: readonly LayerRow[], row: LayerRow): { name: string; mixes: boolean } {
  let [name, mixes] = [row.name, false];
  for (const next of layers.slice(layers.indexOf(row) + 1)) {
    if (!continues(next)) break;
    mixes ||= MIXING.has(next.layer);
    if (!ONLY_TRAINING.test(next.layer)) name = next.name;
  }
  return { name, mixes };
}

/** Without columns that the film has no units of: of large networks, only the first 64 are filmed. */
function shortened(columns: Column[], bundles: (Bundle | null)[], straight: boolean): Network {
  const kept = columns.filter((column) => column.kind !== 'hidden' || column.shown);
  const lines = kept.slice(0, -1).map((column, i) => {
    const at = columns.indexOf(column);
    const bundle = bundles[at] ?? null;
    return bundle && kept[i + 1] === columns[at + 1] ? { ...bundle, from: i } : null;
  });
  return { columns: kept, bundles: lines, straight };
}

/** Weights from every shown unit of a column to every shown unit of the next: `to` varies fastest. */
export function weightsOf(network: Network, frame: Frame, from: number): Float32Array | null {
  const bundle = network.bundles[from];
  if (!bundle) return null;
  const values = frame.part(bundle.part);
  const [many, next] = [network.columns[from]!.shown, network.columns[from + 1]!.shown];
  const found = new Float32Array(many * next);
  for (let i = 0; i < many; i++)
    for (let j = 0; j < next; j++)
      found[i * next + j] = bundle.difference
        ? values[2 * i + 1]! - values[2 * i]!
        : values[i * bundle.outputs + j]!;
  return found;
}

/** A unit: index of its column, and its place in it. */
export interface Unit {
  readonly column: number;
  readonly index: number;
}

export const sameUnit = (a: Unit | null, b: Unit | null): boolean =>
  a !== null && b !== null && a.column === b.column && a.index === b.index;

/** A weight of a unit, and the unit on the other side. */
export interface Line {
  readonly index: number;
  readonly weight: number;
}

/** What is true of a unit at a moment. */
export interface UnitFacts {
  readonly incoming: readonly Line[];
  readonly bias: number | null;
  /** The strongest first. */
  readonly outgoing: readonly Line[];
  /** Place of its strongest outgoing weight among those of its column, from 1. */
  readonly rank: number;
  readonly of: number;
  /** Least and largest value, over the plane. */
  readonly low: number;
  readonly high: number;
  /** Share of the plane where it is 0. */
  readonly zero: number;
}

export function unitFacts(network: Network, frame: Frame, unit: Unit): UnitFacts {
  const column = network.columns[unit.column]!;
  const after = weightsOf(network, frame, unit.column);
  const next = network.columns[unit.column + 1]?.shown ?? 0;
  const strongest = Array.from({ length: after ? column.shown : 0 }, (_, i) =>
    Math.max(...Array.from(after!.subarray(i * next, (i + 1) * next), Math.abs)),
  );
  const own = strongest[unit.index] ?? 0;
  const bias = network.bundles[unit.column - 1]?.bias;
  return {
    incoming: linesTo(network, frame, unit),
    bias: bias ? (frame.part(bias)[unit.index] ?? null) : null,
    outgoing: sorted(
      Array.from({ length: after ? next : 0 }, (_, index) => ({
        index,
        weight: after![unit.index * next + index]!,
      })),
    ),
    rank: 1 + strongest.filter((size) => size > own).length,
    of: column.shown,
    ...extentOf(column, frame, unit.index),
  };
}

function linesTo(network: Network, frame: Frame, unit: Unit): Line[] {
  const before = weightsOf(network, frame, unit.column - 1);
  const { shown } = network.columns[unit.column]!;
  const many = network.columns[unit.column - 1]?.shown ?? 0;
  return sorted(
    Array.from({ length: before ? many : 0 }, (_, index) => ({
      index,
      weight: before![index * shown + unit.index]!,
    })),
  );
}

const sorted = (lines: Line[]): Line[] => lines.sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));

function extentOf(column: Column, frame: Frame, index: number): { low: number; high: number; zero: number } {
  if (!column.part) return { low: 0, high: 0, zero: 0 };
  const values = frame.part(column.part);
  const size = values.length / column.shown;
  let [low, high, zeros] = [Infinity, -Infinity, 0];
  for (let i = index * size; i < (index + 1) * size; i++) {
    const value = values[i]!;
    low = Math.min(low, value);
    high = Math.max(high, value);
    if (Math.abs(value) < 1e-6) zeros++;
  }
  return { low, high, zero: zeros / size };
}

/** The strongest line of the network. */
export function strongestLine(
  network: Network,
  frame: Frame,
): { from: Unit; to: Unit; weight: number } | null {
  let found: { from: Unit; to: Unit; weight: number } | null = null;
  network.bundles.forEach((_, column) => {
    const weights = weightsOf(network, frame, column);
    if (!weights) return;
    const next = network.columns[column + 1]!.shown;
    weights.forEach((weight, at) => {
      if (Math.abs(weight) <= Math.abs(found?.weight ?? 0)) return;
      found = {
        from: { column, index: Math.floor(at / next) },
        to: { column: column + 1, index: at % next },
        weight,
      };
    });
  });
  return found;
}
