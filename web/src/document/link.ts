/** A text in a link: compressed with deflate-raw, written in base64url. */

/** A link may not make the page take more than this. */
export const MOST_BYTES = 256 * 1024;

/** Why a link cannot be read. */
export class LinkError extends Error {
  constructor(readonly reason: 'damaged' | 'large') {
    super(reason);
    this.name = 'LinkError';
  }
}

export async function packed(text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > MOST_BYTES) throw new LinkError('large');
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  const small = new Uint8Array(await new Response(stream).arrayBuffer());
  let binary = '';
  for (const byte of small) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** The text of a link. Throws a `LinkError` if it is damaged, or larger than `MOST_BYTES`. */
export async function unpacked(data: string): Promise<string> {
  if (!/^[\w-]+$/.test(data)) throw new LinkError('damaged');
  let binary;
  try {
    binary = atob(data.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    throw new LinkError('damaged');
  }
  const small = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  const reader = new Blob([small]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let [text, bytes] = ['', 0];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return text + decoder.decode();
      bytes += value.length;
      if (bytes > MOST_BYTES) throw new LinkError('large');
      text += decoder.decode(value, { stream: true });
    }
  } catch (error) {
    await reader.cancel().catch(() => undefined);
    throw error instanceof LinkError ? error : new LinkError('damaged');
  }
}
