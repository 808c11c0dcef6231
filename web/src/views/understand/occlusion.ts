/** What hiding parts of an input did to an answer, as pictures and words need it. Pure. */

/** The answer of `POST /explanations`, with its maps decoded. */
export interface Hidden {
  /** Size of a part along each axis, and where parts begin. */
  readonly size: readonly number[];
  readonly starts: readonly (readonly number[])[];
  /** Output when nothing is hidden: probabilities, or one value. */
  readonly values: ArrayLike<number>;
  /** For each output: what it loses when a part is hidden; parts in row-major order. */
  readonly maps: readonly ArrayLike<number>[];
}

/** Where a part lies: from `start` up to `end` along each axis. */
export interface Span {
  readonly start: readonly number[];
  readonly end: readonly number[];
}

export function span({ size, starts }: Hidden, part: number): Span {
  const start: number[] = [];
  for (let axis = starts.length - 1, rest = part; axis >= 0; axis--) {
    const along = starts[axis]!;
    start.unshift(along[rest % along.length]!);
    rest = Math.trunc(rest / along.length);
  }
  return { start, end: start.map((at, axis) => at + size[axis]!) };
}

/** The mean effect of the parts that cover each place; `sides` are the sides of the input: 1 or 2. */
export function heat(hidden: Hidden, map: ArrayLike<number>, sides: readonly number[]): Float32Array {
  const [height, width] = sides.length > 1 ? [sides[0]!, sides[1]!] : [1, sides[0]!];
  const [found, covers] = [new Float32Array(height * width), new Uint16Array(height * width)];
  for (let part = 0; part < map.length; part++) {
    const { start, end } = span(hidden, part);
    const [top, left] = start.length > 1 ? [start[0]!, start[1]!] : [0, start[0]!];
    const [bottom, right] = end.length > 1 ? [end[0]!, end[1]!] : [1, end[0]!];
    for (let row = top; row < bottom; row++)
      for (let column = left; column < right; column++) {
        found[row * width + column]! += map[part]!;
        covers[row * width + column]!++;
      }
  }
  return found.map((sum, i) => (covers[i] ? sum / covers[i] : 0));
}

/** One part and what hiding it does to one output. */
export interface Effect {
  readonly part: number;
  readonly before: number;
  readonly after: number;
  /** The output that is the largest when the part is hidden. */
  readonly leads: number;
}

/** Smaller effects on a probability are not worth a sentence. */
const LEAST = 0.01;

/** The part whose hiding lowers an output most, and the one that raises it most; null where none does. */
export function strongest(hidden: Hidden, output: number): { for: Effect | null; against: Effect | null } {
  const map = hidden.maps[output] ?? [];
  let [high, low] = [0, 0];
  for (let part = 1; part < map.length; part++) {
    if (map[part]! > map[high]!) high = part;
    if (map[part]! < map[low]!) low = part;
  }
  const least = hidden.maps.length > 1 ? LEAST : LEAST * Math.abs(hidden.values[output]!);
  const worth = (part: number, sign: 1 | -1): Effect | null =>
    sign * map[part]! >= least && map.length ? effect(hidden, output, part) : null;
  return { for: worth(high, 1), against: worth(low, -1) };
}

function effect({ values, maps }: Hidden, output: number, part: number): Effect {
  const after = maps.map((map, i) => values[i]! - map[part]!);
  const leads = after.reduce((best, value, i) => (value > after[best]! ? i : best), 0);
  return { part, before: values[output]!, after: after[output]!, leads };
}

/** The largest absolute effect of a map; 1e-6 at least, to divide by. */
export function reach(map: ArrayLike<number>): number {
  let most = 1e-6;
  for (let i = 0; i < map.length; i++) most = Math.max(most, Math.abs(map[i]!));
  return most;
}

export type Third = 0 | 1 | 2;

/** In which third of each side the middle of a part lies: [0, 2] is at the top right. */
export function thirds({ start, end }: Span, sides: readonly number[]): Third[] {
  return start.map(
    (at, axis) => Math.min(2, Math.trunc((3 * (at + end[axis]!)) / 2 / sides[axis]!)) as Third,
  );
}

/** Places by their effect, the strongest first: features of a table, tokens. */
export function ranked(map: ArrayLike<number>): number[] {
  return Array.from({ length: map.length }, (_, i) => i).sort(
    (a, b) => Math.abs(map[b]!) - Math.abs(map[a]!) || a - b,
  );
}
