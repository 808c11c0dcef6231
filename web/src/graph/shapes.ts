/** Sizes on the page of what a layer gives: pictures as cuboids, rows of numbers as bars, sequences as strips. Pure geometry. */

/** Shape without the batch: `[28, 28, 32]`, `[128]`, `[50, 1]`. */
export type Shape = readonly (number | null)[];

export type Solid = Volume | Bar | Strip | Nothing;

interface Box {
  /** Size with everything drawn, in pixels. */
  readonly width: number;
  readonly height: number;
}

/** A picture: `front` is height by width, `dx` and `dy` the way that the channels go back. */
export interface Volume extends Box {
  readonly kind: 'volume';
  readonly front: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  readonly dx: number;
  readonly dy: number;
}

/** Numbers in a row; long rows show fewer cells than they have. */
export interface Bar extends Box {
  readonly kind: 'bar';
  readonly cells: number;
  /** Whether each cell is one number. */
  readonly exact: boolean;
  readonly lying: boolean;
}

/** Steps from left to right, features from top to bottom. */
export interface Strip extends Box {
  readonly kind: 'strip';
  readonly columns: number;
  readonly rows: number;
}

/** Shape not known. */
export interface Nothing extends Box {
  readonly kind: 'nothing';
}

export interface Scale {
  /** The longest side of all pictures of the network: it is drawn as 92 pixels. */
  readonly longest: number;
  /** 1 for a small network; less for a large one. */
  readonly zoom: number;
  /** Bars from left to right instead of upright. */
  readonly lying: boolean;
}

const SIDE = 92;
const BAR = 14;

const length = (size: number | null | undefined): number => Math.max(1, size ?? 1);
const between = (low: number, value: number, high: number): number => Math.min(high, Math.max(low, value));

/** The longest side of pictures among shapes; 28 if there are none, so that small pictures stay small. */
export function longestSide(shapes: readonly (Shape | null)[]): number {
  const sides = shapes.flatMap((shape) => (shape?.length === 3 ? [length(shape[0]), length(shape[1])] : []));
  return Math.max(8, ...sides);
}

/** Pixels of a side: less than proportional, or the last layers of large pictures could not be seen. */
export function side(size: number, longest: number): number {
  return between(7, SIDE * (size / longest) ** 0.75, SIDE);
}

/** Pixels that channels go back: 1 to 2,048 all fit. */
export function depth(channels: number): number {
  return 3 + 4.6 * Math.log2(1 + channels);
}

/** Pixels of a bar: a cell for each number up to 12, then with the logarithm. */
export function barLength(numbers: number): number {
  return numbers <= 12 ? Math.max(BAR, numbers * 11.8) : 141.6 + 6.5 * Math.log2(numbers / 12);
}

/** What is drawn for a shape. */
export function solidOf(shape: Shape | null, { longest, zoom, lying }: Scale): Solid {
  if (shape === null || shape.length === 0 || shape.length > 3)
    return { kind: 'nothing', width: 40 * zoom, height: 56 * zoom };
  if (shape.length === 3) {
    const [height, width] = [side(length(shape[0]), longest) * zoom, side(length(shape[1]), longest) * zoom];
    const back = depth(length(shape[2])) * zoom;
    const [dx, dy] = [back * 0.84, back * 0.5];
    return {
      kind: 'volume',
      width: width + dx,
      height: height + dy,
      front: { x: 0, y: dy, width, height },
      dx,
      dy,
    };
  }
  if (shape.length === 2) {
    const [steps, features] = [length(shape[0]), length(shape[1])];
    return {
      kind: 'strip',
      width: (16 + 11 * Math.log2(1 + steps)) * zoom,
      height: (5 + 8 * Math.log2(1 + features)) * zoom,
      columns: Math.min(steps, 16),
      rows: Math.min(features, 8),
    };
  }
  const numbers = length(shape[0]);
  const along = barLength(numbers) * Math.max(zoom, numbers <= 12 ? 0.6 : zoom);
  const across = BAR * Math.max(zoom, 0.7);
  return {
    kind: 'bar',
    width: lying ? along : across,
    height: lying ? across : along,
    cells: Math.min(numbers, Math.floor(along / 4.4)),
    exact: numbers <= Math.floor(along / 4.4),
    lying,
  };
}

const point = (x: number, y: number): string => `${round(x)} ${round(y)}`;
const round = (value: number): number => Math.round(value * 10) / 10;

/** The two faces of a cuboid besides its front, as paths. */
export function faces({ front, dx, dy }: Volume): { top: string; end: string } {
  const [left, right] = [front.x, front.x + front.width];
  const [upper, lower] = [front.y, front.y + front.height];
  return {
    top: `M${point(left, upper)}L${point(left + dx, upper - dy)}L${point(right + dx, upper - dy)}L${point(right, upper)}Z`,
    end: `M${point(right, upper)}L${point(right + dx, upper - dy)}L${point(right + dx, lower - dy)}L${point(right, lower)}Z`,
  };
}

/** Lines between the cells of a bar or strip, as one path. */
export function grid(solid: Bar | Strip): string {
  const columns = solid.kind === 'strip' ? solid.columns : solid.lying ? solid.cells : 1;
  const rows = solid.kind === 'strip' ? solid.rows : solid.lying ? 1 : solid.cells;
  const lines: string[] = [];
  for (let column = 1; column < columns; column++)
    lines.push(`M${point((solid.width * column) / columns, 0)}V${round(solid.height)}`);
  for (let row = 1; row < rows; row++)
    lines.push(`M${point(0, (solid.height * row) / rows)}H${round(solid.width)}`);
  return lines.join('');
}
