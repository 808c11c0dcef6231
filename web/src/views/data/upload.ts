/** Sends a file in pieces, and goes on where it broke: resumable uploads as the IETF's draft has them. */

import { request, type Schemas, ServerProblem } from '../../api/client.ts';

export type UserFile = Schemas['UserFileMessage'];

/** What somebody who sends a file wants to know meanwhile. */
export interface News {
  /** How many bytes have arrived. */
  arrived(bytes: number): void;
  /** The upload has an ID from now on. */
  begun(id: string): void;
  /** Whether it waits for the server, or for the network. */
  waits(does: boolean): void;
}

/** Larger files are sent without a digest: it is made of the whole, in memory. */
const MOST_DIGESTED = 64 << 20;
const LEAST = 64 << 10;
const MOST = 8 << 20;
/** A piece shall take about this long: progress is seen, and little is lost with a connection. */
const PIECE_MS = 400;
const LONGEST_WAIT_MS = 15_000;

/** A wait that ends early when the network is back. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      removeEventListener('online', end);
      signal.removeEventListener('abort', end);
      if (signal.aborted) reject(signal.reason as Error);
      else resolve();
    };
    const timer = setTimeout(end, ms);
    addEventListener('online', end);
    signal.addEventListener('abort', end);
  });
}

export class Sender {
  #id = '';
  #size = 256 << 10;

  constructor(
    readonly file: File,
    readonly news: News,
    private readonly wait = pause,
  ) {}

  /** Send what has not arrived yet. Throws a `ServerProblem` that waiting does not mend, or what ended it. */
  async send(signal: AbortSignal): Promise<UserFile> {
    let offset: number | null = null;
    if (!this.#id) {
      const sha256 = await digestOf(this.file);
      const found = await this.#patiently(signal, () => this.#begin(sha256, signal));
      if (found.file) return found.file;
      ({ id: this.#id, offset } = found.upload!);
      this.news.begun(this.#id);
    }
    for (;;) {
      const found: UserFile | number = await this.#patiently(signal, async (isAgain) => {
        if (offset !== null && !isAgain) return this.#append(offset, signal);
        const now = await this.#state(signal);
        return typeof now === 'number' ? this.#append((offset = now), signal) : now;
      });
      if (typeof found !== 'number') return found;
      offset = found;
      this.news.arrived(offset);
    }
  }

  /** Remove what has arrived. */
  async discard(): Promise<void> {
    if (this.#id) await request(this.#path, { method: 'DELETE' }).catch(() => undefined);
  }

  get #path(): string {
    return `v1/uploads/${encodeURIComponent(this.#id)}`;
  }

  async #begin(sha256: string | null, signal: AbortSignal): Promise<Schemas['BegunUpload']> {
    const { name, size } = this.file;
    const headers = { 'Content-Type': 'application/json' };
    const body = JSON.stringify({ name, size_bytes: size, sha256 });
    return (await (await request('v1/files', { method: 'POST', headers, body, signal })).json()) as never;
  }

  /** How much has arrived; the file if it is all of it. */
  async #state(signal: AbortSignal): Promise<UserFile | number> {
    const { headers } = await request(this.#path, { method: 'HEAD', signal });
    const place = headers.get('Content-Location');
    return place ? ((await (await request(place, { signal })).json()) as UserFile) : offsetOf(headers);
  }

  async #append(offset: number, signal: AbortSignal): Promise<UserFile | number> {
    this.news.arrived(offset);
    const end = Math.min(this.file.size, offset + this.#size);
    const body = await this.file.slice(offset, end).arrayBuffer(); // fails here if the file is gone or was changed
    const begun = performance.now();
    const headers = {
      'Content-Type': 'application/partial-upload',
      'Upload-Offset': String(offset),
      'Upload-Complete': end === this.file.size ? '?1' : '?0',
    };
    const response = await request(this.#path, { method: 'PATCH', headers, body, signal });
    if (response.status === 201) return (await response.json()) as UserFile;
    const rate = body.byteLength / Math.max(1, performance.now() - begun);
    this.#size = Math.round(Math.min(MOST, 2 * this.#size, Math.max(LEAST, rate * PIECE_MS)));
    return offsetOf(response.headers);
  }

  /** Try until it works, as long as waiting may help. */
  async #patiently<T>(signal: AbortSignal, attempt: (isAgain: boolean) => Promise<T>): Promise<T> {
    for (let failures = 0; ; failures++) {
      try {
        const found = await attempt(failures > 0);
        this.news.waits(false);
        return found;
      } catch (error) {
        if (!(error instanceof ServerProblem) || !passes(error)) throw error;
        this.news.waits(true);
        await this.wait(Math.min(LONGEST_WAIT_MS, 500 * 2 ** failures), signal);
      }
    }
  }
}

const offsetOf = (headers: Headers): number => Number(headers.get('Upload-Offset') ?? 0);

/** No answer, a server that restarts, or another request to the same upload. */
const passes = ({ status }: ServerProblem): boolean =>
  status === 0 || status === 409 || status === 502 || status === 503 || status === 504;

/** The SHA-256 of a file; null where the browser cannot make it: over http, or if the file is large. */
export async function digestOf(file: Blob): Promise<string | null> {
  // TypeScript declares it as always present, but browsers have it in secure contexts only.
  const subtle = (globalThis.crypto as { subtle?: SubtleCrypto }).subtle;
  if (!subtle || file.size > MOST_DIGESTED) return null;
  const bytes = new Uint8Array(await subtle.digest('SHA-256', await file.arrayBuffer()));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
