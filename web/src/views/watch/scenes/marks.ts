/** Classes as shapes, so that nobody needs colours to tell them apart. */

/** Corners around (0, 0), of about the same area as a circle of radius 1; a circle has none. */
const CORNERS: readonly (readonly number[])[] = [
  [], // circle
  [-0.89, -0.89, 0.89, -0.89, 0.89, 0.89, -0.89, 0.89], // square
  [0, -1.3, 1.17, 0.78, -1.17, 0.78], // triangle
  [0, -1.25, 1.25, 0, 0, 1.25, -1.25, 0], // diamond
  [-0.4, -1.2, 0.4, -1.2, 0.4, -0.4, 1.2, -0.4, 1.2, 0.4, 0.4, 0.4, 0.4, 1.2, -0.4, 1.2, -0.4, 0.4, -1.2, 0.4, -1.2, -0.4, -0.4, -0.4], // plus
  [0, 1.3, 1.17, -0.78, -1.17, -0.78], // triangle, turned
  [0, -1.2, 1.14, -0.37, 0.71, 0.97, -0.71, 0.97, -1.14, -0.37], // pentagon
  [-1.1, -0.6, -0.6, -1.1, 0, -0.5, 0.6, -1.1, 1.1, -0.6, 0.5, 0, 1.1, 0.6, 0.6, 1.1, 0, 0.5, -0.6, 1.1, -1.1, 0.6, -0.5, 0], // cross
  [-1.15, 0, -0.58, -1, 0.58, -1, 1.15, 0, 0.58, 1, -0.58, 1], // hexagon
  [0, -1.35, 0.37, -0.42, 1.35, -0.42, 0.55, 0.2, 0.83, 1.15, 0, 0.58, -0.83, 1.15, -0.55, 0.2, -1.35, -0.42, -0.37, -0.42], // star
]; // prettier-ignore

/** Of more classes, shapes come again. */
export const SHAPE_COUNT = CORNERS.length;

const cornersOf = (kind: number): readonly number[] => CORNERS[kind % CORNERS.length]!;

/** Add the shape of a class to the path of a canvas. */
export function trace(
  context: CanvasRenderingContext2D,
  kind: number,
  x: number,
  y: number,
  radius: number,
): void {
  const corners = cornersOf(kind);
  if (!corners.length) {
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, 2 * Math.PI);
    return;
  }
  context.moveTo(x + radius * corners[0]!, y + radius * corners[1]!);
  for (let i = 2; i < corners.length; i += 2)
    context.lineTo(x + radius * corners[i]!, y + radius * corners[i + 1]!);
  context.closePath();
}

/** The shape of a class as an SVG path around (0, 0). */
export function shapeOf(kind: number): string {
  const corners = cornersOf(kind);
  if (!corners.length) return 'M1,0A1,1,0,1,1,-1,0A1,1,0,1,1,1,0Z';
  const points = Array.from(
    { length: corners.length / 2 },
    (_, i) => `${corners[2 * i]},${corners[2 * i + 1]}`,
  );
  return `M${points.join('L')}Z`;
}
