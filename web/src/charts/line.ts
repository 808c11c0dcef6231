/** Lines through points, as SVG paths. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

const written = (value: number): string => String(Math.round(value * 100) / 100);

/** Straight from point to point. */
export function straight(points: readonly Point[]): string {
  return points.map(({ x, y }, i) => `${i ? 'L' : 'M'}${written(x)},${written(y)}`).join('');
}

/** From point to point in bends that begin and end level, or upright if the line goes `down`. */
export function bent(points: readonly Point[], down: boolean): string {
  return points
    .map(({ x, y }, i) => {
      const end = `${written(x)},${written(y)}`;
      const before = points[i - 1];
      if (!before) return `M${end}`;
      const [middleX, middleY] = [written((before.x + x) / 2), written((before.y + y) / 2)];
      return down
        ? `C${written(before.x)},${middleY},${written(x)},${middleY},${end}`
        : `C${middleX},${written(before.y)},${middleX},${written(y)},${end}`;
    })
    .join('');
}
