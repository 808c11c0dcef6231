/** A file that is looked at: its profile, and the document that is made of it while somebody changes types. */

import { ServerProblem, type Schemas } from '../../api/client.ts';
import { type Asked, NOTHING } from './asked.ts';
import { checked, pinned, type Profile, profileOf } from './profile.ts';

export class Profiled {
  asked = $state.raw<Asked>(NOTHING);
  /** The last profile that came; it stays while the next one is on its way. */
  profile = $state.raw<Profile | null>(null);
  /** What the server says of the profile's document. */
  check = $state.raw<Schemas['ValidationMessage'] | null>(null);
  busy = $state(false);
  problem = $state.raw<ServerProblem | null>(null);
  #asking = new AbortController();

  constructor(readonly sha256: string) {
    void this.ask(NOTHING);
  }

  /** The document to start from; null if the table does not fit what is asked. */
  get document(): Record<string, unknown> | null {
    const { document } = this.profile ?? {};
    return document ? pinned(document, this.sha256) : null;
  }

  async ask(asked: Asked): Promise<void> {
    this.close();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    this.asked = asked;
    this.busy = true;
    try {
      const profile = await this.#read(asked, signal);
      if (signal.aborted) return;
      [this.profile, this.problem] = [profile, null];
      const { document } = this;
      do this.check = document && (await checked(document, signal));
      while (this.check?.problems.some(isImporting) && (await later(1, signal)));
    } catch (error) {
      if (signal.aborted) return;
      this.problem = error instanceof ServerProblem ? error : new ServerProblem(0, 'page', String(error));
    }
    this.busy = false;
  }

  /** Reading pictures takes minutes: until then, the server asks to come back. */
  async #read(asked: Asked, signal: AbortSignal): Promise<Profile> {
    for (;;) {
      try {
        return await profileOf(this.sha256, asked, signal);
      } catch (error) {
        if (!(error instanceof ServerProblem) || !error.type.endsWith(':file-importing')) throw error;
        await later(error.retryAfter ?? 1, signal);
      }
    }
  }

  close(): void {
    this.#asking.abort();
  }
}

/** Whether the server is still reading the file. */
const isImporting = ({ code }: { code: string | null }): boolean => code === 'file-importing';

/** Wait. Throws if it is no longer wanted. */
async function later(seconds: number, signal: AbortSignal): Promise<true> {
  await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  signal.throwIfAborted();
  return true;
}
