/** What is shown of a layer: its liveliest maps, in their order in the layer. */

/** Values of a layer as the server sent them: the last axis of `shape` are its maps or units. */
export interface LayerValues {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

/** Standard deviation of the values of each map. */
export function liveliness({ shape, values }: LayerValues): Float64Array {
  const maps = shape.at(-1) ?? 1;
  const places = values.length / maps;
  const [sum, squares] = [new Float64Array(maps), new Float64Array(maps)];
  for (let place = 0, i = 0; place < places; place++)
    for (let map = 0; map < maps; map++, i++) {
      const value = values[i]!;
      sum[map]! += value;
      squares[map]! += value * value;
    }
  return sum.map((total, map) => Math.sqrt(Math.max(0, squares[map]! / places - (total / places) ** 2)));
}

/** Indices of the `most` largest, ascending; of equal ones the first. */
export function chosen(sizes: ArrayLike<number>, most: number): number[] {
  return Array.from(sizes, (size, index) => ({ size, index }))
    .sort((a, b) => b.size - a.size || a.index - b.index)
    .slice(0, most)
    .map(({ index }) => index)
    .sort((a, b) => a - b);
}

/** Rows and columns of a strip of numbers: at most 32 columns, as many rows as are needed. */
export function grid(count: number): { rows: number; columns: number } {
  const columns = Math.max(1, Math.min(32, count));
  return { rows: Math.ceil(count / columns), columns };
}
