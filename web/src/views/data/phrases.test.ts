import { readdirSync, readFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';
import en from '../../text/own/en.ts';
import type { Problem } from './profile.ts';

vi.hoisted(() => {
  vi.stubGlobal('location', new URL('http://127.0.0.1/')); // what is loaded reads these
  vi.stubGlobal('addEventListener', () => undefined);
  vi.stubGlobal('document', { documentElement: {} });
});
const { speak } = await import('../../text/index.svelte.ts');
const { said, told } = await import('./phrases.ts');
const { own } = await import('./words.svelte.ts');
const spoken = (title: string): Promise<void> => vi.waitFor(() => expect(own().title).toBe(title));

const problem = (changes: Partial<Problem>): Problem => ({
  pointer: '/dataset/file',
  subject: '',
  code: 'table-content',
  expected: 'numbers',
  found: "'5;1' in 6 of 1,260 rows (flats (2).csv, line 5, column 'two')",
  hint: 'correct them, leave the cells empty, or write "columns": {"two": "ignore"} or "category"',
  values: { file: 'flats (2).csv', line: 5, column: 'two' },
  fix: null,
  ...changes,
});

it('leaves English as the server says it, but for the document that nobody sees', () => {
  expect(said('read as numbers: area, rooms')).toBe('read as numbers: area, rooms');
  expect(told(problem({}))).toBe(
    "Expected numbers, found '5;1' in 6 of 1,260 rows (flats (2).csv, line 5, column 'two'). " +
      'Correct these cells or leave them empty. Or choose “Category” or “Leave out” for the column.',
  );
});

it('knows only phrases that the server has', () => {
  const sources = ['tables', 'pictures', 'recordings', 'arrays', 'pixels']
    .flatMap((folder) =>
      readdirSync(`../src/quickml/${folder}`, { recursive: true }).map((name) => `${folder}/${String(name)}`),
    )
    .filter((path) => path.endsWith('.py'))
    .map((path) => readFileSync(`../src/quickml/${path}`, 'utf8'))
    .join('\n');
  for (const phrase of Object.values(en.server))
    for (const part of phrase.split('*').flatMap((one) => one.split(/[,:;] /)))
      for (const word of part.match(/[a-z]{5,}/g) ?? []) expect(sources).toContain(word);
});

it('speaks German', async () => {
  await speak('de');
  await spoken('Eigene Daten');
  expect(told(problem({}))).toBe(
    "„flats (2).csv“, Zeile 5, Spalte „two“: erwartet Zahlen, gefunden '5;1' in 6 von 1.260 Zeilen. " +
      'Diese Zellen berichtigen oder leer lassen. Oder für die Spalte „Kategorie“ oder „Weglassen“ wählen.',
  );
  expect(said('left out: id (numbers of rows), note (free text)')).toBe(
    'weggelassen: id (Nummern der Zeilen), note (freier Text)',
  );
  expect(
    said(
      'a.csv is read as: UTF-8, fields between semicolons, numbers with a comma, names of columns in line 1',
    ),
  ).toBe(
    'a.csv: gelesen als UTF-8, Felder durch Semikolons getrennt, Zahlen mit Komma, Spaltennamen in Zeile 1',
  );
  expect(said('something new')).toBe('something new');
});

it('and Spanish', async () => {
  await speak('es');
  await spoken('Datos propios');
  expect(said('360 of 1,800 rows are held out for the test')).toBe(
    '360 de 1800 filas se apartan para la prueba',
  );
});
