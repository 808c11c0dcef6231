/** What is computed from the answers to all test samples. Pure functions over typed arrays. */

/** Answers of a classification: a class index for each test sample. */
export interface Labelled {
  readonly labels: readonly string[];
  readonly truth: ArrayLike<number>;
  readonly predicted: ArrayLike<number>;
}

/** Answers with probabilities: NaN where the file has none. */
export interface Probable extends Labelled {
  probability(sample: number, label: number): number;
}

/** How often each class was taken for each class. */
export interface Confusion {
  readonly classes: number;
  /** Row by row: `counts[true * classes + predicted]`. */
  readonly counts: Uint32Array;
  /** Samples of each true class. */
  readonly rows: Uint32Array;
  /** Samples that were given each label. */
  readonly columns: Uint32Array;
  readonly right: number;
  readonly total: number;
}

export function confusion({ labels, truth, predicted }: Labelled): Confusion {
  const classes = labels.length;
  const counts = new Uint32Array(classes * classes);
  const [rows, columns] = [new Uint32Array(classes), new Uint32Array(classes)];
  let right = 0;
  for (let i = 0; i < truth.length; i++) {
    const [was, said] = [truth[i]!, predicted[i]!];
    counts[was * classes + said]!++;
    rows[was]!++;
    columns[said]!++;
    if (was === said) right++;
  }
  return { classes, counts, rows, columns, right, total: truth.length };
}

/** The largest count off the diagonal; 0 if every answer is right. */
export function largestMistake({ classes, counts }: Confusion): number {
  let most = 0;
  for (let i = 0; i < counts.length; i++) if (i % (classes + 1) && counts[i]! > most) most = counts[i]!;
  return most;
}

/** What naming the commonest class for every sample would reach. Of equally common classes, the first. */
export function commonest({ rows, total }: Confusion): { label: number; share: number } {
  let label = 0;
  for (let i = 1; i < rows.length; i++) if (rows[i]! > rows[label]!) label = i;
  return { label, share: total ? (rows[label] ?? 0) / total : NaN };
}

const Z95 = 1.959963984540054;

/** The Wilson score interval of a share: where it is, with a confidence of 95 %, for other samples of the kind. */
export function wilson(right: number, total: number, z = Z95): { low: number; high: number } {
  if (!total) return { low: 0, high: 1 };
  const share = right / total;
  const scale = 1 + (z * z) / total;
  const centre = share + (z * z) / (2 * total);
  const reach = z * Math.sqrt((share * (1 - share)) / total + (z * z) / (4 * total * total));
  return {
    low: right === 0 ? 0 : (centre - reach) / scale,
    high: right === total ? 1 : (centre + reach) / scale,
  };
}

/** Whether a model is better than a baseline: `unclear` if the difference may be chance. */
export type Verdict = 'better' | 'unclear' | 'no better';

export function verdict(right: number, total: number, baseline: number): Verdict {
  if (!(right / total > baseline)) return 'no better';
  return wilson(right, total).low > baseline ? 'better' : 'unclear';
}

/** Mean recall of the classes that have samples, each counting the same, and that of naming one class always. */
export function meanRecall(matrix: Confusion): { model: number; baseline: number; verdict: Verdict } {
  const rows = perClass(matrix).filter(({ support }) => support > 0);
  const [model, baseline] = [mean(rows.map(({ recall }) => recall)), 1 / rows.length];
  const low = mean(rows.map(({ right, support }) => wilson(right, support).low));
  return {
    model,
    baseline,
    verdict: !(model > baseline) ? 'no better' : low > baseline ? 'better' : 'unclear',
  };
}

/** One class. Shares are NaN where they would divide by 0. */
export interface ClassRow {
  readonly label: number;
  /** Samples of this class. */
  readonly support: number;
  /** Samples that were given this label. */
  readonly said: number;
  readonly right: number;
  /** Of the samples with this label, the share that is of the class. */
  readonly precision: number;
  /** Of the samples of the class, the share that got its label. */
  readonly recall: number;
  readonly f1: number;
}

export function perClass({ classes, counts, rows, columns }: Confusion): ClassRow[] {
  return Array.from({ length: classes }, (_, label) => {
    const [support, said] = [rows[label]!, columns[label]!];
    const right = counts[label * (classes + 1)]!;
    const [precision, recall, f1] = [right / said, right / support, (2 * right) / (said + support)];
    return { label, support, said, right, precision, recall, f1 };
  });
}

/** The mean of the numbers that are finite; NaN if there is none. */
export function mean(values: Iterable<number>): number {
  let [sum, count] = [0, 0];
  for (const value of values)
    if (Number.isFinite(value)) {
      sum += value;
      count++;
    }
  return count ? sum / count : NaN;
}

/** The test samples of one cell of the matrix, the most confident answer first; equal ones in their order. */
export function samplesOf(answers: Probable, was: number, said: number): number[] {
  return mostConfident(answers, (i) => answers.truth[i] === was && answers.predicted[i] === said);
}

/** The wrong answers, the most confident first. */
export function worst(answers: Probable): number[] {
  return mostConfident(answers, (i) => answers.truth[i] !== answers.predicted[i]);
}

function mostConfident(answers: Probable, wanted: (sample: number) => boolean): number[] {
  const found: number[] = [];
  for (let i = 0; i < answers.truth.length; i++) if (wanted(i)) found.push(i);
  const sure = new Map(found.map((i) => [i, confidence(answers, i)]));
  return found.sort((a, b) => sure.get(b)! - sure.get(a)! || a - b);
}

/** The probability of the label that was given; 0 if it is not a number. */
export function confidence(answers: Probable, sample: number): number {
  return answers.probability(sample, answers.predicted[sample]!) || 0;
}

/** The samples whose label was given with a probability in one range. */
export interface Bin {
  readonly lower: number;
  readonly upper: number;
  readonly samples: number;
  /** Mean probability; NaN without samples. */
  readonly confidence: number;
  /** Share that is right; NaN without samples. */
  readonly accuracy: number;
}

/** Bins of one width from 0 to 1, as `quickml.Answers.calibration` has them. */
export function calibration(answers: Probable, bins = 10): Bin[] {
  const [samples, sure, right] = [new Uint32Array(bins), new Float64Array(bins), new Uint32Array(bins)];
  for (let i = 0; i < answers.truth.length; i++) {
    const probability = Math.fround(confidence(answers, i));
    const place = Math.min(Math.trunc(Math.fround(probability * bins)), bins - 1);
    samples[place]!++;
    sure[place]! += probability;
    if (answers.truth[i] === answers.predicted[i]) right[place]!++;
  }
  return Array.from(samples, (count, i) => ({
    lower: i / bins,
    upper: (i + 1) / bins,
    samples: count,
    confidence: sure[i]! / count,
    accuracy: right[i]! / count,
  }));
}

/** The expected calibration error: the mean distance of confidence and accuracy, and which of both is larger. */
export function calibrationError(bins: readonly Bin[]): { error: number; lean: number } {
  let [total, error, lean] = [0, 0, 0];
  for (const { samples, confidence, accuracy } of bins)
    if (samples) {
      total += samples;
      error += samples * Math.abs(confidence - accuracy);
      lean += samples * (confidence - accuracy);
    }
  return { error: error / total, lean: lean / total };
}
