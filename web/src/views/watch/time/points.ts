/** How many test points of the plane are on the right side, read from the answers in a frame. */

import type { Frame } from '../../../film/film.ts';
import type { Run } from '../../../state/run.svelte.ts';
import { answered, gridOf } from '../scenes/answer.ts';
import { choiceOf, planePoints, pointsOf } from '../scenes/samples.svelte.ts';

/** Null where the film has no plane, for a regression, and until the points are here. */
export function rightPoints(run: Run, frame: Frame): { right: number; all: number } | null {
  const header = run.film.header;
  const grid = header && gridOf(header);
  const dataset = choiceOf(run.document);
  if (!grid?.classes || !dataset) return null;
  const points = pointsOf(planePoints(dataset, 'test').value);
  if (!points.length) return null;
  const says = answered(frame.part('grid'), grid, points);
  return { right: points.filter(({ target }, i) => says[i] === target).length, all: points.length };
}
