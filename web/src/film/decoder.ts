/** Decoding in one worker for the page; in the page itself where there is none. */

import { startWorker } from '../worker.ts';
import { decode, type Decoded } from './decode.ts';
import { Frame, Layout, type FilmHeader } from './film.ts';
import type { Answer, Task } from './worker.ts';
import address from './worker.ts?worker&url';

export interface Film {
  header: FilmHeader;
  frames: Frame[];
}

interface Waiting {
  resolve: (decoded: Decoded) => void;
  reject: (error: Error) => void;
}

const MEASURE = 'quickml:film';

let worker: Worker | null | undefined;
const waiting = new Map<number, Waiting>();
let count = 0;

/** The film in these bytes. They may be taken away: do not use them afterwards. */
export async function filmOf(bytes: Uint8Array<ArrayBuffer>): Promise<Film> {
  const start = performance.now();
  const decoded = await inWorker(bytes);
  const layout = new Layout(decoded.header);
  const frames = decoded.numbers.map((number, i) => {
    return new Frame(layout, number, decoded.bytes.subarray(i * decoded.size, (i + 1) * decoded.size));
  });
  performance.clearMeasures(MEASURE);
  performance.measure(MEASURE, { start }); // for the benchmark: only the last one is kept
  return { header: decoded.header, frames };
}

function inWorker(film: Uint8Array<ArrayBuffer>): Promise<Decoded> {
  worker ??= started();
  if (!worker) return decode(film);
  const id = ++count;
  const answer = new Promise<Decoded>((resolve, reject) => waiting.set(id, { resolve, reject }));
  worker.postMessage({ id, film } satisfies Task); // a copy: the bytes are still here if the worker fails
  return answer.catch((error: unknown) => {
    if (worker) throw error;
    return decode(film);
  });
}

function started(): Worker | null {
  const found = startWorker(address);
  if (!found) return null;
  found.onmessage = ({ data }: MessageEvent<Answer>) => {
    const asked = waiting.get(data.id);
    waiting.delete(data.id);
    if ('error' in data) asked?.reject(new Error(data.error));
    else asked?.resolve(data.decoded);
  };
  found.onerror = () => {
    worker = null; // it could not be loaded
    for (const { reject } of waiting.values()) reject(new Error('the worker could not be started'));
    waiting.clear();
  };
  return found;
}
