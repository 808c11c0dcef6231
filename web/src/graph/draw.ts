/** From a network to blocks and lines at their places: what the canvas draws. Pure, but for branches, which are arranged elsewhere. */

import type { Arrangement, Task } from './task.ts';
import { boxOf, snugBox, type Box, type Measure } from './boxes.ts';
import { fitsOneRow, highest, layout, type Layout } from './flow.ts';
import type { Network, Node } from './network.ts';
import { segments, type Branches, type Item } from './segments.ts';
import { longestSide, solidOf, type Solid } from './shapes.ts';

/** The task for dagre. In rows, all boxes get the height of the highest, so that their lines are level. */
export function taskOf(branches: Branches, boxes: ReadonlyMap<number, Box>, down: boolean): Task {
  const inside = branches.inside.map((id) => boxes.get(id)!);
  const height = highest(inside, 'above') + highest(inside, 'below');
  return {
    nodes: inside.map((box) => ({
      id: box.id,
      width: Math.ceil(box.width),
      height: Math.ceil(down ? box.above + box.below : height),
    })),
    from: branches.from,
    to: branches.to,
    edges: branches.edges,
    down,
  };
}

export interface Plan {
  readonly items: readonly Item[];
  readonly boxes: ReadonlyMap<number, Box>;
  readonly tasks: readonly Task[];
  readonly down: boolean;
  readonly gap: number;
}

interface Extra {
  /** Widths of labels; without it they are estimated. */
  readonly measure?: Measure;
  /** Room to the right of an upright block, for names of answers. */
  readonly aside?: (node: Node, solid: Solid) => number;
  /** Another body for a node, such as a picture of a sample. */
  readonly body?: (node: Node) => { readonly width: number; readonly height: number } | null;
}

/** Below this width the network is one column. */
export const NARROW = 560;
const BESIDE = 214;
/** Gaps between the blocks of a row. The first with which all blocks fit into one row is used. */
const GAPS = [48, 40, 32, 24, 16, 10];
/** Least length of a line with a + on it. */
const LINE = 32;
/** Factors of the automatic zoom, which makes blocks smaller so that they fit into one row. */
const SMALLER = [1, 0.85, 0.7];

/** Sizes of everything; `zoom` null chooses by the number of layers and the width. */
export function plan(
  network: Network,
  width: number,
  zoom: number | null,
  lines: (node: Node) => readonly string[],
  extra: Extra = {},
): Plan {
  const down = width < NARROW;
  const items = segments(network);
  const usual = zoom ?? zoomFor(network.nodes.length, down);
  const large = network.nodes.length > 14;
  const boxesAt = (scale: number): Map<number, Box> => boxesOf(network, items, width, scale, lines, extra);
  if (!down && !large && items.every(({ kind }) => kind === 'single'))
    for (const factor of zoom === null ? SMALLER : [1]) {
      const boxes = boxesAt(usual * factor);
      const gap = GAPS.find((gap) => fitsOneRow([...boxes.values()], { width, gap, line: LINE }));
      if (gap !== undefined) return { items, boxes, tasks: [], down, gap };
    }
  const boxes = boxesAt(usual);
  const gap = down || large ? 34 : GAPS[0]!;
  const tasks = items.flatMap((item) => (item.kind === 'branches' ? [taskOf(item, boxes, down)] : []));
  return { items, boxes, tasks, down, gap };
}

function boxesOf(
  network: Network,
  items: readonly Item[],
  width: number,
  chosen: number,
  lines: (node: Node) => readonly string[],
  extra: Extra,
): Map<number, Box> {
  const down = width < NARROW;
  const inside = new Set(items.flatMap((item) => (item.kind === 'branches' ? item.inside : [])));
  const longest = longestSide(network.nodes.map(({ shape }) => shape));
  const boxes = new Map<number, Box>();
  for (const node of network.nodes) {
    const within = inside.has(node.id);
    const body = extra.body?.(node);
    const solid: Solid = body
      ? { kind: 'nothing', ...body }
      : solidOf(node.shape, {
          longest,
          zoom: within ? Math.min(chosen, 0.62) : chosen,
          lying: down && !within,
        });
    const box = within
      ? snugBox(node, solid, lines(node), extra.measure)
      : boxOf(
          node,
          solid,
          lines(node),
          down ? BESIDE - beside(width) : null,
          Math.min(1, chosen),
          extra.measure,
        );
    const reach = solid.width + (down ? 0 : (extra.aside?.(node, solid) ?? 0));
    boxes.set(node.id, { ...box, reach, width: Math.max(box.width, reach) });
  }
  return boxes;
}

const beside = (width: number): number => (width < 380 ? 34 : 0);

/** Large networks are drawn smaller. */
export function zoomFor(count: number, down: boolean): number {
  if (down) return count > 8 ? 0.6 : 0.75;
  return count <= 8 ? 1 : count <= 14 ? 0.8 : 0.55;
}

/** `done` has the arrangements of the plan's tasks, in their order. */
export function draw(
  { items, boxes, down, gap }: Plan,
  done: readonly Arrangement[],
  network: Network,
  width: number,
  top: number,
): Layout {
  let next = 0;
  const column = (BESIDE - beside(width) - 14) / 2;
  return layout(items, boxes, () => done[next++] ?? null, network.edges, {
    width,
    gap,
    line: down ? 0 : LINE,
    column: down ? column : null,
    top,
  });
}
