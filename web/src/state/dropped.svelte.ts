/** Files that were dropped anywhere on the page: they are data of somebody's own. */

import { route } from './route.svelte.ts';

class Dropped {
  /** Files that nobody has taken yet. */
  files = $state.raw<readonly File[]>([]);

  take(): readonly File[] {
    const { files } = this;
    this.files = [];
    return files;
  }
}

export const drops = new Dropped();

/** Try takes pictures by itself, and a teacher may have hidden the choice of data. */
function isTaken(event: DragEvent): boolean {
  const isFile = event.dataTransfer?.types.includes('Files') ?? false;
  return isFile && route.place.view !== 'try' && !route.hides('dataset');
}

export function dragged(event: DragEvent): void {
  if (isTaken(event)) event.preventDefault();
}

export function dropped(event: DragEvent): void {
  if (!isTaken(event)) return;
  event.preventDefault();
  drops.files = [...event.dataTransfer!.files];
  if (drops.files.length && route.place.view !== 'data') route.go('data');
}
