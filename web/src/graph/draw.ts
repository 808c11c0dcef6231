/** From a network to blocks and lines at their places: what the canvas draws. Pure, but for branches, which are arranged elsewhere. */

import type { Arrangement, Task } from './task.ts';
import { boxOf, snugBox, type Box } from './boxes.ts';
import { highest, layout, type Layout } from './flow.ts';
import type { Network, Node } from './network.ts';
import { segments, type Branches, type Item } from './segments.ts';
import { longestSide, solidOf, type Solid } from './shapes.ts';

/** The job for dagre: in rows all boxes are as high as the highest, so that their lines are at one height. */
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
}

/** Below this width the network is one column. */
export const NARROW = 560;
const BESIDE = 214;

/** Sizes of everything; `zoom` null chooses by the number of layers. */
export function plan(
  network: Network,
  width: number,
  zoom: number | null,
  lines: (node: Node) => readonly string[],
  extra: {
    /** Room to the right of an upright block, for names of answers. */
    readonly aside?: (node: Node, solid: Solid) => number;
    /** Another body for a node, such as a picture of a sample. */
    readonly body?: (node: Node) => { readonly width: number; readonly height: number } | null;
  } = {},
): Plan {
  const down = width < NARROW;
  const items = segments(network);
  const inside = new Set(items.flatMap((item) => (item.kind === 'branches' ? item.inside : [])));
  const chosen = zoom ?? zoomFor(network.nodes.length, down);
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
      ? snugBox(node, solid, lines(node))
      : boxOf(node, solid, lines(node), down ? BESIDE - beside(width) : null, Math.min(1, chosen));
    const reach = solid.width + (down ? 0 : (extra.aside?.(node, solid) ?? 0));
    boxes.set(node.id, { ...box, reach, width: Math.max(box.width, reach) });
  }
  const tasks = items.flatMap((item) => (item.kind === 'branches' ? [taskOf(item, boxes, down)] : []));
  return { items, boxes, tasks, down };
}

const beside = (width: number): number => (width < 380 ? 34 : 0);

/** Large networks are drawn smaller. */
export function zoomFor(count: number, down: boolean): number {
  if (down) return count > 8 ? 0.6 : 0.75;
  return count <= 8 ? 1 : count <= 14 ? 0.8 : 0.55;
}

/** `done` has the arrangements of the plan's tasks, in their order. */
export function draw(
  { items, boxes, down }: Plan,
  done: readonly Arrangement[],
  network: Network,
  width: number,
  top: number,
): Layout {
  let next = 0;
  const large = network.nodes.length > 14;
  const column = (BESIDE - beside(width) - 14) / 2;
  return layout(items, boxes, () => done[next++] ?? null, network.edges, {
    width,
    gap: down ? 34 : large ? 34 : 48,
    column: down ? column : null,
    top,
  });
}
