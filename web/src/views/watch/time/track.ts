/** Where the frames of a film are on an axis, and how two films are laid side by side. */

/** What the axis counts. By `share`, the whole training is 1. */
export const UNITS = ['epoch', 'step', 'share'] as const;
export type Unit = (typeof UNITS)[number];

export interface Track {
  /** Completed steps of each frame; rising. */
  readonly numbers: readonly number[];
  readonly stepsPerEpoch: number;
  /** The last step; while the training runs, the last one that is planned. */
  readonly end: number;
}

/** The place of a step on the axis. */
export function positionOf(track: Track, step: number, unit: Unit): number {
  if (unit === 'step') return step;
  return step / Math.max(1, unit === 'epoch' ? track.stepsPerEpoch : track.end);
}

/** The last frame at or before a number of steps; the first one if there is none. */
export function frameAtStep(track: Track, step: number): number {
  let low = 0;
  let high = track.numbers.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (track.numbers[middle]! <= step + 1e-9) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The frame nearest to a place on the axis. */
export function nearestFrame(track: Track, place: number, unit: Unit): number {
  const at = frameAtStep(track, stepOf(track, place, unit));
  const distance = (index: number): number =>
    Math.abs(positionOf(track, track.numbers[index] ?? Infinity, unit) - place);
  return at + 1 < track.numbers.length && distance(at + 1) < distance(at) ? at + 1 : at;
}

/** The frame of `other` that belongs to a frame of `track`: the last one that is not further. */
export function alignedFrame(track: Track, index: number, other: Track, unit: Unit): number {
  const place = positionOf(track, track.numbers[index] ?? 0, unit);
  return frameAtStep(other, stepOf(other, place, unit));
}

function stepOf(track: Track, place: number, unit: Unit): number {
  if (unit === 'step') return place;
  return place * Math.max(1, unit === 'epoch' ? track.stepsPerEpoch : track.end);
}

/** Where frames are shown as small pictures: evenly spaced in the axis as far as there are frames, and apart. */
export function stripFrames(
  places: readonly number[],
  width: number,
  many: number,
  least: number,
): { index: number; x: number }[] {
  const last = places.length - 1;
  if (last < 0 || width <= 0) return [];
  const chosen: { index: number; x: number }[] = [];
  const first = places[0]!;
  const span = places[last]! - first;
  for (let slot = 0; slot < many; slot++) {
    const wanted = first + (many > 1 ? (slot / (many - 1)) * span : 0);
    const index = nearestPlace(places, wanted);
    const x = Math.min(Math.max(places[index]!, least / 2), width - least / 2);
    const before = chosen.at(-1);
    if (before && x - before.x < least) {
      if (index === last && chosen.length > 1) chosen[chosen.length - 1] = { index, x }; // the newest is always there
      continue;
    }
    chosen.push({ index, x });
  }
  return chosen;
}

function nearestPlace(places: readonly number[], wanted: number): number {
  let low = 0;
  let high = places.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (places[middle]! <= wanted) low = middle;
    else high = middle;
  }
  return Math.abs(places[high]! - wanted) < Math.abs(places[low]! - wanted) ? high : low;
}
