/** The views of runs, in one file: few files compress better than many. */

export { default as watch } from './watch/Watch.svelte';
export { default as understand } from './understand/Understand.svelte';
export { default as try } from './try/Try.svelte';
export { default as take } from './take/Take.svelte';
export { default as runs } from './runs/Runs.svelte';
