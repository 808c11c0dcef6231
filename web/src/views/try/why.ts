/** Where a file's answer comes from, as occlusion has found it. */

import type { Explanation } from '../../api/arrays.ts';

type Found = Pick<Explanation, 'size' | 'starts' | 'maps' | 'values'>;

/** For each place of an axis or picture: the mean effect of the parts that cover it. */
export function heat(found: Found, output: number, shape: readonly number[]): Float32Array {
  const map = found.maps[output]?.values ?? new Float32Array();
  const [rows, columns] = found.starts.length > 1 ? found.starts : [[0], found.starts[0]];
  const [high = 1, wide = 1] = found.size.length > 1 ? found.size : [1, found.size[0]];
  const [height = 1, width = 1] = found.starts.length > 1 ? shape : [1, shape[0]];
  const [sum, count] = [new Float32Array(height * width), new Float32Array(height * width)];
  let part = 0;
  for (const top of rows ?? [])
    for (const left of columns ?? []) {
      const effect = map[part++] ?? 0;
      for (let y = top; y < Math.min(height, top + high); y++)
        for (let x = left; x < Math.min(width, left + wide); x++) {
          sum[y * width + x]! += effect;
          count[y * width + x]! += 1;
        }
    }
  return sum.map((total, i) => total / (count[i] || 1));
}

/** What stands where something is hidden: a key of the texts. */
export function replacement({
  part,
  baseline,
}: Pick<Explanation, 'part' | 'baseline'>): 'black' | 'colour' | 'mean' | 'zero' | 'empty' {
  const isMean = baseline.name === 'mean';
  if (part === 'patch') return isMean ? 'colour' : 'black';
  if (part === 'token') return 'empty';
  return isMean ? 'mean' : 'zero';
}

/** The largest effect, either way; at least `least`, so that noise does not look like a reason. */
export function top(values: ArrayLike<number>, least: number): number {
  let found = least;
  for (let i = 0; i < values.length; i++) found = Math.max(found, Math.abs(values[i]!));
  return found;
}

/** Effects below this share are not worth a sentence. */
export const NOTHING = 0.005;

/** What becomes of the output when the part is hidden that speaks most for it; where none does, most against it. */
export function strongest(found: Found, output: number): { from: number; to: number } {
  const effects = found.maps[output]?.values ?? [];
  const from = found.values[output] ?? 0;
  const [most, least] = [Math.max(0, ...effects), Math.min(0, ...effects)];
  return { from, to: from - (most < NOTHING && -least >= NOTHING ? least : most) };
}

/** Parts with their effects, the largest first, for the table. */
export function parts(
  found: Pick<Explanation, 'size' | 'starts' | 'maps'>,
  output: number,
): { at: number[]; effect: number }[] {
  const effects = found.maps[output]?.values ?? [];
  const [first = [], second] = found.starts;
  const places = second
    ? first.flatMap((row) => second.map((column) => [row, column]))
    : first.map((at) => [at]);
  return places
    .map((at, i) => ({ at, effect: effects[i] ?? 0 }))
    .sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect));
}
