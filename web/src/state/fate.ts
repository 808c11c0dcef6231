/** When the files of a run are deleted, or were. */

import type { Schemas } from '../api/client.ts';
import { format, t } from '../text/index.svelte.ts';
import { clock } from './clock.svelte.ts';

const NEAR_MS = 86_400_000;

export interface Fate {
  readonly text: string;
  /** Whether they are deleted within a day. */
  readonly near: boolean;
}

type Job = Pick<Schemas['JobMessage'], 'status' | 'delete_files_at' | 'files_deleted_at'>;

/** Null if they are kept, or there are none. */
export function fateOf({ status, delete_files_at: end, files_deleted_at: gone }: Job): Fate | null {
  if (status !== 'ready') return null;
  if (gone) return { text: t().runs.filesGone(format.moment(gone)), near: false };
  if (!end) return null;
  const near = Date.parse(end) - clock.now.getTime() < NEAR_MS;
  return { text: t().runs.filesUntil(format.moment(end)), near };
}
