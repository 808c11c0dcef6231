/** Paths of curves. */

export interface Points {
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
}

/** A path through the finite values; gaps interrupt it. With more than two points a pixel, only the lowest and the
 * highest of each pixel are drawn, in the order in which they come: no peak is lost. `x` must rise. */
export function pathOf(
  points: Points,
  x: (value: number) => number,
  y: (value: number) => number,
  width = Infinity,
): string {
  const kept = points.y.length > 2 * width ? extremes(points, x) : null;
  const count = kept ? kept.length : points.y.length;
  let path = '';
  let drawing = false;
  for (let i = 0; i < count; i++) {
    const index = kept ? kept[i]! : i;
    const value = points.y[index]!;
    if (!Number.isFinite(value)) {
      drawing = false;
      continue;
    }
    path += `${drawing ? 'L' : 'M'}${x(points.x[index]!).toFixed(1)},${y(value).toFixed(1)}`;
    drawing = true;
  }
  return path;
}

/** Indices of the lowest and the highest value of each pixel, rising; a pixel without finite values keeps one gap. */
export function extremes(points: Points, x: (value: number) => number): number[] {
  const kept: number[] = [];
  let pixel = NaN;
  let low = -1;
  let high = -1;
  let gap = -1;
  const close = (): void => {
    if (low < 0) {
      if (gap >= 0) kept.push(gap);
    } else if (low === high) kept.push(low);
    else kept.push(Math.min(low, high), Math.max(low, high));
  };
  for (let i = 0; i < points.y.length; i++) {
    const here = Math.floor(x(points.x[i]!));
    if (here !== pixel) {
      close();
      pixel = here;
      low = high = gap = -1;
    }
    const value = points.y[i]!;
    if (!Number.isFinite(value)) gap = i;
    else {
      if (low < 0 || value < points.y[low]!) low = i;
      if (high < 0 || value > points.y[high]!) high = i;
    }
  }
  close();
  return kept;
}

/** The value of a curve at a place: of the last point that is not later. NaN before the first. */
export function valueAt(points: Points, place: number): number {
  let found = NaN;
  let low = 0;
  let high = points.x.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (points.x[middle]! <= place + 1e-9) {
      found = points.y[middle]!;
      low = middle + 1;
    } else high = middle - 1;
  }
  return found;
}
