/** A file that is looked at: its profile, and the document that is made of it while somebody changes types. */

import { ServerProblem, type Schemas } from '../../api/client.ts';
import { type Asked, keepAsked, keptAsked } from './asked.ts';
import { followImport, type ImportEvent, problemsIn } from './imports.ts';
import { checked, pinned, type Problem, type Profile, profileOf } from './profile.ts';

export class Profiled {
  asked = $state.raw<Asked>({ target: null, options: {} });
  /** The last profile that came; it stays while the next one is on its way. */
  profile = $state.raw<Profile | null>(null);
  /** What the server says of the profile's document. */
  check = $state.raw<Schemas['ValidationMessage'] | null>(null);
  busy = $state(false);
  problem = $state.raw<ServerProblem | null>(null);
  /** Of a file that is being read, how far that is. */
  progress = $state.raw<Schemas['ImportProgress'] | null>(null);
  /** What is wrong with the file, as far as it was read. */
  told = $state.raw<readonly Problem[]>([]);
  #asking = new AbortController();

  constructor(readonly sha256: string) {
    void this.ask(keptAsked(sha256));
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
    keepAsked(this.sha256, asked);
    this.busy = true;
    try {
      const profile = await this.#read(asked, signal);
      if (signal.aborted) return;
      [this.profile, this.problem, this.told] = [profile, null, []];
      const { document } = this;
      do this.check = document && (await checked(document, signal));
      while (this.check?.problems.some(isImporting) && (await this.#imported(signal)));
    } catch (error) {
      if (signal.aborted) return;
      this.problem = error instanceof ServerProblem ? error : new ServerProblem(0, 'page', String(error));
      await this.#explain(this.problem, signal);
      if (signal.aborted) return;
    }
    this.progress = null;
    this.busy = false;
  }

  /** Reading pictures takes minutes: until then, the server tells how far it is. */
  async #read(asked: Asked, signal: AbortSignal): Promise<Profile> {
    for (;;) {
      const profile = await profileOf(this.sha256, asked, signal);
      if (profile) return profile;
      await this.#imported(signal);
    }
  }

  /** Wait until the file is read, or until it is worth asking again. */
  async #imported(signal: AbortSignal): Promise<true> {
    const isRead = await followImport(this.sha256, (event) => this.#tell(event), signal).catch(() => false);
    return later(isRead ? 0.1 : 1, signal);
  }

  #tell(event: ImportEvent): void {
    if (event.type === 'progress') this.progress = event;
    if (event.type === 'problem') this.told = [...this.told, event.problem];
  }

  /** A file that cannot be read at all is refused in a sentence; what the page can say better, it asks for. */
  async #explain({ type, problems }: ServerProblem, signal: AbortSignal): Promise<void> {
    this.told = [];
    if (problems.length || !type.endsWith(':dataset')) return;
    this.told = await problemsIn(this.sha256, signal).catch(() => []);
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
