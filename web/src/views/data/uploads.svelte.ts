/** Files on their way to the server, one after another. They go on while other views are looked at. */

import { ServerProblem } from '../../api/client.ts';
import { own } from './words.svelte.ts';
import { Sender, type UserFile } from './upload.ts';

export type Stage = 'queued' | 'sending' | 'waiting' | 'paused' | 'failed';

export class Upload {
  stage = $state<Stage>('queued');
  /** Bytes that have arrived. */
  arrived = $state(0);
  /** Of the upload on the server; empty until it has begun. */
  id = $state('');
  problem = $state('');
  readonly #sender: Sender;
  #stop = new AbortController();

  constructor(readonly file: File) {
    this.#sender = new Sender(file, {
      arrived: (bytes) => (this.arrived = bytes),
      begun: (id) => (this.id = id),
      waits: (does) => {
        if (this.stage === 'sending' || this.stage === 'waiting') this.stage = does ? 'waiting' : 'sending';
      },
    });
  }

  /** Send it. Null if it was stopped, or failed. */
  async send(): Promise<UserFile | null> {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    this.stage = 'sending';
    this.problem = '';
    try {
      return await this.#sender.send(signal);
    } catch (error) {
      if (signal.aborted) return null;
      this.stage = 'failed';
      this.problem = told(error);
      return null;
    }
  }

  pause(): void {
    this.stage = 'paused';
    this.#stop.abort();
  }

  discard(): void {
    this.pause();
    void this.#sender.discard();
  }
}

/** Why a file did not arrive, in the language of the page where it knows the reason. */
function told(error: unknown): string {
  if (!(error instanceof ServerProblem)) return own().unreadable;
  const words = own().refused as Record<string, string>;
  return words[error.type.split(':').at(-1) ?? ''] ?? error.detail;
}

class Uploads {
  list = $state.raw<readonly Upload[]>([]);
  /** The file that has arrived last. */
  newest = $state.raw<UserFile | null>(null);
  /** It, until a view has opened it. */
  opens: UserFile | null = null;
  #isBusy = false;

  /** The one that is being sent, or was last tried. */
  get current(): Upload | null {
    return this.list.find(({ stage }) => stage !== 'queued') ?? this.list[0] ?? null;
  }

  add(files: Iterable<File>): void {
    this.list = [...this.list, ...[...files].map((file) => new Upload(file))];
    void this.#next();
  }

  resume(upload: Upload): void {
    upload.stage = 'queued';
    void this.#next();
  }

  remove(upload: Upload): void {
    upload.discard();
    this.list = this.list.filter((one) => one !== upload);
  }

  async #next(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (let next; (next = this.list.find(({ stage }) => stage === 'queued'));) {
      const upload = next;
      const file = await upload.send();
      if (!file) continue;
      this.list = this.list.filter((one) => one !== upload);
      this.newest = this.opens = file;
    }
    this.#isBusy = false;
  }
}

export const uploads = new Uploads();
