import { beforeAll, expect, it, vi } from 'vitest';
import type * as Client from './client.ts';

let client: typeof Client;
beforeAll(async () => {
  vi.stubGlobal('location', { hash: '', href: 'http://127.0.0.1/', pathname: '/', search: '' });
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
  client = await import('./client.ts');
});

it('says in words that there was no answer', async () => {
  const told = 'The server could not be reached.';
  await expect(client.request('v1/schema')).rejects.toMatchObject({ status: 0, detail: told });
  await expect(client.data(client.api.GET('/v1/jobs'))).rejects.toMatchObject({ status: 0, detail: told });
});
