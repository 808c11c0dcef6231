import { describe, expect, it } from 'vitest';
import known from './fixtures/measures.json'; // computed with scikit-learn 1.9 and quickml.Answers
import {
  calibration,
  calibrationError,
  commonest,
  confusion,
  largestMistake,
  mean,
  meanRecall,
  perClass,
  samplesOf,
  verdict,
  wilson,
  worst,
  type Confusion,
  type Probable,
  type Verdict,
} from './measures.ts';

const nan = (values: (number | null)[]): number[] => values.map((value) => value ?? NaN);
const answers: Probable = {
  labels: ['a', 'b', 'c', 'd'],
  truth: known.truth,
  predicted: known.predicted,
  probability: (sample, label) => known.probabilities[sample]![label]!,
};
const of = (truth: number[], predicted: number[], sure: number[], labels = ['a', 'b', 'c']): Probable => ({
  labels,
  truth,
  predicted,
  probability: (sample, label) => (predicted[sample] === label ? sure[sample]! : 0),
});

const judged = (matrix: Confusion): Verdict => verdict(matrix.right, matrix.total, commonest(matrix).share);

describe('confusion', () => {
  it('equals that of scikit-learn', () => {
    const found = confusion(answers);
    expect(Array.from(found.counts)).toEqual(known.confusion.flat());
    expect(Array.from(found.rows)).toEqual(known.support);
    expect(found.right).toBe(known.truth.filter((label, i) => label === known.predicted[i]).length);
  });

  it('finds the largest mistake, and none if all is right', () => {
    expect(largestMistake(confusion(of([0, 1, 1, 2, 2, 2], [0, 0, 0, 2, 2, 2], [])))).toBe(2);
    expect(largestMistake(confusion(of([0, 1, 2], [0, 1, 2], [])))).toBe(0);
  });

  it('counts 10,000 samples of 100 classes in a few milliseconds', () => {
    const truth = Uint8Array.from({ length: 10_000 }, (_, i) => (i * 37) % 100);
    const predicted = Uint8Array.from(truth, (label, i) => (i % 7 ? label : (label + 1) % 100));
    const labels = Array.from({ length: 100 }, (_, i) => `c${i}`);
    expect(confusion({ labels, truth, predicted }).total).toBe(10_000);
  });
});

describe('baseline', () => {
  it('is the commonest class, the first of equals', () => {
    expect(commonest(confusion(of([0, 1, 1, 2, 2], [0, 0, 0, 0, 0], [])))).toEqual({ label: 1, share: 0.4 });
  });

  it('does not call a model better by chance', () => {
    const truth = Array.from({ length: 100 }, (_, i) => (i < 60 ? 0 : 1));
    const with_ = (right: number): Probable =>
      of(
        truth,
        truth.map((label, i) => (i < right ? label : 1 - label)),
        [],
        ['a', 'b'],
      );
    expect(judged(confusion(with_(60)))).toBe('no better');
    expect(judged(confusion(with_(63)))).toBe('unclear');
    expect(judged(confusion(with_(95)))).toBe('better');
    expect(judged(confusion(of([], [], [])))).toBe('no better');
  });
});

describe('wilson', () => {
  it.each([
    [0, 10, 0, 0.27753279986],
    [10, 10, 0.7224672001, 1],
    [9866, 10_000, 0.9841522745, 0.9886740183],
    [7, 30, 0.1179238814, 0.40928326158],
    [1, 1, 0.2065493144, 1],
  ])('%d of %d, as SciPy', (right, total, low, high) => {
    expect(wilson(right, total).low).toBeCloseTo(low, 9);
    expect(wilson(right, total).high).toBeCloseTo(high, 9);
  });

  it('knows nothing without samples', () => expect(wilson(0, 0)).toEqual({ low: 0, high: 1 }));
});

describe('per class', () => {
  it('equals scikit-learn, with NaN for a class without samples', () => {
    const rows = perClass(confusion(answers));
    rows.forEach((row, i) => {
      expect(row.precision).toBeCloseTo(nan(known.precision)[i]!, 9);
      expect(row.f1).toBeCloseTo(nan(known.f1)[i]!, 9);
    });
    expect(rows.map((row) => row.support)).toEqual(known.support);
    expect(rows[3]!.recall).toBeNaN(); // no sample
    expect(rows[0]!.recall).toBeCloseTo(known.recall[0]!, 9);
  });

  it('has no precision for a label that was never given, and no F1 for one that does not occur', () => {
    const [, second, third] = perClass(confusion(of([0, 1], [0, 0], [])));
    expect(second).toMatchObject({ precision: NaN, recall: 0, f1: 0 });
    expect(third).toMatchObject({ precision: NaN, recall: NaN, f1: NaN });
  });

  it('averages what is there', () => {
    expect(mean([0.5, NaN, 1])).toBe(0.75);
    expect(mean([NaN])).toBeNaN();
  });
});

describe('samples', () => {
  const some = of([0, 0, 1, 0, 2], [1, 1, 1, 1, 0], [0.6, 0.9, 1, 0.9, NaN]);

  it('of a cell are sorted by confidence, ties in their order', () =>
    expect(samplesOf(some, 0, 1)).toEqual([1, 3, 0]));
  it('of a class that was right', () => expect(samplesOf(some, 1, 1)).toEqual([2]));
  it('the worst come first, those without a probability last', () =>
    expect(worst(some)).toEqual([1, 3, 0, 4]));
});

describe('calibration', () => {
  it('equals quickml.Answers', () => {
    const bins = calibration(answers);
    bins.forEach((bin, i): void => {
      const wanted = known.calibration[i]!;
      expect(bin.samples).toBe(wanted.samples);
      if (!wanted.samples) {
        expect([bin.confidence, bin.accuracy]).toEqual([NaN, NaN]);
        return;
      }
      expect(bin.confidence).toBeCloseTo(wanted.confidence!, 6);
      expect(bin.accuracy).toBeCloseTo(wanted.accuracy!, 6);
    });
    expect(calibrationError(bins).error).toBeCloseTo(known.ece, 6);
  });

  it('puts 1 in the last bin, and leans towards too sure', () => {
    const bins = calibration(of([0, 0], [0, 1], [1, 1]));
    expect(bins[9]).toMatchObject({ samples: 2, confidence: 1, accuracy: 0.5 });
    expect(calibrationError(bins)).toEqual({ error: 0.5, lean: 0.5 });
  });
});

describe('mean recall', () => {
  const rare = (found: number, right: number): Probable => {
    const truth = Array.from({ length: 200 }, (_, i) => (i < 20 ? 1 : 0));
    const predicted = truth.map((label, i) => (label ? Number(i < found) : Number(i >= 20 + right)));
    return of(truth, predicted, [], ['no', 'yes']);
  };

  it('counts a rare class as much as a common one', () => {
    const { model, baseline, verdict: said } = meanRecall(confusion(rare(16, 153)));
    expect([model, baseline, said]).toEqual([(0.8 + 0.85) / 2, 0.5, 'better']);
    expect(judged(confusion(rare(16, 153)))).toBe('no better'); // of accuracy
  });

  it('of one name for all is no better, and with few samples it is unclear', () => {
    expect(meanRecall(confusion(rare(0, 180))).verdict).toBe('no better');
    expect(meanRecall(confusion(rare(3, 170))).verdict).toBe('unclear');
    expect(meanRecall(confusion(of([0, 0, 1, 1], [0, 0, 1, 0], []))).baseline).toBe(0.5); // a class has no sample
  });
});
