/** What a link brings to Build: a document (`d`), an example (`example`), or the document of a job (`clone`). */

import { api, data, request, ServerProblem } from '../api/client.ts';
import { Newest } from '../state/newest.ts';
import { type Place, route } from '../state/route.svelte.ts';
import type { Draft } from './document.svelte.ts';
import { LinkError, unpacked } from './link.ts';
import { pretty } from './pretty.ts';
import { TooLarge } from './size.ts';

export type Failure =
  | { readonly kind: 'damaged' | 'large' | 'example' | 'size'; readonly detail: string }
  | { readonly kind: 'server'; readonly detail: string };

const KEYS = ['d', 'example', 'clone'] as const;
const SOURCES = { d: unpacked, example: exampleText, clone: cloneText };

/** Brings what the address says. Afterwards the address no longer says it: a reload keeps what was edited since. */
export class Arrival {
  /** Why the last link brought nothing. The draft is as it was. */
  failure = $state.raw<Failure | null>(null);
  busy = $state(false);
  readonly #links = new Newest();

  constructor(readonly draft: Draft) {}

  async take(place: Place): Promise<void> {
    const key = place.view === 'build' ? KEYS.find((name) => place.query.has(name)) : undefined;
    if (!key) return;
    const value = place.query.get(key) ?? '';
    route.amend({ [key]: null });
    const isNewest = this.#links.begin();
    this.failure = null;
    this.busy = true;
    try {
      const text = await SOURCES[key](value);
      if (isNewest()) this.draft.replaceText(text, key === 'd' ? 'link' : key);
    } catch (error) {
      if (isNewest()) this.failure = failureOf(error);
    } finally {
      if (isNewest()) this.busy = false;
    }
  }
}

class UnknownExample extends Error {}

async function exampleText(name: string): Promise<string> {
  const answer = (await (await request('v1/examples')).json()) as {
    examples: readonly { name: string; text: string }[];
  };
  const found = answer.examples.find((example) => example.name === name);
  if (!found) throw new UnknownExample(name);
  return found.text;
}

async function cloneText(job: string): Promise<string> {
  const details = await data(api.GET('/v1/jobs/{job_id}', { params: { path: { job_id: job } } }));
  return pretty(details.document);
}

function failureOf(error: unknown): Failure {
  if (error instanceof LinkError) return { kind: error.reason, detail: '' };
  if (error instanceof TooLarge) return { kind: 'size', detail: '' };
  if (error instanceof UnknownExample) return { kind: 'example', detail: error.message };
  return { kind: 'server', detail: error instanceof ServerProblem ? error.detail : String(error) };
}
