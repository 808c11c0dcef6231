/** Which layers are shown, and how. */

import type { Activation } from '../../api/arrays.ts';

export type Form = 'maps' | 'sequence' | 'vector';

export interface Shown {
  readonly layer: Activation;
  /** Type of the layer, such as `Conv2D`; its name if the type is not known. */
  readonly type: string;
  readonly form: Form;
}

/** These give what they get, only scaled or in another order. */
const SAME = new Set(['Rescaling', 'Normalization', 'Flatten', 'Reshape', 'Permute', 'RepeatVector']);

/** Files of earlier builds keep no values of these: their last operation has another name. */
const APART = new Set(['SimpleRNN', 'LSTM', 'GRU']);

/** The layers to show, those that are left out, and those of which the file gives no values. */
export function shown(
  activations: readonly Activation[],
  types: ReadonlyMap<string, string>,
): { layers: Shown[]; left: string[]; absent: string[] } {
  const given = new Set(activations.map(({ layer }) => layer));
  const all = activations.map((layer) => ({
    layer,
    type: types.get(layer.layer) ?? layer.layer,
    form: formOf(layer.shape),
  }));
  return {
    layers: all.filter(({ type }) => !SAME.has(type)),
    left: all.filter(({ type }) => SAME.has(type)).map(({ type }) => type),
    absent: [...types].filter(([name, type]) => APART.has(type) && !given.has(name)).map(([, type]) => type),
  };
}

export function formOf(shape: readonly number[]): Form {
  return shape.length === 3 ? 'maps' : shape.length === 2 ? 'sequence' : 'vector';
}

/** Share of the values that are 0, to the accuracy of their bytes. */
export function zeros({ bytes, low, scale }: Pick<Activation, 'bytes' | 'low' | 'scale'>): number {
  if (!bytes.length) return 0;
  if (!scale) return low === 0 ? 1 : 0;
  const zero = Math.round(-low / scale);
  let count = 0;
  for (const byte of bytes) if (byte === zero) count++;
  return count / bytes.length;
}
