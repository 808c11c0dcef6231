/** Everything that the view knows about one ready run; what is expensive is computed when it is first read. */

import type { Answers, Target } from '../../api/answers.ts';
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
    /** Which of several numbers it is about. */
    private readonly at = 0,
  ) {
    this.dataset = datasetOf(report);
    this.inputs = new Inputs(this.dataset, report.dataset.kind, report.dataset.shape);
  }

  /** The same run, seen by another of its numbers. */
  of(target: string | null): Study {
    const at = this.numbers.findIndex(({ name }) => name === target);
    return at < 0 || at === this.at ? this : new Study(this.job, this.report, this.answers, at);
  }

  get labels(): readonly string[] {
    return this.isMultiLabel ? this.answers.several.map(({ name }) => name) : this.answers.labels;
  }
  /** The numbers of a regression that predicts several; otherwise empty. */
  get numbers(): readonly Target[] {
    return this.isMultiLabel ? [] : this.answers.several;
  }
  /** What a regression predicts. */
  get target(): string {
    return this.numbers[this.at]?.name ?? this.report.dataset.target_name;
  }
  get truth(): ArrayLike<number> {
    return this.answers.several[this.at]?.truth ?? this.answers.targets;
  }
  get predicted(): ArrayLike<number> {
    return this.answers.several[this.at]?.found ?? this.answers.answers;
  }
  get total(): number {
    return this.answers.count;
  }
  /** Whether a sample can have several labels. Their scores are in the report. */
  get isMultiLabel(): boolean {
    return this.report.dataset.task === 'multi_label';
  }
  get isRegression(): boolean {
    return this.report.dataset.task === 'regression';
  }
  /** The file leaves probabilities out if there would be too many. */
  get hasProbabilities(): boolean {
    return this.answers.hasProbabilities;
  }
  get matrix(): Confusion {
    return (this.#matrix ??= confusion(this));
  }

  /** As it is asked for one label: which samples have it, and how likely the network finds it for each. */
  yesOrNo(label: number): Probable {
    if (!this.isMultiLabel) return this;
    const { truth, found } = this.answers.several[label]!;
    return {
      labels: this.labels,
      truth: Float32Array.from(truth, (has) => (has ? label : -1)),
      predicted: found,
      probability: (sample) => found[sample]!,
    };
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
