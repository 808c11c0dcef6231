/** Everything that the view knows about one ready run; what is expensive is computed when it is first read. */

import type { Answers } from '../../api/answers.ts';
import { explain, type Explanation } from '../../api/arrays.ts';
import { Inputs, type Values } from './inputs.svelte.ts';
import { confusion, type Confusion, type Probable } from './measures.ts';
import { datasetOf, type DatasetChoice, type Report } from './report.ts';

export class Study implements Probable {
  readonly dataset: DatasetChoice;
  readonly inputs: Inputs;
  readonly #explanations = new Map<number, Promise<Explanation>>();
  #matrix: Confusion | null = null;

  constructor(
    readonly job: string,
    readonly report: Report,
    readonly answers: Answers,
  ) {
    this.dataset = datasetOf(report);
    this.inputs = new Inputs(this.dataset, report.dataset.kind, report.dataset.shape);
  }

  get labels(): readonly string[] {
    return this.answers.labels;
  }
  /** What a regression predicts; of several targets the first. */
  get target(): string {
    return this.answers.target || this.report.dataset.target_name;
  }
  get truth(): ArrayLike<number> {
    return this.answers.targets;
  }
  get predicted(): ArrayLike<number> {
    return this.answers.answers;
  }
  get total(): number {
    return this.answers.count;
  }
  /** Whether a sample can have several labels. Their scores are in the report. */
  get isMultiLabel(): boolean {
    return this.report.dataset.task === 'multi_label';
  }
  get isRegression(): boolean {
    return this.labels.length === 0 && !this.isMultiLabel;
  }
  /** The file leaves probabilities out if there would be too many. */
  get hasProbabilities(): boolean {
    return this.answers.hasProbabilities;
  }
  get matrix(): Confusion {
    return (this.#matrix ??= confusion(this));
  }

  probability(sample: number, label: number): number {
    if (label === this.predicted[sample]) return this.answers.confidence(sample);
    return this.answers.probabilities(sample)[label] ?? NaN;
  }

  /** Which parts of a test sample mattered to the delivered file. Kept; forgotten if it fails. */
  explain(sample: number, values: Values): Promise<Explanation> {
    const known = this.#explanations.get(sample);
    if (known) return known;
    const asked = explain(this.job, values);
    this.#explanations.set(sample, asked);
    asked.catch(() => this.#explanations.delete(sample));
    return asked;
  }
}
