/** Data of somebody's own: inputs of the file as fields of a form, as the file itself describes them. */

import { api, data, type Schemas } from '../../api/client.ts';
import { datasetOf } from '../../api/samples.ts';
import { typed } from './features.ts';
import type { Row, Sample } from './trial.svelte.ts';

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
  /** Of an array, its shape without the batch; empty for a value. */
  readonly shape: readonly number[];
}

export interface Table {
  readonly columns: readonly Column[];
  /** Empty for a regression. */
  readonly labels: readonly string[];
  /** Whether a sample can have any number of the labels. */
  readonly severally: boolean;
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
  const names = numbers.map(({ name, column }) => column || name);
  const { options } = datasetOf(document);
  const severally = options['task'] === 'multi_label';
  return {
    columns: inputs.map(({ name, column, categories, refuses_unknown, replacement, kind, shape }) => ({
      input: name,
      name: column || name,
      categories,
      optional: categories.length ? !refuses_unknown : replacement !== null,
      replacement: typeof replacement === 'number' ? replacement : null,
      shape: kind === 'multiarray' ? shape.map(Number).slice(shape.length > 1 ? 1 : 0) : [],
    })),
    labels: severally ? names : (labels ?? []).map(String),
    severally,
    target: names.length > 1 ? names.join(' · ') : String(options['target'] ?? ''),
  };
}

/** What the form begins with: the first category, and of numbers what stands for a missing one. */
export function firstFields(columns: readonly Column[]): Fields {
  return columns.map(({ categories, replacement, shape }) =>
    shape.length ? '' : categories.length ? '0' : String(Number((replacement ?? 0).toPrecision(4))),
  );
}

/** How many numbers an array has; 0 for a value. */
export const sizeOf = ({ shape }: Column): number =>
  shape.length && shape.reduce((product, length) => product * length, 1);

/** The numbers in a text, between blanks, semicolons or commas; null if something in it is no number. */
export function numbersIn(text: string): number[] | null {
  const found = text
    .split(/[\s;,]+/)
    .filter(Boolean)
    .map(Number);
  return found.every(Number.isFinite) ? found : null;
}

/** Whether a text is no value of its column. */
export function isWrong(column: Column, text: string): boolean {
  const { categories, optional, shape } = column;
  if (shape.length) return numbersIn(text)?.length !== sizeOf(column);
  return !categories.length && (text.trim() ? typed(text) === null : !optional);
}

/** The sample that a filled form stands for; null if a text is wrong. */
export function sampleOf(columns: readonly Column[], fields: Fields): Row | Sample | null {
  if (columns.some((column, i) => isWrong(column, fields[i]!))) return null;
  if (isOne(columns)) return Float32Array.from(numbersIn(fields[0]!)!);
  return Object.fromEntries(
    columns.map(({ input, categories, shape }, i) => [
      input,
      shape.length
        ? numbersIn(fields[i]!)
        : categories.length
          ? (categories[Number(fields[i] || NaN)] ?? null)
          : typed(fields[i]!),
    ]),
  );
}

/** Whether all features or steps are in one array, rather than in one for each sensor. */
const isOne = ([first, ...others]: readonly Column[]): boolean =>
  first !== undefined && !others.length && first.shape.length > 0;

/** Numbers from a .csv file, from a row on (the first is 0): a column of it for each array that has its name. */
export function fieldsFrom(content: string, columns: readonly Column[], start: number): Fields | null {
  const lines = content.split(/\r?\n/).filter((line) => line.trim());
  const sign = [';', '\t', ','].find((one) => lines[0]?.includes(one)) ?? ',';
  const rows = lines.map((line) => line.split(sign).map((cell) => cell.trim().replace(/^"(.*)"$/, '$1')));
  const number = (cell = ''): string => (sign === ',' ? cell : cell.replace(',', '.'));
  const places = columns.map(({ name }) => rows[0]?.indexOf(name) ?? -1);
  if (!places.includes(-1))
    return columns.map((column, i) => {
      const found = rows.slice(1 + start, 1 + start + sizeOf(column));
      return found.map((row) => number(row[places[i]!])).join(' ');
    });
  if (!isOne(columns)) return null;
  const [column] = columns;
  const numbers = rows.filter((row) => row.every((cell) => Number.isFinite(Number(number(cell) || NaN))));
  const width = column!.shape.at(-1)!;
  const most = column!.shape.length > 1 ? column!.shape[0]! : Math.ceil(width / (numbers[0]?.length || 1));
  return [
    numbers
      .slice(start, start + most)
      .map((row) => row.map(number).join(' '))
      .join('\n'),
  ];
}
