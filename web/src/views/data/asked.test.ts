import { expect, it } from 'vitest';
import { NOTHING, queryOf, withFix, withTarget, withType } from './asked.ts';

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
