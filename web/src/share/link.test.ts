import { beforeAll, describe, expect, it, vi } from 'vitest';
import type * as Links from './link.ts';

let links: typeof Links;
let placeOf: (hash: string) => Links.Shared['place'];

beforeAll(async () => {
  vi.stubGlobal('location', { hash: '', href: 'http://127.0.0.1/' });
  vi.stubGlobal('addEventListener', () => undefined);
  vi.stubGlobal('sessionStorage', { getItem: () => null });
  links = await import('./link.ts');
  ({ placeOf } = await import('../state/route.svelte.ts'));
});

describe('addressOf', () => {
  const base = 'http://192.168.1.20:8000/ml/';

  it('keeps the view, the job and what is seen of it', () => {
    const place = placeOf('#/watch/job_1?at=31&hide=runs&token=qml_a');
    expect(links.addressOf({ base, place, document: '', hidden: ['runs', 'training'], token: '' })).toBe(
      `${base}#/watch/job_1?at=31&hide=runs,training`,
    );
  });

  it('carries a document, and a token if asked', () => {
    const place = placeOf('#/build');
    const address = links.addressOf({ base, place, document: 'q1-_', hidden: [], token: 'qml_a b' });
    expect(address).toBe(`${base}#/build?d=q1-_&token=qml_a+b`);
    expect(placeOf(new URL(address).hash).query.get('d')).toBe('q1-_');
  });
});

describe('isLoopback', () => {
  it.each([
    ['http://127.0.0.1:8000/', true],
    ['http://localhost:8000/ml/', true],
    ['http://[::1]:8000/', true],
    ['http://192.168.1.20:8000/', false],
    ['https://ml.school.example/', false],
  ])('%s', (address, is) => expect(links.isLoopback(address)).toBe(is));
});

describe('modulesPath', () => {
  it('joins what is side by side', () => {
    expect(
      links.modulesPath([
        [true, true, false],
        [false, false, true],
      ]),
    ).toBe('M0 0h2v1H0zM2 1h1v1H2z');
  });
});
