/** A table of somebody's own: its columns as fields of a form, as the file itself describes them. */

import { api, data, type Schemas } from '../../api/client.ts';
import { datasetOf } from '../../api/samples.ts';
import { typed } from './features.ts';
import type { Row } from './trial.svelte.ts';

export interface Column {
  /** Of the input of the file. */
  readonly input: string;
  readonly name: string;
  /** Empty for a number. */
  readonly categories: readonly (string | number)[];
  /** Whether a value may be missing. */
  readonly optional: boolean;
  /** What stands for a missing number. */
  readonly replacement: number | null;
}

export interface Table {
  readonly columns: readonly Column[];
  /** Empty for a regression. */
  readonly labels: readonly string[];
  readonly target: string;
}

/** A text for each column: of a category, the position of the value, or nothing for another one. */
export type Fields = readonly string[];

type Message = Pick<Schemas['InterfaceMessage'], 'inputs' | 'outputs' | 'labels'>;

export async function loadTable(job_id: string, document: unknown): Promise<Table> {
  const params = { path: { job_id } };
  return tableOf(await data(api.GET('/v1/jobs/{job_id}/interface', { params })), document);
}

export function tableOf({ inputs, outputs, labels }: Message, document: unknown): Table {
  const numbers = outputs.filter(({ kind }) => kind === 'double');
  return {
    columns: inputs.map(({ name, column, categories, refuses_unknown, replacement }) => ({
      input: name,
      name: column || name,
      categories,
      optional: categories.length ? !refuses_unknown : replacement !== null,
      replacement: typeof replacement === 'number' ? replacement : null,
    })),
    labels: (labels ?? []).map(String),
    target:
      numbers.length > 1
        ? numbers.map(({ name, column }) => column || name).join(' · ')
        : String(datasetOf(document).options['target'] ?? ''),
  };
}

/** What the form begins with: the first category, and of numbers what stands for a missing one. */
export function firstFields(columns: readonly Column[]): Fields {
  return columns.map(({ categories, replacement }) =>
    categories.length ? '0' : String(Number((replacement ?? 0).toPrecision(4))),
  );
}

/** Whether a text is no value of its column. */
export function isWrong({ categories, optional }: Column, text: string): boolean {
  return !categories.length && (text.trim() ? typed(text) === null : !optional);
}

/** The row that a filled form stands for; null if a text is wrong. */
export function rowOf(columns: readonly Column[], fields: Fields): Row | null {
  if (columns.some((column, i) => isWrong(column, fields[i]!))) return null;
  return Object.fromEntries(
    columns.map(({ input, categories }, i) => [
      input,
      categories.length ? (categories[Number(fields[i] || NaN)] ?? null) : typed(fields[i]!),
    ]),
  );
}
