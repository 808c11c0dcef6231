/** What is shown of a layer: its liveliest maps, in their order in the layer. */

/** Values of a layer as the server sent them: the last axis of `shape` are its maps or units. */
export interface LayerValues {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

/** One map: its number in the layer, and where its values are. */
export interface Map2D {
  readonly index: number;
  readonly width: number;
  readonly height: number;
  /** The value at a place, counted row by row. */
  readonly at: (place: number) => number;
}

/** Standard deviation of the values of each map. */
export function liveliness({ shape, values }: LayerValues): Float64Array {
  const maps = shape.at(-1) ?? 1;
  const places = values.length / maps;
  const [sum, squares] = [new Float64Array(maps), new Float64Array(maps)];
  for (let i = 0; i < values.length; i++) {
    const map = i % maps;
    sum[map] = sum[map]! + values[i]!;
    squares[map] = squares[map]! + values[i]! ** 2;
  }
  return sum.map((total, map) => Math.sqrt(Math.max(0, squares[map]! / places - (total / places) ** 2)));
}

/** The `most` liveliest maps of a layer of pictures, in their order in the layer so that they keep their places. */
export function liveliest(layer: LayerValues, most: number): Map2D[] {
  const [height = 1, width = 1, maps = 1] = layer.shape;
  return chosen(liveliness(layer), most).map((index) => ({
    index,
    width,
    height,
    at: (place) => layer.values[place * maps + index] ?? 0,
  }));
}

/** Indices of the `most` largest, ascending; of equal ones the first. */
export function chosen(sizes: ArrayLike<number>, most: number): number[] {
  return Array.from(sizes, (size, index) => ({ size, index }))
    .sort((a, b) => b.size - a.size || a.index - b.index)
    .slice(0, most)
    .map(({ index }) => index)
    .sort((a, b) => a - b);
}

/** Smallest and largest value. */
export function extent(values: ArrayLike<number>): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]!);
    high = Math.max(high, values[i]!);
  }
  return values.length ? [low, high] : [0, 0];
}

/** Rows and columns of a strip of numbers: at most 32 columns, as many rows as are needed. */
export function grid(count: number): { rows: number; columns: number } {
  const columns = Math.max(1, Math.min(32, count));
  return { rows: Math.ceil(count / columns), columns };
}
