import { expect, it, vi } from 'vitest';
import {
  keepAsked,
  keptAsked,
  NOTHING,
  queryOf,
  withFix,
  withOption,
  withTarget,
  withType,
} from './asked.ts';

it('keeps types by column, and the task for the target', () => {
  const one = withType(withType(NOTHING, 'id', 'ignore', false), 'rooms', 'category', false);
  expect(one.options).toEqual({ columns: { id: 'ignore', rooms: 'category' } });
  expect(withType(one, 'price', 'number', true).options['task']).toBe('regression');
  expect(withType(one, 'price', 'category', true).options['task']).toBe('classification');
});

it('forgets what was said of another target', () => {
  const one = withType(withType(NOTHING, 'rooms', 'ignore', false), 'price', 'number', true);
  expect(withTarget(one, 'rooms')).toEqual({ target: 'rooms', options: { columns: {} } });
});

it('applies fixes of the server', () => {
  const asked = withTarget(NOTHING, 'price');
  const decimal = withFix(asked, [{ op: 'add', path: '/dataset/decimal', value: ',' }]);
  expect(queryOf(decimal)).toBe('target=price&decimal=%2C');
  const column = withFix(decimal, [{ op: 'add', path: '/dataset/columns/a~1b', value: 'ignore' }]);
  expect(column.options['columns']).toEqual({ 'a/b': 'ignore' });
  expect(withFix(column, [{ op: 'replace', path: '/dataset/target', value: 'area' }]).target).toBe('area');
  expect(withFix(column, [{ op: 'remove', path: '/dataset/decimal' }]).options['decimal']).toBeUndefined();
});

it('queryOf', () => {
  const asked = withType({ target: 'species', options: {} }, 'id', 'ignore', false);
  expect(new URLSearchParams(queryOf(asked)).get('columns')).toBe('{"id":"ignore"}');
  expect(queryOf(NOTHING)).toBe('');
});

it('has several targets, and options without which it is found out', () => {
  const both = withTarget(withType(NOTHING, 'rock', 'ignore', false), ['rock', 'jazz']);
  expect(new URLSearchParams(queryOf(both)).get('target')).toBe('["rock","jazz"]');
  expect(both.options).toEqual({ columns: {} });
  const steps = withOption(NOTHING, 'steps', 20);
  expect(queryOf(steps)).toBe('steps=20');
  expect(withOption(steps, 'steps', null).options).toEqual({});
});

it('is kept for this tab by file', () => {
  const texts = new Map<string, string>();
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => texts.get(key) ?? null,
    setItem: (key: string, text: string) => texts.set(key, text),
  });
  const asked = withTarget(NOTHING, 'price');
  keepAsked('ab', asked);
  expect([keptAsked('ab'), keptAsked('cd')]).toEqual([asked, NOTHING]);
  keepAsked('ab', NOTHING);
  expect([...texts.values()]).toEqual(['']);
  texts.set('quickml.data.ab', '[]'); // of another version of the page
  expect(keptAsked('ab')).toBe(NOTHING);
});
