/** The draft of this page. */

import { session } from '../state/session.svelte.ts';
import { Draft } from './document.svelte.ts';

export * from './document.svelte.ts';

export const draft = new Draft();
addEventListener('pagehide', () => draft.keep());
$effect.root(() => {
  let before = session.token;
  $effect(() => {
    if (session.token !== before) draft.recheck();
    before = session.token;
  });
});
