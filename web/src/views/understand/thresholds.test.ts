import { describe, expect, it } from 'vitest';
import known from './fixtures/measures.json';
import type { Probable } from './measures.ts';
import { areas, precisionCurve, rocCurve, scores, threshold } from './thresholds.ts';

const of = (truth: number[], probabilities: number[]): Probable => ({
  labels: ['no', 'yes'],
  truth,
  predicted: probabilities.map((p) => (p > 0.5 ? 1 : 0)),
  probability: (sample, label) => (label ? probabilities[sample]! : 1 - probabilities[sample]!),
});
const found = scores(
  of(
    known.truth.map((label) => (label === 1 ? 1 : 0)),
    known.scores,
  ),
  1,
);
const answers: Probable = {
  labels: ['a', 'b', 'c', 'd'],
  truth: known.truth,
  predicted: known.predicted,
  probability: (sample, label) => known.probabilities[sample]![label]!,
};

describe('curves', () => {
  it('of ROC equal scikit-learn, also with ties', () => {
    const { points, area } = rocCurve(found);
    expect(area).toBeCloseTo(known.roc.auc, 9);
    points.forEach(([x, y], i) => {
      expect(x).toBeCloseTo(known.roc.fpr[i]!, 9);
      expect(y).toBeCloseTo(known.roc.tpr[i]!, 9);
    });
    expect(points).toHaveLength(known.roc.fpr.length);
  });

  it('of precision and recall equal scikit-learn, which goes the other way and ends at (0, 1)', () => {
    const { points, average } = precisionCurve(found);
    expect(average).toBeCloseTo(known.pr.average, 9);
    const theirs = known.pr.recall
      .map((recall, i) => [recall, known.pr.precision[i]!] as const)
      .slice(0, -1)
      .reverse();
    expect(points).toHaveLength(theirs.length);
    points.forEach(([recall, precision], i) => {
      expect(recall).toBeCloseTo(theirs[i]![0], 9);
      expect(precision).toBeCloseTo(theirs[i]![1], 9);
    });
  });

  it('are NaN without samples of the class', () => {
    const none = scores(of([0, 0], [0.2, 0.8]), 1);
    expect(rocCurve(none).area).toBeNaN();
    expect(threshold(none, 0.5).recall).toBeNaN();
  });
});

describe('threshold', () => {
  const four = scores(of([0, 1, 0, 1], [0.1, 0.4, 0.4, 0.9]), 1);

  it.each([
    [0, 2, 2],
    [0.4, 2, 1],
    [0.41, 1, 0],
    [0.9, 1, 0],
    [0.95, 0, 0],
  ])('%d: hits %d, false alarms %d', (at, truePositives, falsePositives) =>
    expect(threshold(four, at)).toMatchObject({ truePositives, falsePositives }),
  );

  it('has no precision if nothing is named', () => {
    expect(threshold(four, 1)).toMatchObject({ precision: NaN, recall: 0, accuracy: 0.5, trueNegatives: 2 });
  });

  it('equals a count for every threshold', () => {
    for (let at = 0; at <= 1; at += 0.05) {
      const named = known.scores.filter((score) => score >= at).length;
      const hits = known.scores.filter((score, i) => score >= at && known.truth[i] === 1).length;
      expect(threshold(found, at)).toMatchObject({ truePositives: hits, falsePositives: named - hits });
    }
  });
});

describe('areas under the ROC curve', () => {
  it('are the share of pairs in the right order, ties counting half', () => {
    areas(answers).forEach((area, label) => {
      const ofClass = (is: boolean): number[] =>
        known.probabilities.filter((_, i) => (known.truth[i] === label) === is).map((row) => row[label]!);
      const [mine, others] = [ofClass(true), ofClass(false)];
      let right = 0;
      for (const a of mine) for (const b of others) right += a > b ? 1 : a === b ? 0.5 : 0;
      if (mine.length) expect(area).toBeCloseTo(right / (mine.length * others.length), 9);
      else expect(area).toBeNaN();
    });
  });

  it('are those of two classes by hand, and none where a class has no sample', () => {
    expect(areas(of([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]))).toEqual([0.75, 0.75]);
    expect(areas(of([1, 1], [0.1, 0.4]))).toEqual([NaN, NaN]);
  });
});
