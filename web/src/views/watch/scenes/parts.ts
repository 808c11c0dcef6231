/** What a film has, by kind of part, and reading answers. */

import type { FilmHeader, FilmPart } from '../../../film/film.ts';

/** A part with the rest of its name: `unit/dense` is `dense`. */
export interface Named {
  readonly part: FilmPart;
  readonly name: string;
  readonly of: string;
  readonly shape: readonly number[];
  readonly size: number;
}

export type Group = 'unit' | 'activation' | 'filters' | 'weights' | 'histogram';

/** The parts of a group, in the order of the network. */
export function group(header: FilmHeader, group: Group): Named[] {
  return header.parts
    .filter((part) => part.name.startsWith(`${group}/`))
    .map((part) => ({
      part,
      name: part.name,
      of: part.name.slice(group.length + 1),
      shape: part.shape,
      size: part.shape.reduce((product, length) => product * length, 1),
    }));
}

export function partOf(header: FilmHeader, name: string): FilmPart | undefined {
  return header.parts.find((part) => part.name === name);
}

/** Labels of a classification; none of a regression. */
export function labelsOf(header: FilmHeader): readonly string[] {
  return header.labels ?? [];
}

/** The probabilities of all classes in a row of answers; of two classes, a film has only the second's. */
export function probabilities(values: Float32Array, row: number, outputs: number): number[] {
  if (outputs === 1) return [1 - values[row]!, values[row]!];
  return Array.from(values.subarray(row * outputs, (row + 1) * outputs));
}

export function best(values: ArrayLike<number>): number {
  let found = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[found]!) found = i;
  return found;
}

/** Rounded to significant digits, for tables. */
export const rounded = (value: number, digits = 4): number => Number(value.toPrecision(digits));
