/** What compressed weights changed, recounted from the answers. Pure. */

import type { Labelled } from './measures.ts';

/** The samples to which one form of the weights gives another label than the trained model. */
export interface Flipped {
  readonly samples: ArrayLike<number>;
  /** The new labels. */
  readonly labels: ArrayLike<number>;
}

export interface Change {
  readonly sample: number;
  readonly was: number;
  readonly before: number;
  readonly after: number;
}

/** Each change, those that became wrong first, then those that became right, then wrong ones that stay so. */
export function changes({ truth, predicted }: Labelled, { samples, labels }: Flipped): Change[] {
  const all = Array.from({ length: samples.length }, (_, i) => {
    const sample = samples[i]!;
    return { sample, was: truth[sample]!, before: predicted[sample]!, after: labels[i]! };
  });
  const rank = ({ was, before, after }: Change): number => (before === was ? 0 : after === was ? 1 : 2);
  return all.sort((a, b) => rank(a) - rank(b) || a.sample - b.sample);
}

/** How many answers became wrong, how many right, and the accuracy that follows. */
export function recount(
  answers: Labelled,
  flipped: Flipped,
): { broken: number; mended: number; right: number } {
  let right = 0;
  for (let i = 0; i < answers.truth.length; i++) if (answers.truth[i] === answers.predicted[i]) right++;
  const found = changes(answers, flipped);
  const broken = found.filter((one) => one.before === one.was).length;
  const mended = found.filter((one) => one.after === one.was).length;
  return { broken, mended, right: right - broken + mended };
}
