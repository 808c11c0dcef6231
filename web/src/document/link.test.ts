import { describe, expect, it } from 'vitest';
import { LinkError, MOST_BYTES, packed, unpacked } from './link.ts';

describe('links', () => {
  it.each(['{}', 'ü "\\" 学', '{"name": "a"}'.repeat(500)])('carry %.20s', async (text) => {
    const data = await packed(text);
    expect(data).toMatch(/^[\w-]+$/);
    expect(await unpacked(data)).toBe(text);
  });

  it.each(['', 'a', '####', 'AAAA', 'q1YqSc', '%C3%BC'])('tell that %s is damaged', async (data) => {
    await expect(unpacked(data)).rejects.toMatchObject({ reason: 'damaged' });
  });

  it('tell that a cut one is damaged', async () => {
    const data = await packed('{"name": "spirals", "dataset": "spirals"}'.repeat(3));
    await expect(unpacked(data.slice(0, -6))).rejects.toBeInstanceOf(LinkError);
  });

  it('refuse what becomes too large', async () => {
    await expect(packed('a'.repeat(MOST_BYTES + 1))).rejects.toMatchObject({ reason: 'large' });
    const stream = new Blob(['a'.repeat(50_000_000)])
      .stream()
      .pipeThrough(new CompressionStream('deflate-raw'));
    const bomb = Buffer.from(await new Response(stream).arrayBuffer()).toString('base64url');
    await expect(unpacked(bomb)).rejects.toMatchObject({ reason: 'large' });
  });
});
