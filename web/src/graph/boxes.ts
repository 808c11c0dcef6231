/** Places of a network's blocks on the page: rows that wrap like text, or a column on narrow screens. Pure geometry. */

import type { Node } from './network.ts';
import type { Solid } from './shapes.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A block with its labels. Lines come in and go out at the height `line`. */
export interface Box {
  readonly id: number;
  readonly solid: Solid;
  readonly width: number;
  /** Width without the labels below. */
  readonly reach?: number;
  /** From the top to where lines come in, and from there to the bottom. */
  readonly above: number;
  readonly below: number;
  /** Top left of the solid and of the labels, from the top left of the box. */
  readonly solidAt: Point;
  readonly labelAt: Point;
}

/** Most pixels of a block below the line. Higher blocks reach further up, so that all labels stand at one height. */
const LINE = 44;
const TEXT = 17;
/** Widths of letters on average, for text of 12.5 and of 11 pixels, where there is no page to measure on. */
const WIDE = 7.7;
const NARROW = 6.4;

/** Width of a text; `first` is set larger. */
export type Measure = (text: string, first: boolean) => number;

const estimated: Measure = (text, first) => text.length * (first ? WIDE : NARROW);

/** Width of labels, the first of which is set larger. */
export function labelWidth(lines: readonly string[], measure: Measure = estimated): number {
  return Math.max(0, ...lines.map((text, at) => measure(text, at === 0)));
}

/** Labels stand below the block; beside it in a column. */
export function boxOf(
  node: Pick<Node, 'id'>,
  solid: Solid,
  lines: readonly string[],
  beside: number | null,
  zoom = 1,
  measure: Measure = estimated,
): Box {
  const text = lines.length * TEXT;
  const shelf = LINE * zoom;
  if (beside !== null) {
    const above = Math.max(solid.height, text) / 2;
    return {
      id: node.id,
      solid,
      width: beside + labelWidth(lines, measure),
      above,
      below: above,
      solidAt: { x: (beside - 14 - solid.width) / 2, y: above - solid.height / 2 },
      labelAt: { x: beside, y: above - text / 2 + 12 },
    };
  }
  const under = Math.min(solid.height / 2, shelf);
  return {
    id: node.id,
    solid,
    width: Math.max(solid.width, labelWidth(lines, measure)),
    above: solid.height - under,
    below: shelf + 12 + text,
    solidAt: { x: 0, y: 0 },
    labelAt: { x: 0, y: solid.height - under + shelf + 24 },
  };
}

/** The box of a block in branches: labels stand directly below the solid, without room for a higher one. */
export function snugBox(
  node: Pick<Node, 'id'>,
  solid: Solid,
  lines: readonly string[],
  measure: Measure = estimated,
): Box {
  const under = Math.min(solid.height / 2, LINE);
  return {
    id: node.id,
    solid,
    width: Math.max(solid.width, labelWidth(lines, measure)),
    above: solid.height - under,
    below: under + 6 + lines.length * TEXT,
    solidAt: { x: 0, y: 0 },
    labelAt: { x: 0, y: solid.height + 18 },
  };
}
