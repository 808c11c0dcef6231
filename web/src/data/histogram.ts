/** Small pictures of numbers. Pure. */

/** Counts of values in equal bins from the least to the greatest. */
export function histogram(values: readonly number[], bins: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  const low = Math.min(...values);
  const high = Math.max(...values);
  for (const value of values) {
    const bin = high > low ? Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins)) : 0;
    counts[bin] = counts[bin]! + 1;
  }
  return counts;
}

/** The bars of a histogram as one path. */
export function bars(counts: readonly number[], width: number, height: number): string {
  const top = Math.max(1, ...counts);
  const step = width / counts.length;
  return counts
    .map((count, at) => {
      const tall = (count / top) * height;
      return tall > 0
        ? `M${(at * step).toFixed(1)} ${height}v${(-tall).toFixed(1)}h${(step - 0.8).toFixed(1)}V${height}Z`
        : '';
    })
    .join('');
}

/** Values from left to right as a line; `low` and `high` are at the bottom and the top. */
export function line(
  values: readonly number[],
  width: number,
  height: number,
  low: number,
  high: number,
): string {
  const span = high > low ? high - low : 1;
  const last = Math.max(1, values.length - 1);
  return values
    .map((value, at) => {
      const x = ((at / last) * width).toFixed(1);
      const y = (height - ((value - low) / span) * height).toFixed(1);
      return `${at ? 'L' : 'M'}${x} ${y}`;
    })
    .join('');
}

/** A name such as `sepal length (cm)` in its parts. */
export function withUnit(name: string): { name: string; unit: string } {
  const found = /^(.*?)\s*\(([^()]+)\)$/.exec(name);
  return found ? { name: found[1]!, unit: found[2]! } : { name: name.replaceAll('_', ' '), unit: '' };
}

/** The least and greatest value. */
export function extent(values: Iterable<number>): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 1];
}

/** Shapes of classes in scatter plots, so that colour is not alone: circle, triangle, square, diamond. */
export const MARKS = ['●', '▲', '■', '◆'] as const;
export const markOf = (target: number): (typeof MARKS)[number] => MARKS[target % MARKS.length]!;

/** IDs class by class, as rows that have one of each class: `[0a, 1a, 2a, 0b, 1b, 2b]`. */
export function inRows(ids: readonly number[], targets: readonly number[], each: number): number[] {
  const classes = [...new Set(targets)].sort((a, b) => a - b);
  const of = new Map(classes.map((target) => [target, ids.filter((_, at) => targets[at] === target)]));
  return Array.from({ length: each }, (_, row) =>
    classes.flatMap((target) => of.get(target)![row] ?? []),
  ).flat();
}
