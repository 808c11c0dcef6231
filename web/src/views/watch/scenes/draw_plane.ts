/** Drawing answers, units and points over the plane. */

import { css, mixed, type Palette, type Rgb } from '../../../charts/colours.ts';
import { boundary, placed, type Grid, type Point } from './answer.ts';
import { trace } from './marks.ts';
import { divergingShades, paint, paintClasses, reach, sheet } from './shades.ts';

/** Probabilities this near to 0 or 1 have the full colour: the film has them in steps of 1/31, which would show as islands. */
const SURE = 1 / 24;

/** How strong the colours of the plane are: points over them must be seen. */
export const DEPTH = 0.78;

/** The answers as colours, one pixel for each cell; `low` and `high` of a regression have the ends of the colours. */
export function paintAnswers(
  values: Float32Array,
  grid: Grid,
  palette: Palette,
  [low, high]: readonly [number, number] = [0, 1],
): HTMLCanvasElement {
  const { width, height, outputs } = grid;
  const target = sheet(width, height);
  if (outputs > 1 && grid.classes) paintClasses(target.pixels, values, outputs, width, height, palette);
  else {
    const sure = grid.classes ? SURE : 0;
    const map = { values, start: 0, width, height, upward: true };
    paint(target.pixels, map, low + sure, high - sure, divergingShades(palette, DEPTH));
  }
  return target.put();
}

/** One unit over the plane. */
export interface UnitMap {
  readonly values: Float32Array;
  readonly index: number;
  readonly width: number;
  readonly height: number;
}

/** The value that the ends of the colours of a unit stand for. */
export function unitReach({ values, index, width, height }: UnitMap): number {
  return reach(values, index * width * height, (index + 1) * width * height, 0.05);
}

export function paintUnit(unit: UnitMap, palette: Palette, depth = DEPTH): HTMLCanvasElement {
  const { values, index, width, height } = unit;
  const target = sheet(width, height);
  const most = unitReach(unit);
  const map = { values, start: index * width * height, width, height, upward: true };
  paint(target.pixels, map, -most, most, divergingShades(palette, depth));
  return target.put();
}

/** Draw a small canvas over a square, with smooth transitions between its pixels. */
export function spread(context: CanvasRenderingContext2D, small: HTMLCanvasElement, side: number): void {
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = 'low';
  context.drawImage(small, 0, 0, side, side);
}

/** The line on which two classes are equally likely. */
export function drawBoundary(
  context: CanvasRenderingContext2D,
  values: Float32Array,
  grid: Grid,
  side: number,
  palette: Palette,
): void {
  const segments = boundary(values, grid);
  context.beginPath();
  for (let i = 0; i < segments.length; i += 4) {
    context.moveTo(segments[i]! * side, segments[i + 1]! * side);
    context.lineTo(segments[i + 2]! * side, segments[i + 3]! * side);
  }
  context.lineCap = 'round';
  context.strokeStyle = css(palette.ink).replace(')', ' / 0.72)');
  context.lineWidth = Math.max(0.8, side / 330);
  context.stroke();
}

/** A class's colour for points: darker on light paper, lighter on dark. */
export const pointColour = (palette: Palette, kind: number): Rgb =>
  mixed(palette.classes[kind % palette.classes.length]!, palette.ink, 0.3);

/** Points with the shape and the colour of their class; a ring around those on the wrong side. */
export function drawPoints(
  context: CanvasRenderingContext2D,
  points: readonly Point[],
  kinds: readonly number[],
  isWrong: (index: number) => boolean,
  grid: Grid,
  side: number,
  palette: Palette,
): void {
  const radius = Math.max(1.6, Math.min(3.6, side / 120));
  context.lineWidth = Math.max(0.8, radius / 2.8);
  context.lineJoin = 'round';
  for (const kind of new Set(kinds)) {
    context.beginPath();
    points.forEach((point, i) => {
      if (kinds[i] !== kind) return;
      const [left, top] = placed(grid, point.x, point.y);
      trace(context, kind, left * side, top * side, radius);
    });
    context.strokeStyle = css(palette.paper);
    context.stroke();
    context.fillStyle = css(pointColour(palette, kind));
    context.fill();
  }
  ringed(context, points, isWrong, grid, side, radius, palette);
}

function ringed(
  context: CanvasRenderingContext2D,
  points: readonly Point[],
  isWrong: (index: number) => boolean,
  grid: Grid,
  side: number,
  radius: number,
  palette: Palette,
): void {
  context.beginPath();
  points.forEach((point, i) => {
    if (!isWrong(i)) return;
    const [left, top] = placed(grid, point.x, point.y);
    trace(context, 0, left * side, top * side, radius * 2.1);
  });
  context.strokeStyle = css(palette.paper);
  context.lineWidth = radius * 0.95;
  context.stroke();
  context.strokeStyle = css(palette.ink);
  context.lineWidth = radius * 0.45;
  context.stroke();
}
