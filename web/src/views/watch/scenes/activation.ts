/** Activations of one sample as maps. */

import type { Frame } from '../../../film/film.ts';
import type { Named } from './parts.ts';
import { reach, type Map2D } from './shades.ts';

export interface LayerView {
  readonly kind: 'maps' | 'time' | 'values';
  readonly maps: readonly Map2D[];
  readonly most: number;
  /** Maps, units or values. */
  readonly count: number;
  readonly height: number;
  readonly width: number;
}

/** A layer's output: maps of pictures, units over time, or one row of values. */
export function layerView(part: Named, frame: Frame): LayerView {
  const values = frame.part(part.name);
  const most = reach(values);
  if (part.shape.length === 3) {
    const [count, height, width] = part.shape as [number, number, number];
    const maps = Array.from({ length: count }, (_, i) => ({
      values,
      start: i * height * width,
      width,
      height,
    }));
    return { kind: 'maps', maps, most, count, height, width };
  }
  if (part.shape.length === 2) {
    const [steps, units] = part.shape as [number, number];
    const map = { values, start: 0, width: steps, height: units, across: units, down: 1 };
    return { kind: 'time', maps: [map], most, count: units, height: units, width: steps };
  }
  const count = part.shape[0] ?? 1;
  return {
    kind: 'values',
    maps: Array.from({ length: count }, (_, start) => ({ values, start, width: 1, height: 1 })),
    most,
    count,
    height: 1,
    width: 1,
  };
}
