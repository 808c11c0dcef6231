import { expect, it } from 'vitest';
import { atHost, pageAddress } from './phone.ts';

it.each([
  ['192.168.1.7', 'http://192.168.1.7:8000/ml/'],
  ['192.168.1.7:80', 'http://192.168.1.7/ml/'],
  ['http://mac.local:9000/x', 'http://mac.local:9000/ml/'],
  ['', null],
  ['a b', null],
  ['user@host', null],
])('atHost %s', (host, expected) => {
  expect(atHost('http://127.0.0.1:8000/ml/', host)).toBe(expected);
});

it('pageAddress has the token in the hash', () => {
  expect(pageAddress('http://a/', 'try', 'job_1', '')).toBe('http://a/#/try/job_1');
  const { hash, search } = new URL(pageAddress('http://a/', 'take', 'job_1', 'qml_x'));
  expect([search, hash]).toEqual(['', '#/take/job_1?token=qml_x']);
});
