/** The lowest and the highest number of a column. */

import { format } from '../../text/index.svelte.ts';
import type { Column } from './profile.ts';

const YEARS = [1000, 2100] as const;

/** As the page writes them: whole numbers that may all be years have no sign between thousands. */
export function endsOf({
  low,
  high,
  is_whole,
}: Pick<Column, 'low' | 'high' | 'is_whole'>): [low: string, high: string] {
  const [least, most] = [low ?? 0, high ?? 0];
  const write = is_whole && least >= YEARS[0] && most <= YEARS[1] ? format.year : significant;
  return [write(least), write(most)];
}

const significant = (value: number): string => format.number(value, 4);
