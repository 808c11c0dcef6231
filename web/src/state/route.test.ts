import { beforeAll, describe, expect, it, vi } from 'vitest';

beforeAll(() => {
  vi.stubGlobal('location', { hash: '' });
  vi.stubGlobal('addEventListener', () => undefined);
  vi.stubGlobal('sessionStorage', { getItem: () => null });
});

describe('placeOf', () => {
  it.each([
    ['', 'build', '', false],
    ['#/', 'build', '', false],
    ['#/?hide=document', 'build', '', false],
    ['#/watch/job_1', 'watch', 'job_1', false],
    ['#/try/a%20b?at=3', 'try', 'a b', false],
    ['#/nonsense/job_1', 'build', '', true],
    ['#/watch/%E0%A4%A', 'watch', '', false],
  ])('%s', async (hash, view, job, unknown) => {
    const { placeOf } = await import('./route.svelte.ts');
    expect(placeOf(hash)).toMatchObject({ view, job, unknown });
  });

  it('is the inverse of hashOf', async () => {
    const { placeOf, hashOf } = await import('./route.svelte.ts');
    const place = placeOf(hashOf('take', 'a/b?c', { at: '5', hide: 'document,training' }));
    expect(place.job).toBe('a/b?c');
    expect(place.query.get('hide')).toBe('document,training');
  });
});

describe('amend', () => {
  it('does not bring back who goes elsewhere', async () => {
    const { route } = await import('./route.svelte.ts');
    const written: string[] = [];
    const replaceState = (_state: unknown, _title: string, hash: string): void => {
      written.push(hash);
      location.hash = hash;
    };
    vi.stubGlobal('history', { state: null, replaceState });
    route.amend({ at: '3' });
    expect(written).toEqual(['#/build?at=3']);
    location.hash = '#/watch/job_1'; // the event comes later
    route.amend({ at: '4' });
    expect(location.hash).toBe('#/watch/job_1');
  });
});

describe('withoutToken', () => {
  it.each([
    ['#token=qml_a', 'qml_a', '#/'],
    ['#token=qml_a&x=1', 'qml_a', '#/?x=1'],
    ['#/try/j?token=qml_a&at=3', 'qml_a', '#/try/j?at=3'],
    ['#/try/j?at=3', null, '#/try/j?at=3'],
    ['', null, ''],
  ])('%s', async (hash, token, rest) => {
    const { withoutToken } = await import('./session.svelte.ts');
    expect(withoutToken(hash)).toEqual({ token, hash: rest });
  });
});
