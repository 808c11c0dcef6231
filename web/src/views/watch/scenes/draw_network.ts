/** Drawing a network: lines as wide as the weights, and a square for every unit. */

import { css, diverging, type Palette, type Rgb } from '../../../charts/colours.ts';
import type { Frame } from '../../../film/film.ts';
import { pointColour } from './draw_plane.ts';
import type { Cell, Placement } from './layout.ts';
import { trace } from './marks.ts';
import { weightsOf, type Network, type Unit } from './network.ts';
import { divergingShades, paint, reach, Sheet, type Shades } from './shades.ts';

/** Most lines that are drawn; of more, the strongest. Weaker ones would only cover each other. */
export const MOST_LINES = 240;
/** With more lines than this, each is fainter. */
const MANY_LINES = 120;
/** Lines of about the same strength are drawn at once. */
const BUCKETS = 12;
const LEAST_STRENGTH = 0.03;

export interface Scene {
  readonly network: Network;
  readonly placed: Placement;
  readonly frame: Frame;
  readonly palette: Palette;
  /** The unit that is looked at; lines of others are faint. */
  readonly chosen: Unit | null;
  /** Whether the two inputs are axes of a plane. */
  readonly plane: boolean;
  /** What the answers are for the shown sample, 0 to 1; null over the plane. */
  readonly answers: readonly number[] | null;
}

interface Stroke {
  readonly from: Cell;
  readonly to: Cell;
  /** Relative to the largest weight of the network. */
  readonly strength: number;
  readonly positive: boolean;
  readonly lit: boolean;
}

export function drawNetwork(context: CanvasRenderingContext2D, scene: Scene): void {
  drawLines(context, scene);
  drawUnits(context, scene);
}

/** How many lines a network has. */
export function lineCount(network: Network): number {
  return network.bundles.reduce(
    (sum, bundle, i) => sum + (bundle ? network.columns[i]!.shown * network.columns[i + 1]!.shown : 0),
    0,
  );
}

function strokes({ network, placed, frame, chosen }: Scene): Stroke[] {
  const weights = network.bundles.map((_, from) => weightsOf(network, frame, from));
  const most = Math.max(...weights.map((values) => (values ? reach(values) : 0)));
  const found: Stroke[] = [];
  weights.forEach((values, column) => {
    if (!values) return;
    const [sources, targets] = [placed.cells[column]!, placed.cells[column + 1]!];
    const isChosen = (at: number, index: number): boolean => chosen?.column === at && chosen.index === index;
    for (let i = 0; i < sources.length; i++)
      for (let j = 0; j < targets.length; j++) {
        const weight = values[i * targets.length + j]!;
        const lit = chosen === null || isChosen(column, i) || isChosen(column + 1, j);
        const strength = Math.abs(weight) / most;
        if (strength >= LEAST_STRENGTH)
          found.push({ from: sources[i]!, to: targets[j]!, strength, positive: weight > 0, lit });
      }
  });
  if (found.length <= MOST_LINES) return found;
  return found.sort((a, b) => b.strength - a.strength).slice(0, MOST_LINES);
}

function drawLines(context: CanvasRenderingContext2D, scene: Scene): void {
  const { palette, placed, chosen } = scene;
  const paths = new Map<number, Stroke[]>();
  const all = strokes(scene);
  const faint = Math.min(1, Math.sqrt(MANY_LINES / (all.length || 1)));
  for (const stroke of all) {
    const bucket = Math.min(BUCKETS - 1, Math.floor(stroke.strength * BUCKETS));
    const key = 4 * bucket + (stroke.positive ? 2 : 0) + (stroke.lit ? 1 : 0);
    const path = paths.get(key);
    if (path) path.push(stroke);
    else paths.set(key, [stroke]);
  }
  context.lineCap = 'butt';
  const order = [...paths.keys()].sort((a, b) => (a & 1) - (b & 1) || a - b); // the strongest last, on top
  for (const key of order) {
    const strength = (Math.floor(key / 4) + 0.5) / BUCKETS;
    const [positive, lit] = [(key & 2) !== 0, (key & 1) !== 0];
    const strong = chosen
      ? lit
        ? 0.45 + 0.55 * strength
        : 0.1 * strength
      : 0.1 + 0.8 * strength * Math.max(faint, strength);
    context.strokeStyle = translucent(positive ? palette.blue : palette.orange, strong);
    context.lineWidth = 0.4 + 3 * strength;
    context.setLineDash(chosen && lit && !positive ? [5, 3] : []);
    // One path for all would be slower: a path that crosses itself everywhere is hard to fill.
    for (const { from, to } of paths.get(key)!) {
      context.beginPath();
      curve(context, from, to, placed.size / 2);
      context.stroke();
    }
  }
  context.setLineDash([]);
}

const translucent = (colour: Rgb, alpha: number): string =>
  css(colour).replace(')', ` / ${alpha.toFixed(3)})`);

function curve(context: CanvasRenderingContext2D, from: Cell, to: Cell, half: number): void {
  const [left, right] = [from.x + half, to.x - half];
  const bend = (right - left) * 0.46;
  context.moveTo(left, from.y);
  context.bezierCurveTo(left + bend, from.y, right - bend, to.y, right, to.y);
}

function drawUnits(context: CanvasRenderingContext2D, scene: Scene): void {
  const { network, placed, palette, chosen, frame } = scene;
  context.imageSmoothingEnabled = true;
  network.columns.forEach((column, at) => {
    const cells = placed.cells[at]!;
    if (column.kind === 'input' && !scene.plane) return; // names and numbers stand there
    if (column.kind === 'answer') return drawAnswers(context, scene, cells);
    const values = column.part ? frame.part(column.part) : null;
    const size = values ? values.length / column.shown : 0;
    context.save();
    context.beginPath();
    for (const { x, y } of cells) rounded(context, x, y, placed.size);
    context.clip();
    if (column.kind === 'input') drawAxes(context, cells, placed.size, palette);
    else if (size > 1) drawMaps(context, values!, Math.sqrt(size), cells, placed.size, palette);
    else if (values) drawValues(context, values, cells, placed.size, palette);
    context.restore();
    context.beginPath();
    for (const { x, y } of cells) rounded(context, x, y, placed.size);
    context.strokeStyle = translucent(palette.ink, 0.16);
    context.lineWidth = 1;
    context.stroke();
    if (chosen?.column === at) ring(context, cells[chosen.index], placed.size, palette);
  });
}

function rounded(context: CanvasRenderingContext2D, x: number, y: number, size: number): void {
  context.roundRect(x - size / 2, y - size / 2, size, size, Math.min(7, size / 4.5));
}

function ring(
  context: CanvasRenderingContext2D,
  cell: Cell | undefined,
  size: number,
  palette: Palette,
): void {
  if (!cell) return;
  context.beginPath();
  rounded(context, cell.x, cell.y, size + 6);
  context.strokeStyle = css(palette.ink);
  context.lineWidth = 2;
  context.stroke();
}

const atlases = new Map<string, Sheet>();

/** All maps of a layer on one sheet, above each other. */
function atlas(side: number, count: number): Sheet {
  const key = `${side} ${count}`;
  let found = atlases.get(key);
  if (!found) atlases.set(key, (found = new Sheet(side, side * count)));
  return found;
}

function drawMaps(
  context: CanvasRenderingContext2D,
  values: Float32Array,
  side: number,
  cells: readonly Cell[],
  size: number,
  palette: Palette,
): void {
  const target = atlas(side, cells.length);
  const shades = divergingShades(palette);
  cells.forEach((_, i) => paintMap(target.pixels, values, i, side, shades));
  const canvas = target.put();
  cells.forEach(({ x, y }, i) => {
    // From the middle of the outer pixels: what lies beyond belongs to the neighbour.
    context.drawImage(
      canvas,
      0.5,
      i * side + 0.5,
      side - 1,
      side - 1,
      x - size / 2,
      y - size / 2,
      size,
      size,
    );
  });
}

function paintMap(
  pixels: Uint32Array,
  values: Float32Array,
  index: number,
  side: number,
  shades: Shades,
): void {
  const start = index * side * side;
  const most = reach(values, start, start + side * side, 0.05);
  const map = { values, start, width: side, height: side, upward: true };
  paint(pixels.subarray(start, start + side * side), map, -most, most, shades);
}

function drawValues(
  context: CanvasRenderingContext2D,
  values: Float32Array,
  cells: readonly Cell[],
  size: number,
  palette: Palette,
): void {
  const most = reach(values, 0, values.length, 1e-6);
  cells.forEach(({ x, y }, i) => {
    context.fillStyle = css(diverging(palette, values[i]! / most));
    context.fillRect(x - size / 2, y - size / 2, size, size);
  });
}

/** The inputs of a plane as maps: low to high x, and low to high y. */
function drawAxes(
  context: CanvasRenderingContext2D,
  cells: readonly Cell[],
  size: number,
  palette: Palette,
): void {
  cells.forEach(({ x, y }, axis) => {
    const half = size / 2;
    const gradient = axis
      ? context.createLinearGradient(0, y + half, 0, y - half)
      : context.createLinearGradient(x - half, 0, x + half, 0);
    gradient.addColorStop(0, css(palette.orange));
    gradient.addColorStop(0.5, css(palette.mid));
    gradient.addColorStop(1, css(palette.blue));
    context.fillStyle = gradient;
    context.fillRect(x - half, y - half, size, size);
  });
}

function drawAnswers(context: CanvasRenderingContext2D, scene: Scene, cells: readonly Cell[]): void {
  const { palette, placed, answers } = scene;
  cells.forEach(({ x, y }, kind) => {
    context.beginPath();
    const at = x - placed.size / 2 + 5;
    trace(context, cells.length > 1 ? kind : 0, at, y, 5);
    context.fillStyle = css(cells.length > 1 ? pointColour(palette, kind) : palette.ink);
    context.fill();
    const share = answers?.[kind] ?? NaN;
    if (Number.isNaN(share)) return; // none, or not a probability
    context.fillStyle = translucent(palette.ink, 0.1);
    context.fillRect(at + 12, y + 9, 70, 4);
    context.fillStyle = css(palette.blue);
    context.fillRect(at + 12, y + 9, 70 * Math.max(0, Math.min(1, share)), 4);
  });
}
