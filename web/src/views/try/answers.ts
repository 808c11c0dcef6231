/** How an answer is said: the most probable label, and the second if it is close. */

export interface Said {
  readonly label: string;
  readonly share: number;
  /** The second label, if it has at least half of the first one's probability. */
  readonly or: string | null;
}

/** The second label is named from this share of the first one's probability on. */
export const CLOSE = 0.5;

/** What an answer says; null if it has no probabilities. */
export function said(labels: readonly string[], shares: ArrayLike<number>): Said | null {
  const order = ranked(labels.length, shares);
  const [first, second] = order;
  if (first === undefined) return null;
  const share = shares[first] ?? 0;
  const close = second !== undefined && (shares[second] ?? 0) >= CLOSE * share;
  return { label: labels[first]!, share, or: close ? labels[second]! : null };
}

/** Indices by probability, the largest first; of equal ones the first. */
export function ranked(count: number, shares: ArrayLike<number>): number[] {
  return Array.from({ length: count }, (_, index) => index).sort(
    (a, b) => (shares[b] ?? 0) - (shares[a] ?? 0) || a - b,
  );
}

/** What two files say to the same sample. */
export interface Difference {
  /** Whether both name the same label; true for a regression. */
  readonly agree: boolean;
  /** Largest difference of two probabilities, or of two outputs. */
  readonly largest: number;
  /** Index of the output with the largest difference. */
  readonly at: number;
}

export function difference(a: ArrayLike<number>, b: ArrayLike<number>, classes: boolean): Difference {
  let [largest, at] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const distance = Math.abs((a[i] ?? 0) - (b[i] ?? 0));
    if (distance > largest) [largest, at] = [distance, i];
  }
  return { agree: !classes || ranked(a.length, a)[0] === ranked(b.length, b)[0], largest, at };
}

/** Bars of a long list of labels: the `most` most probable, in the order of the labels, and the rest together. */
export function bars(
  labels: readonly string[],
  shares: ArrayLike<number>,
  most: number,
): { indices: number[]; rest: number } {
  if (labels.length <= most) return { indices: [...labels.keys()], rest: 0 };
  const indices = ranked(labels.length, shares)
    .slice(0, most - 1)
    .sort((a, b) => a - b);
  const shown = indices.reduce((sum, index) => sum + (shares[index] ?? 0), 0);
  return { indices, rest: Math.max(0, 1 - shown) };
}
