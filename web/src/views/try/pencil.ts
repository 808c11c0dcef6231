/** What a pencil has drawn: strokes of points, each as a share of the paper's side from its upper left corner. */

export type Point = readonly [x: number, y: number];
export type Stroke = readonly Point[];

/** Points that are closer than this to the last one are left out: a shaking hand adds nothing. */
const LEAST = 1 / 500;

/** Width of the line on the paper, as a share of its side. */
export const LINE = 0.075;

/** A stroke with one more point. */
export function extended(stroke: Stroke, point: Point): Stroke {
  const last = stroke.at(-1);
  if (last && Math.hypot(point[0] - last[0], point[1] - last[1]) < LEAST) return stroke;
  return [...stroke, point];
}

/** Where a pointer is on the paper. It may be outside, if it was pressed inside. */
export function pointOf(
  event: { clientX: number; clientY: number },
  paper: { left: number; top: number; width: number; height: number },
): Point {
  return [(event.clientX - paper.left) / paper.width, (event.clientY - paper.top) / paper.height];
}

/** The smallest box around the middle of the lines: left, top, width, height. */
export function bounds(strokes: readonly Stroke[]): [number, number, number, number] {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const stroke of strokes)
    for (const [x, y] of stroke) {
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  return [left, top, right - left, bottom - top];
}

/**
 * Strokes as a mask of `side` times `side` pixels, 1 where a pixel's middle is at most `radius` from the line.
 * Ends are round. Coordinates and radius are in pixels. It depends on nothing but its arguments: a canvas would
 * draw other edges in other browsers.
 */
export function mask(strokes: readonly Stroke[], side: number, radius: number): Uint8Array {
  const found = new Uint8Array(side * side);
  for (const stroke of strokes)
    stroke.forEach((end, i) => mark(found, side, stroke[Math.max(0, i - 1)]!, end, radius));
  return found;
}

function mark(found: Uint8Array, side: number, [ax, ay]: Point, [bx, by]: Point, radius: number): void {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const first = (at: number): number => Math.max(0, Math.ceil(at - radius - 0.5));
  const last = (at: number): number => Math.min(side - 1, Math.floor(at + radius - 0.5));
  for (let row = first(Math.min(ay, by)); row <= last(Math.max(ay, by)); row++)
    for (let column = first(Math.min(ax, bx)); column <= last(Math.max(ax, bx)); column++) {
      const [px, py] = [column + 0.5 - ax, row + 0.5 - ay];
      const along = length ? Math.min(1, Math.max(0, (px * dx + py * dy) / length)) : 0;
      const [x, y] = [px - along * dx, py - along * dy];
      if (x * x + y * y <= radius * radius) found[row * side + column] = 1;
    }
}

/** Strokes as text, for tests that draw what somebody drew: `12,30 14,31|50,60`, in thousandths. */
export function recorded(strokes: readonly Stroke[]): string {
  const number = (value: number): number => Math.round(1000 * value);
  return strokes.map((stroke) => stroke.map(([x, y]) => `${number(x)},${number(y)}`).join(' ')).join('|');
}

/** The strokes of such a text. */
export function strokesOf(text: string): Stroke[] {
  return text.split('|').map((stroke) =>
    stroke.split(' ').map((pair) => {
      const [x = 0, y = 0] = pair.split(',').map((number) => Number(number) / 1000);
      return [x, y] as const;
    }),
  );
}
