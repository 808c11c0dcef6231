/** `report.json` of a ready job: what was trained, on which data, and what became of each file. */

import { request, ServerProblem, type Schemas } from '../../api/client.ts';

export type Kind = 'image' | 'features' | 'sequence' | 'tokens';

export interface ReportLayer {
  readonly name: string;
  readonly type: string;
  /** Names of the layers before it, or `input`. */
  readonly inputs: readonly string[];
  readonly output_shape: readonly number[];
  readonly parameters: number;
}

export interface ReportFile {
  readonly name: string;
  readonly size_bytes: number;
  readonly kind: string;
  /** Of a variant. */
  readonly weights?: string;
}

/** A measure is null where it would divide by 0. */
export interface ReportClass {
  readonly label: string;
  readonly samples: number;
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
  readonly roc_auc: number | null;
}

/** The parts of the report that the page reads. */
export interface Report {
  readonly name: string;
  readonly dataset: {
    readonly name: string;
    readonly title: string;
    readonly task: 'classification' | 'regression' | 'multi_label';
    readonly kind: Kind;
    readonly labels: readonly string[];
    readonly feature_names: readonly string[];
    readonly target_name: string;
    readonly shape: readonly number[];
    readonly vocabulary: readonly string[];
    readonly test: number;
  };
  /** The document, with every default. */
  readonly spec: { readonly dataset: Readonly<Record<string, unknown>> };
  readonly layers: readonly ReportLayer[];
  /** On the test set. */
  readonly metrics: Readonly<Record<string, number | null>>;
  /** What the same answer for all test samples reaches; reports of older versions have none. */
  readonly baseline?: {
    readonly metric: string;
    /** The class, or the labels, of that answer. */
    readonly label: string | null;
    readonly value: number;
    readonly model: number;
  } | null;
  /** Scores of each class, or of each label where a sample can have several. */
  readonly classes?: readonly ReportClass[];
  readonly parity: readonly Schemas['Parity'][];
  readonly compression: readonly Omit<Schemas['Compressed'], 'type' | 'time'>[];
  readonly variants: readonly ReportFile[];
  readonly files: readonly ReportFile[];
}

/** The report among the files of a job. */
export async function readReport(files: readonly Schemas['ArtifactMessage'][]): Promise<Report> {
  const file = files.find(({ name }) => name === 'report.json');
  if (!file) throw new ServerProblem(404, 'not-found', 'report.json: not among the files of this run');
  return (await (await request(file.url)).json()) as Report;
}

/** A dataset with the options of the document, as its routes take them. */
export interface DatasetChoice {
  readonly name: string;
  readonly options: Readonly<Record<string, string>>;
}

export function datasetOf({ spec }: Pick<Report, 'spec'>): DatasetChoice {
  const { name, ...options } = spec.dataset;
  const given = Object.entries(options).flatMap(([key, value]) =>
    value === null || value === undefined
      ? []
      : [[key, typeof value === 'object' ? JSON.stringify(value) : String(value)]],
  );
  return { name: String(name), options: Object.fromEntries(given) as Record<string, string> };
}

/** The scores of labels as a table of classes has them. */
export function perLabel(classes: Report['classes'] = []) {
  return classes.map(({ samples, precision, recall, f1, roc_auc }, label) => ({
    label,
    support: samples,
    precision: precision ?? NaN,
    recall: recall ?? NaN,
    f1: f1 ?? NaN,
    auc: roc_auc ?? NaN,
  }));
}
