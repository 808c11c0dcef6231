import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

function message(header: object, body: number[]): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(12 + text.length + body.length);
  bytes.set(new TextEncoder().encode('QMLARRY\x01'));
  new DataView(bytes.buffer).setUint32(8, text.length, true);
  bytes.set(text, 12);
  bytes.set(body, 12 + text.length);
  return bytes;
}

let asked: { url: string; init: RequestInit }[] = [];
let answer: Response;

beforeEach(() => {
  asked = [];
  vi.stubGlobal('location', { href: 'http://localhost/ml/#/try', hash: '' });
  vi.stubGlobal('sessionStorage', { getItem: () => null });
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    asked.push({ url, init });
    return Promise.resolve(answer);
  });
});
afterEach(() => vi.unstubAllGlobals());

const FILE = { name: 'model.mlpackage', sha256: 'aa', size_bytes: 7 };

describe('predict', () => {
  it('sends bytes and reads arrays', async () => {
    const { predict } = await import('./arrays.ts');
    const layer = { shape: [2, 2], start: 1, scale: 0.5, offset: -1, units: 9 };
    const prediction = {
      label: 'b',
      probabilities: { a: 0.25, b: 0.75 },
      values: [0.25, 0.75],
      activations: { dense: layer },
    };
    const bytes = message({ kind: 'predictions', file: FILE, predictions: [prediction] }, [9, 0, 1, 2, 255]);
    answer = new Response(bytes, { headers: { 'Server-Timing': 'run;dur=1.250' } });
    const found = await predict('job/1', new Uint8Array([1, 2]), { activations: ['*'], most: 8 });
    expect(asked[0]!.url).toBe('http://localhost/ml/v1/jobs/job%2F1/predictions?most=8&activations=*');
    expect(asked[0]!.init.body).toEqual(new Uint8Array([1, 2]));
    expect(found).toMatchObject({ label: 'b', outputs: [0.25, 0.75], file: FILE, runMilliseconds: 1.25 });
    const [dense] = found.activations;
    expect(dense).toMatchObject({ layer: 'dense', units: 9, low: -1, high: 126.5, shape: [2, 2] });
    expect([...dense!.values]).toEqual([-1, -0.5, 0, 126.5]);
    expect(found.bytes).toBe(bytes.length);
  });

  it('sends other inputs as JSON', async () => {
    const { predict } = await import('./arrays.ts');
    answer = new Response(message({ file: FILE, predictions: [] }, []));
    await expect(predict('j', [1, 2])).rejects.toThrow('expected a prediction');
    expect(asked[0]!.init.body).toBe('{"inputs":[[1,2]]}');
  });

  it('throws the problem of the server', async () => {
    const { predict } = await import('./arrays.ts');
    answer = new Response(JSON.stringify({ type: 'x', title: 't', detail: 'wrong', status: 422 }), {
      status: 422,
    });
    await expect(predict('j', [1])).rejects.toMatchObject({ status: 422, detail: 'wrong', retryAfter: null });
  });
});

describe('explain', () => {
  it('reads a map of each output', async () => {
    const { explain } = await import('./arrays.ts');
    const maps = [{ shape: [1, 2], start: 0, scale: 0.1, offset: 0 }];
    answer = new Response(message({ file: FILE, part: 'patch', values: [1], labels: ['a'], maps }, [0, 10]));
    const found = await explain('j', new Float32Array([1]), { size: 4 });
    expect(asked[0]!.url).toMatch(/explanations\?size=4$/);
    expect(found.maps[0]!.values[1]).toBeCloseTo(1);
    expect(found.part).toBe('patch');
  });
});
