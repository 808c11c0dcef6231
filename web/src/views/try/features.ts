/** Measurements of a sample: their names, units and ranges. */

export interface Feature {
  /** Without its unit. */
  readonly name: string;
  /** `cm`; empty if the name has none. */
  readonly unit: string;
  /** The range of the slider: that of the samples, with some room. A field may go beyond. */
  readonly low: number;
  readonly high: number;
  readonly step: number;
  /** The range of the samples. */
  readonly seen: readonly [number, number];
}

/** `petal width (cm)` is `petal width` in `cm`. */
export function named(text: string): { name: string; unit: string } {
  const [, name, unit] = /^(.*?)\s*\(([^()]{1,12})\)$/.exec(text) ?? [];
  return name ? { name, unit: unit! } : { name: text, unit: '' };
}

/** The features of a dataset from some of its samples. */
export function featuresOf(names: readonly string[], samples: readonly (readonly number[])[]): Feature[] {
  const count = samples[0]?.length ?? names.length;
  return Array.from({ length: count }, (_, index) => {
    const values = samples.map((sample) => sample[index] ?? 0);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const [from, to] = Number.isFinite(least) ? [least, most] : [0, 1];
    const step = stepOf(to - from || Math.abs(to) || 1);
    const room = (to - from || 1) / 10;
    return {
      ...named(names[index] ?? String(index + 1)),
      low: rounded(Math.floor((from - (from >= 0 && from < room ? from : room)) / step) * step, step),
      high: rounded(Math.ceil((to + room) / step) * step, step),
      step,
      seen: [from, to],
    };
  });
}

/** A step of 1, 2 or 5 times a power of ten, 100 to 250 of them in the range. */
export function stepOf(range: number): number {
  const power = 10 ** Math.floor(Math.log10(range / 100));
  const times = range / 100 / power;
  return rounded(power * (times < 2 ? 1 : times < 5 ? 2 : 5), power);
}

/** Without the digits that the arithmetic has added: 0.30000000000000004 is 0.3. */
export function rounded(value: number, step: number): number {
  const digits = Math.max(0, Math.min(12, Math.ceil(-Math.log10(step)) + 1));
  return Number(value.toFixed(digits));
}

/** The number that somebody has typed, with a comma or a point; null if it is none. */
export function typed(text: string): number | null {
  const plain = text.trim().replace(',', '.');
  const value = Number(plain);
  return plain && Number.isFinite(value) && Math.abs(value) <= 3.4e38 ? value : null;
}
