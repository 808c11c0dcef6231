/** From the bytes of a film to the bytes of its frames: docs/explanation/film.md. Runs in a worker, where there is one. */

import { Layout, type FilmHeader } from './film.ts';

export const MAGIC = 'QMLFILM\x01';
const INTRODUCTION = 12; // magic and length of the header
const RECORD = 8; // number and length of a frame

/** The frames of a film or a page: inflated, each standing alone, one after the other. */
export interface Decoded {
  header: FilmHeader;
  numbers: number[];
  /** Bytes of each frame. */
  size: number;
  bytes: Uint8Array<ArrayBuffer>;
}

/** Read a film. Throws if it is damaged, or is none. */
export async function decode(film: Uint8Array<ArrayBuffer>): Promise<Decoded> {
  if (String.fromCharCode(...film.subarray(0, MAGIC.length)) !== MAGIC) throw new Error('not a film');
  const view = new DataView(film.buffer, film.byteOffset, film.byteLength);
  const start = INTRODUCTION + view.getUint32(8, true);
  const header = JSON.parse(new TextDecoder().decode(film.subarray(INTRODUCTION, start))) as FilmHeader;
  const numbers: number[] = [];
  const bodies: Promise<Uint8Array>[] = [];
  for (let at = start; at < film.length;) {
    const length = view.getUint32(at + 4, true);
    numbers.push(view.getUint32(at, true));
    bodies.push(inflate(film.subarray(at + RECORD, at + RECORD + length)));
    at += RECORD + length;
  }
  const size = new Layout(header).bytes;
  return { header, numbers, size, bytes: joined(await Promise.all(bodies), size) };
}

/** All frames in one array. A frame that begins with 1 has differences to the frame before. */
function joined(bodies: Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(bodies.length * size);
  bodies.forEach((body, index) => {
    if (body.length !== size + 1)
      throw new Error(`frame ${index}: expected ${size + 1} bytes, found ${body.length}`);
    const at = index * size;
    all.set(body.subarray(1), at);
    if (body[0] === 1) for (let i = at; i < at + size; i++) all[i]! += all[i - size]!;
  });
  return all;
}

/** Inflate raw deflate data (RFC 1951). Through a writer: a `Blob` and a `Response` for each frame take ten times as long. */
export async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const { readable, writable } = new DecompressionStream('deflate-raw');
  const writer = writable.getWriter();
  const ignored = (): undefined => undefined; // the reader reports the same error
  void writer.write(bytes).catch(ignored);
  void writer.close().catch(ignored);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const reader = (readable as ReadableStream<Uint8Array<ArrayBuffer>>).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
  }
  return parts.length === 1 ? parts[0]! : concatenated(parts);
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
