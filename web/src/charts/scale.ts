/** Axes: from values to pixels and back, and the round numbers between their ends. */

export interface Scale {
  (value: number): number;
  invert(pixel: number): number;
}

/** The two ends of an axis: of its values, or of its pixels. */
export type Ends = readonly [number, number];

type Convert = (value: number) => number;

const unchanged: Convert = (value) => value;

/** Values become pixels evenly. Without any extent, everything is in the middle. */
export const linear = (values: Ends, pixels: Ends): Scale => scale(values, pixels, unchanged, unchanged);

/** Equal factors become equal distances. Both values must be greater than 0. */
export const logarithmic = (values: Ends, pixels: Ends): Scale => scale(values, pixels, Math.log, Math.exp);

/** Even near 0, logarithmic from about `one` on. */
export const logarithmicFromZero = (values: Ends, pixels: Ends, one: number): Scale =>
  scale(
    values,
    pixels,
    (value) => Math.log1p(value / one),
    (place) => Math.expm1(place) * one,
  );

function scale(values: Ends, [start, end]: Ends, place: Convert, value: Convert): Scale {
  const [low, high] = [place(values[0]), place(values[1])];
  const to = (of: number): number =>
    high === low ? (start + end) / 2 : start + ((place(of) - low) / (high - low)) * (end - start);
  const invert = (pixel: number): number => value(low + ((pixel - start) / (end - start)) * (high - low));
  return Object.assign(to, { invert });
}

/** Multiples of 1, 2 or 5 times a power of ten from `low` to `high`, about `count` of them. */
export function ticks(low: number, high: number, count: number): number[] {
  if (low === high) return [low];
  const wanted = (high - low) / count;
  if (!(wanted > 0) || !Number.isFinite(wanted)) return [];
  const power = Math.floor(Math.log10(wanted));
  const digit = wanted / 10 ** power;
  // The limits are in the middle of 1, 2, 5 and 10 by their logarithms.
  const factor = digit < Math.sqrt(2) ? 1 : digit < Math.sqrt(10) ? 2 : digit < Math.sqrt(50) ? 5 : 10;
  const [step, almost] = [factor * 10 ** power, 1e-9];
  const [first, last] = [Math.ceil(low / step - almost), Math.floor(high / step + almost)];
  // Divided by a whole number, 3 times 0.1 is 0.3. Adding 0 makes 0 of -0.
  const multiple = (index: number): number =>
    power < 0 ? (index * factor) / 10 ** -power : index * factor * 10 ** power;
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => multiple(first + index) + 0);
}
