import { untrack } from 'svelte';
import { feed } from './feed.svelte.ts';

/** For a component: have another try at what has failed, whenever the server can be reached again. */
export function onReturn(again: () => void): void {
  $effect(() => {
    if (feed.returns) untrack(again);
  });
}
