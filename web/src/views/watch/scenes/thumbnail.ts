/** A frame as a small picture: for the strip below the curve, and for the list of runs. */

import { css, mixed, type Palette } from '../../../charts/colours.ts';
import type { FilmHeader, Frame } from '../../../film/film.ts';
import { gridOf } from './answer.ts';
import { paintAnswers, spread } from './draw_plane.ts';
import { labelsOf, partOf } from './parts.ts';
import { divergingShades, paint, pixel, sheet } from './shades.ts';

/**
 * Draw a frame over all of a canvas, whatever its size: the answer everywhere for data in the plane, otherwise the
 * answers to the probes, which are sorted by class. The same frame always gives the same picture.
 */
export function thumbnail(
  header: FilmHeader,
  frame: Frame,
  canvas: HTMLCanvasElement,
  palette: Palette,
): void {
  const context = canvas.getContext('2d')!;
  context.setTransform(canvas.width, 0, 0, canvas.height, 0, 0);
  const grid = gridOf(header);
  const classes = labelsOf(header).length;
  if (grid)
    spread(
      context,
      paintAnswers(frame.part('grid'), grid, palette, grid.classes ? [0, 1] : frame.range('grid')),
      1,
    );
  else if (!partOf(header, 'probes')) fill(context, palette);
  else if (!classes) drawLine(context, header, frame, palette);
  else drawMatrix(context, header, frame, palette);
  context.setTransform(1, 0, 0, 1, 0, 0);
}

function fill(context: CanvasRenderingContext2D, palette: Palette): void {
  context.fillStyle = css(mixed(palette.paper, palette.ink, 0.06));
  context.fillRect(0, 0, 1, 1);
}

/** One row for each probe and one column for each class: a trained network draws a diagonal. */
function drawMatrix(
  context: CanvasRenderingContext2D,
  header: FilmHeader,
  frame: Frame,
  palette: Palette,
): void {
  const [count, outputs] = partOf(header, 'probes')!.shape as [number, number];
  const values = frame.part('probes');
  context.imageSmoothingEnabled = false;
  if (outputs === 1) {
    const target = sheet(1, count);
    paint(target.pixels, { values, start: 0, width: 1, height: count }, 0, 1, divergingShades(palette, 0.85));
    context.drawImage(target.put(), 0, 0, 1, 1);
    return;
  }
  const target = sheet(outputs, count);
  const paper = mixed(palette.paper, palette.ink, 0.04);
  for (let i = 0; i < count * outputs; i++)
    target.pixels[i] = pixel(mixed(paper, palette.blue, Math.max(0, Math.min(1, values[i]!)) ** 0.7));
  context.drawImage(target.put(), 0, 0, 1, 1);
}

/** The answers to probes that are sorted by target: a trained network draws a rising line. */
function drawLine(
  context: CanvasRenderingContext2D,
  header: FilmHeader,
  frame: Frame,
  palette: Palette,
): void {
  const [count, outputs] = partOf(header, 'probes')!.shape as [number, number];
  const values = frame.part('probes');
  const [low, high] = frame.range('probes');
  fill(context, palette);
  context.fillStyle = css(palette.blue);
  for (let i = 0; i < count; i++) {
    const tall = (values[i * outputs]! - low) / (high - low || 1);
    context.fillRect((i + 0.12) / count, 1 - tall, 0.76 / count, tall);
  }
}
