/** What the network would be after the fix of its first problem: asked of the server, for the ghost block and the sentence. */

import { request, type Schemas } from '../../api/client.ts';
import type { Draft } from '../../document/document.svelte.ts';
import { applied, patchOf } from '../../document/patch.ts';
import type { RowLike } from '../../graph/network.ts';

export interface Repaired {
  readonly rows: readonly RowLike[];
  readonly parameters: number | null;
}

/** Ask after the fix; null if there is none, or it does not make the document valid. */
export async function repaired(draft: Draft, signal: AbortSignal): Promise<Repaired | null> {
  const patch = patchOf(draft.problems[0]?.fix);
  if (!patch || draft.value === null) return null;
  try {
    const body = JSON.stringify(applied(draft.value, patch));
    const headers = { 'Content-Type': 'application/json' };
    const answer = await request('v1/validate', { method: 'POST', body, headers, signal });
    const { layers, parameters } = (await answer.json()) as Schemas['ValidationMessage'];
    return { rows: layers ?? [], parameters };
  } catch {
    return null; // the ghost is drawn without its shape
  }
}
