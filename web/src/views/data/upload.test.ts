import { beforeEach, describe, expect, it, vi } from 'vitest';

vi.stubGlobal('location', { hash: '', href: 'http://127.0.0.1/', pathname: '/', search: '' });
const { Sender, digestOf } = await import('./upload.ts');

/** A server that keeps what arrives, and fails as `failures` say, one for each request. */
class Fake {
  arrived = '';
  requests: string[] = [];
  failures: (Response | 'lost' | null)[] = [];
  constructor(readonly size: number) {}

  async fetch(address: string, init: RequestInit = {}): Promise<Response> {
    const method = init.method ?? 'GET';
    this.requests.push(method);
    const failure = this.failures.shift();
    if (failure && failure !== 'lost') return failure;
    const headers = new Headers(init.headers);
    if (method === 'POST') {
      if (failure) throw new TypeError('Failed to fetch');
      return Response.json({ file: null, upload: { id: 'upl_1', offset: 0 } }, { status: 201 });
    }
    if (method === 'PATCH') {
      const at = Number(headers.get('Upload-Offset'));
      if (at !== this.arrived.length) return Response.json({ detail: 'offset' }, { status: 409 });
      const body = new TextDecoder().decode(init.body as ArrayBuffer);
      this.arrived += failure ? body.slice(0, body.length / 2) : body;
    }
    if (failure) throw new TypeError('Failed to fetch');
    if (address.endsWith('/v1/files/abc')) return Response.json({ sha256: 'abc' });
    if (this.arrived.length < this.size)
      return new Response(null, { status: 204, headers: { 'Upload-Offset': String(this.arrived.length) } });
    if (method === 'HEAD')
      return new Response(null, { status: 204, headers: { 'Content-Location': '/v1/files/abc' } });
    return Response.json({ sha256: 'abc' }, { status: 201 });
  }
}

const TEXT = 'a,b\n'.repeat(200_000);
const file = new File([TEXT], 'flowers.csv');
const news = { arrived: vi.fn(), begun: vi.fn(), waits: vi.fn() };
let server: Fake;
beforeEach(() => {
  server = new Fake(TEXT.length);
  vi.stubGlobal('fetch', server.fetch.bind(server));
  vi.clearAllMocks();
});
const send = (waits: number[] = []): Promise<unknown> =>
  new Sender(file, news, (ms) => (waits.push(ms), Promise.resolve())).send(new AbortController().signal);

describe('Sender', () => {
  it('sends a file in pieces', async () => {
    expect(await send()).toEqual({ sha256: 'abc' });
    expect(server.arrived).toBe(TEXT);
    expect(server.requests.length).toBeGreaterThan(2);
    expect(news.begun).toHaveBeenCalledWith('upl_1');
  });

  it('asks how much has arrived after a lost connection, and goes on there', async () => {
    server.failures = [null, 'lost', 'lost'];
    const waits: number[] = [];
    expect(await send(waits)).toEqual({ sha256: 'abc' });
    expect(server.arrived).toBe(TEXT);
    expect(server.requests.slice(0, 5)).toEqual(['POST', 'PATCH', 'HEAD', 'HEAD', 'PATCH']);
    expect(waits).toEqual([500, 1000]);
    expect(news.waits.mock.calls.slice(0, 4)).toEqual([[false], [true], [true], [false]]);
  });

  it('finds the file if the last answer was lost', async () => {
    const small = new File(['a'], 'a.csv');
    server = new Fake(1);
    server.failures = [null, 'lost'];
    vi.stubGlobal('fetch', server.fetch.bind(server));
    server.arrived = '';
    const sender = new Sender(small, news, () => ((server.arrived = 'a'), Promise.resolve()));
    expect(await sender.send(new AbortController().signal)).toEqual({ sha256: 'abc' });
  });

  it('does not wait for what does not pass', async () => {
    server.failures = [null, Response.json({ type: 'x:digest', detail: 'another content' }, { status: 422 })];
    await expect(send()).rejects.toMatchObject({ detail: 'another content' });
  });
});

it('digestOf', async () => {
  expect(await digestOf(new Blob(['abc']))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
  vi.stubGlobal('crypto', {});
  expect(await digestOf(new Blob(['abc']))).toBeNull();
  vi.unstubAllGlobals();
});
