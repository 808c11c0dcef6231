import type { FilmHeader, Frame } from '../../../film/film.ts';
import type { Run } from '../../../state/run.svelte.ts';

/** What every scene gets: a run, and the moment of its film that is watched; of a second run the same. */
export interface SceneProps {
  run: Run;
  frame: Frame;
  header: FilmHeader;
  other?: { run: Run; frame: Frame; header: FilmHeader } | undefined;
}
