import { beforeAll, expect, it, vi } from 'vitest';
import type { runs as Runs } from './runs.svelte.ts';

let runs: typeof Runs;
let status = 204;
beforeAll(async () => {
  vi.stubGlobal('location', { hash: '', href: 'http://127.0.0.1/', pathname: '/', search: '' });
  vi.stubGlobal('addEventListener', () => undefined);
  vi.stubGlobal('document', { visibilityState: 'visible', addEventListener: () => undefined });
  vi.stubGlobal('fetch', () =>
    Promise.resolve(
      status === 204 ? new Response(null, { status }) : Response.json({ detail: 'no' }, { status }),
    ),
  );
  ({ runs } = await import('./runs.svelte.ts'));
});

it('a run that is gone already is deleted; every other refusal is a failure', async () => {
  await runs.remove('job_1');
  status = 404; // a second click, or another tab
  await runs.remove('job_1');
  status = 503;
  await expect(runs.remove('job_1')).rejects.toThrow('no');
});
