/** Annotations in words: short ones on the curve, whole sentences for those who do not see it. */

import { format, t } from '../../text/index.svelte.ts';
import type { Annotation } from './time/annotations.ts';

export function shortWords(note: Annotation): string {
  const texts = t().watch.notes;
  switch (note.kind) {
    case 'fall':
      return texts.fall(format.number(note.from, 2), format.number(note.to, 2));
    case 'overfit':
      return texts.overfit;
    case 'rate':
      return texts.rate(format.number(note.from), format.number(note.to));
    case 'stopped':
      return stopWords(note.why, note.restored);
    case 'interrupted':
      return texts.interrupted(note.attempt);
  }
}

export function longWords(note: Annotation): string {
  const texts = t().watch.notes;
  switch (note.kind) {
    case 'fall':
      return texts.fallLong(note.epoch, format.number(note.from), format.number(note.to));
    case 'overfit':
      return texts.overfitLong(note.epoch, format.number(note.lowest), format.number(note.now));
    case 'rate':
      return texts.rateLong(note.epoch, format.number(note.from), format.number(note.to));
    default:
      return shortWords(note);
  }
}

function stopWords(why: string, restored: boolean): string {
  const texts = t().watch.notes;
  const stopped = texts.stopped[why] ?? texts.stoppedOther;
  return restored ? `${stopped}; ${texts.restoredToo}` : stopped;
}
