/** What a link brings to Build: a document (`d`), an example (`example`), or the document of a job (`clone`). */

import { request, ServerProblem } from '../api/client.ts';
import { type Place, route } from '../state/route.svelte.ts';
import type { Draft } from './document.svelte.ts';
import { LinkError, unpacked } from './link.ts';

export type Failure =
  | { readonly kind: 'damaged' | 'large' | 'example'; readonly detail: string }
  | { readonly kind: 'server'; readonly detail: string };

const KEYS = ['d', 'example', 'clone'] as const;

/** Brings what the address says. Afterwards the address no longer says it: a reload keeps what was edited since. */
export class Arrival {
  /** Why the last link brought nothing. The draft is as it was. */
  failure = $state.raw<Failure | null>(null);
  busy = $state(false);

  constructor(readonly draft: Draft) {}

  async take(place: Place): Promise<void> {
    const key = place.view === 'build' ? KEYS.find((name) => place.query.has(name)) : undefined;
    if (!key) return;
    const value = place.query.get(key) ?? '';
    route.amend({ [key]: null });
    this.failure = null;
    this.busy = true;
    try {
      if (key === 'd') this.draft.replaceText(await unpacked(value), 'link');
      else if (key === 'clone') await this.draft.clone(value);
      else await this.#example(value);
    } catch (error) {
      this.failure = failureOf(error);
    } finally {
      this.busy = false;
    }
  }

  async #example(name: string): Promise<void> {
    const answer = (await (await request('v1/examples')).json()) as {
      examples: readonly { name: string; text: string }[];
    };
    const found = answer.examples.find((example) => example.name === name);
    if (found) this.draft.replaceText(found.text, 'example');
    else this.failure = { kind: 'example', detail: name };
  }
}

function failureOf(error: unknown): Failure {
  if (error instanceof LinkError) return { kind: error.reason, detail: '' };
  return { kind: 'server', detail: error instanceof ServerProblem ? error.detail : String(error) };
}
