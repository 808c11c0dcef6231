/** One class against the rest: what becomes of the test samples if it is named from a certain probability on. */

import type { Probable } from './measures.ts';

/** Scores of one class, and which samples are of it. */
export interface Scores {
  /** Distinct probabilities, descending. */
  readonly at: Float64Array;
  /** Samples of the class, and others, with at least this probability. */
  readonly hits: Uint32Array;
  readonly falseAlarms: Uint32Array;
  readonly positives: number;
  readonly negatives: number;
}

export function scores(answers: Probable, label: number): Scores {
  const total = answers.truth.length;
  const probability = Float64Array.from({ length: total }, (_, i) => answers.probability(i, label) || 0);
  const order = Uint32Array.from({ length: total }, (_, i) => i).sort(
    (a, b) => probability[b]! - probability[a]!,
  );
  const [at, hits, falseAlarms] = [[] as number[], [] as number[], [] as number[]];
  let [hit, alarm] = [0, 0];
  order.forEach((sample, i) => {
    if (answers.truth[sample] === label) hit++;
    else alarm++;
    const score = probability[sample]!;
    if (i + 1 < total && probability[order[i + 1]!] === score) return; // ties are one threshold
    at.push(score);
    hits.push(hit);
    falseAlarms.push(alarm);
  });
  return {
    at: Float64Array.from(at),
    hits: Uint32Array.from(hits),
    falseAlarms: Uint32Array.from(falseAlarms),
    positives: hit,
    negatives: alarm,
  };
}

export interface Threshold {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly trueNegatives: number;
  /** NaN if nothing is named. */
  readonly precision: number;
  /** NaN if the class has no sample. */
  readonly recall: number;
  readonly falsePositiveRate: number;
  readonly accuracy: number;
}

/** Counts if the class is named for all samples where its probability is at least `at`. */
export function threshold(found: Scores, at: number): Threshold {
  let [low, high] = [0, found.at.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (found.at[middle]! >= at) low = middle + 1;
    else high = middle;
  }
  const [hits, alarms] = low ? [found.hits[low - 1]!, found.falseAlarms[low - 1]!] : [0, 0];
  const { positives, negatives } = found;
  return {
    truePositives: hits,
    falsePositives: alarms,
    falseNegatives: positives - hits,
    trueNegatives: negatives - alarms,
    precision: hits / (hits + alarms),
    recall: hits / positives,
    falsePositiveRate: alarms / negatives,
    accuracy: (hits + negatives - alarms) / (positives + negatives),
  };
}

export type Point = readonly [x: number, y: number];

/** False positive rate and recall from (0, 0) to (1, 1), and the area below. */
export function rocCurve({ hits, falseAlarms, positives, negatives }: Scores): {
  points: Point[];
  area: number;
} {
  const points: Point[] = [[0, 0]];
  let area = 0;
  hits.forEach((hit, i) => {
    const [x, y] = [falseAlarms[i]! / negatives, hit / positives];
    const [before, height] = points.at(-1)!;
    area += ((x - before) * (y + height)) / 2;
    points.push([x, y]);
  });
  return { points, area };
}

/** Area under the ROC curve of each class against the rest; NaN if all samples are of it, or none is. */
export function areas(answers: Probable): number[] {
  return answers.labels.map((_, label) => {
    const found = scores(answers, label);
    return found.positives && found.negatives ? rocCurve(found).area : NaN;
  });
}

/** Recall and precision from the highest threshold down, and the average precision (steps, not trapezoids). */
export function precisionCurve({ hits, falseAlarms, positives }: Scores): {
  points: Point[];
  average: number;
} {
  const points: Point[] = [];
  let [average, before] = [0, 0];
  hits.forEach((hit, i) => {
    const [recall, precision] = [hit / positives, hit / (hit + falseAlarms[i]!)];
    average += (recall - before) * precision;
    before = recall;
    points.push([recall, precision]);
  });
  return { points, average };
}
