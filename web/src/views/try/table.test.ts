import { beforeAll, expect, it, vi } from 'vitest';
import type * as Tables from './table.ts';

let tables: typeof Tables;
beforeAll(async () => {
  vi.stubGlobal('location', { hash: '', href: 'http://127.0.0.1/', pathname: '/', search: '' });
  vi.stubGlobal('addEventListener', () => undefined);
  tables = await import('./table.ts');
});

const input = (name: string, more: object = {}): Parameters<typeof Tables.tableOf>[0]['inputs'][number] => ({
  name,
  kind: 'double',
  shape: [],
  data_type: '',
  color_space: '',
  description: '',
  column: '',
  categories: [],
  refuses_unknown: false,
  replacement: null,
  ...more,
});
const INPUTS = [
  input('area', { replacement: 82.65882110595703 }),
  input('rooms_', { column: 'rooms' }),
  input('district', { kind: 'string', categories: ['Mitte', 'Süd'] }),
  input('floor', { kind: 'int64', categories: [3, 0], refuses_unknown: true }),
];
const table = (): Tables.Table =>
  tables.tableOf(
    { inputs: INPUTS, outputs: [input('prediction')], labels: null },
    { dataset: { name: 'table', file: 'a.csv', target: 'price' } },
  );

it('has a field for each column, and says which may stay empty', () => {
  const { columns, labels, target } = table();
  expect(columns.map(({ name, optional }) => [name, optional])).toEqual([
    ['area', true],
    ['rooms', false],
    ['district', true],
    ['floor', false],
  ]);
  expect([labels, target]).toEqual([[], 'price']);
  expect(tables.tableOf({ inputs: INPUTS, outputs: [], labels: [1, 0] }, {}).labels).toEqual(['1', '0']);
});

it('names several targets in the order of the outputs', () => {
  const outputs = [input('price_eur', { column: 'price (eur)' }), input('area')];
  const { target } = tables.tableOf({ inputs: INPUTS, outputs, labels: null }, {});
  expect(target).toBe('price (eur) · area');
});

it('begins with what stands for missing numbers and with the first categories', () => {
  const { columns } = table();
  expect(tables.firstFields(columns)).toEqual(['82.66', '0', '0', '0']);
  expect(tables.sampleOf(columns, tables.firstFields(columns))).toEqual({
    area: 82.66,
    rooms_: 0,
    district: 'Mitte',
    floor: 3,
  });
});

it('makes a row of what is typed: nothing is a missing value, and categories keep their type', () => {
  const { columns } = table();
  expect(tables.sampleOf(columns, [' ', '2,5', '', '1'])).toEqual({
    area: null,
    rooms_: 2.5,
    district: null,
    floor: 0,
  });
});

it.each([
  [0, 'many'],
  [0, '1e999'],
  [1, ''],
])('makes no row if field %i is %j', (at, text) => {
  const { columns } = table();
  const fields = tables.firstFields(columns).with(at, text);
  expect(tables.isWrong(columns[at]!, text)).toBe(true);
  expect(tables.sampleOf(columns, fields)).toBe(null);
});

const sensors = (shape: number[]): readonly Tables.Column[] =>
  tables.tableOf(
    { inputs: ['x', 'y'].map((name) => input(name, { kind: 'multiarray', shape })), outputs: [], labels: [] },
    {},
  ).columns;

it('takes an array for each sensor, pasted or from a file', () => {
  const columns = sensors([3]);
  expect(tables.firstFields(columns)).toEqual(['', '']);
  expect(tables.sampleOf(columns, ['1 2 3', '4;5'])).toBeNull();
  expect(tables.sampleOf(columns, ['1 2\n3', '4, 5;6'])).toEqual({ x: [1, 2, 3], y: [4, 5, 6] });
  expect(tables.numbersIn('1 two')).toBeNull();
  const file = 'time;y;x\r\n0;0,5;1\r\n1;1,5;2\r\n2;2,5;3\r\n3;3,5;4\r\n';
  expect(tables.fieldsFrom(file, columns, 1)).toEqual(['2 3 4', '1.5 2.5 3.5']);
  expect(tables.fieldsFrom('a,b\n1,2\n', columns, 0)).toBeNull();
});

it('takes all features, or all steps, as one array', () => {
  const [row] = sensors([1, 4]);
  expect(tables.sampleOf([row!], ['1 2 3 4'])).toEqual(Float32Array.of(1, 2, 3, 4));
  expect(tables.fieldsFrom('a,b,c,d\n1,2,3,4\n5,6,7,8\n', [row!], 1)).toEqual(['5 6 7 8']);
  const [steps] = sensors([1, 2, 2]);
  expect(tables.sizeOf(steps!)).toBe(4);
  expect(tables.fieldsFrom('1,2\n3,4\n5,6\n', [steps!], 1)).toEqual(['3 4\n5 6']);
});
