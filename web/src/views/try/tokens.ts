/** Sequences of tokens: numbers from 1 on, then zeros to the end. */

import type { Sample } from './trial.svelte.ts';

/** The tokens that are written, without the zeros at the end. */
export function symbols(sample: ArrayLike<number>): number[] {
  const all = Array.from(sample);
  return all.slice(0, all.findLastIndex((token) => token !== 0) + 1);
}

/** With one more token; unchanged if there is no room. */
export function appended(sample: ArrayLike<number>, token: number): Sample {
  const next = Float32Array.from(sample);
  const at = symbols(sample).length;
  if (at < next.length) next[at] = token;
  return next;
}

/** Without the last token. */
export function shortened(sample: ArrayLike<number>): Sample {
  const next = Float32Array.from(sample);
  const at = symbols(sample).length - 1;
  if (at >= 0) next[at] = 0;
  return next;
}
