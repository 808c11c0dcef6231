/** Signed links to the files of a job: `<a href>` cannot send a token. They are made again before they expire. */

import { api, base, data, ServerProblem } from '../../api/client.ts';

const AGAIN_MS = 45 * 60_000; // links are valid for an hour

export class Links {
  #urls = $state.raw<ReadonlyMap<string, string>>(new Map());
  error = $state('');
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly job: string,
    private readonly names: readonly string[],
  ) {}

  /** Make links, and keep them valid until `stop`. */
  start(): void {
    void this.#make();
    this.#timer = setInterval(() => void this.#make(), AGAIN_MS);
  }

  /** Try again if it has failed. */
  again(): void {
    if (this.error) void this.#make();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** The whole address of a file; undefined before it is there. */
  of(name: string): string | undefined {
    return this.#urls.get(name);
  }

  async #make(): Promise<void> {
    try {
      const params = { path: { job_id: this.job } };
      const body = { names: [...this.names], expires_s: 3600 };
      const found = await data(api.POST('/v1/jobs/{job_id}/links', { params, body }));
      this.#urls = new Map(found.links.map(({ name, url }) => [name, base + url.replace(/^\//, '')]));
      this.error = '';
    } catch (problem) {
      this.error = problem instanceof ServerProblem ? problem.detail : String(problem);
    }
  }
}
