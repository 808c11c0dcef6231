/** The draft of this page, and what links bring to it. */

import { route } from '../state/route.svelte.ts';
import { session } from '../state/session.svelte.ts';
import { Arrival } from './arrival.svelte.ts';
import { Draft } from './document.svelte.ts';

export * from './document.svelte.ts';
export { fixLabel, message } from './messages.ts';

export const draft = new Draft();
export const arrival = new Arrival(draft);

addEventListener('pagehide', () => draft.keep());
$effect.root(() => {
  $effect(() => void arrival.take(route.place));
  let before = session.token;
  $effect(() => {
    if (session.token !== before) draft.recheck();
    before = session.token;
  });
});
