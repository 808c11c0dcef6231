import { afterEach, expect, it, vi } from 'vitest';
import { keep, kept } from './storage.ts';

afterEach(() => vi.unstubAllGlobals());

const broken = (): never => {
  throw new DOMException('denied', 'SecurityError');
};

it('keeps texts', () => {
  const texts = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => texts.get(key) ?? null,
    setItem: (key: string, text: string) => texts.set(key, text),
  });
  expect(kept('localStorage', 'a')).toBe(null);
  expect(keep('localStorage', 'a', 'text')).toBe(true);
  expect(kept('localStorage', 'a')).toBe('text');
});

it('goes on where storage is full, forbidden, or cannot even be named', () => {
  vi.stubGlobal('sessionStorage', { getItem: broken, setItem: broken });
  expect(kept('sessionStorage', 'a')).toBe(null);
  expect(keep('sessionStorage', 'a', 'text')).toBe(false);
  vi.unstubAllGlobals();
  Object.defineProperty(globalThis, 'localStorage', { get: broken, configurable: true });
  expect(kept('localStorage', 'a')).toBe(null);
  expect(keep('localStorage', 'a', 'text')).toBe(false);
  delete (globalThis as { localStorage?: Storage }).localStorage;
});
