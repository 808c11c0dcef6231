import { describe, expect, it } from 'vitest';
import { atHost, isLoopback, pageAddress, qr } from './phone.ts';

it.each([
  ['http://127.0.0.1:8000/', true],
  ['http://localhost:8000/x/', true],
  ['http://[::1]:8000/', true],
  ['http://192.168.1.7:8000/', false],
  ['https://quickml.example.org/ml/', false],
])('isLoopback %s', (address, expected) => {
  expect(isLoopback(address)).toBe(expected);
});

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

describe('qr', () => {
  it('is a path of modules with a quiet zone', () => {
    const { size, path } = qr('http://192.168.1.7:8000/#/try/job_01K9ZP6Y5T9E6T1XG9E9Y3T2WB');
    expect((size - 8 - 17) % 4).toBe(0);
    expect(path.startsWith('M4 4h7v1h-7z')).toBe(true); // a corner of the upper left finder pattern
    for (const [, x, , width] of path.matchAll(/M(\d+) (\d+)h(\d+)/g))
      expect(Number(x) + Number(width)).toBeLessThanOrEqual(size - 4);
  });
});
