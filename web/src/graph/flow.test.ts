import { describe, expect, it } from 'vitest';
import { arrange } from './arrange.ts';
import type { Arrangement, Task } from './task.ts';
import { boxOf, snugBox, type Box } from './boxes.ts';
import { taskOf } from './draw.ts';
import { fitsOneRow, layout, type Layout, type Room } from './flow.ts';
import { INPUT, networkOf, type LayerLike, type Network } from './network.ts';
import { ranked } from './ranked.ts';
import { segments, type Branches } from './segments.ts';
import { solidOf } from './shapes.ts';

const chain = (count: number): LayerLike[] =>
  Array.from({ length: count }, (_, index) => ({
    index,
    type: 'Dense',
    name: `dense_${index}`,
    values: {},
    inbound: [index - 1],
  }));
const skips = (count: number): LayerLike[] =>
  chain(count).map((layer) =>
    layer.index % 3 === 2 ? { ...layer, type: 'Add', inbound: [layer.index - 1, layer.index - 3] } : layer,
  );
const WIDE: Room = { width: 800, gap: 48, column: null, top: 60 };
const NARROW: Room = { width: 360, gap: 34, column: 130, top: 10 };

function drawn(
  layers: LayerLike[],
  room: Room,
  by: (task: Task) => Arrangement = arrange,
): { network: Network; drawing: Layout } {
  const network = networkOf(layers, [28, 28, 1], null);
  const items = segments(network);
  const boxes = new Map<number, Box>();
  const down = room.column !== null;
  const inside = new Set(items.flatMap((item) => (item.kind === 'branches' ? item.inside : [])));
  for (const node of network.nodes) {
    const solid = solidOf([28, 28, 16], { longest: 28, zoom: 0.6, lying: down });
    const lines = ['Conv2D', '28 × 28 × 16'];
    boxes.set(
      node.id,
      inside.has(node.id) ? snugBox(node, solid, lines) : boxOf(node, solid, lines, down ? 200 : null),
    );
  }
  const arranged = (branches: Branches): Arrangement => by(taskOf(branches, boxes, down));
  return { network, drawing: layout(items, boxes, arranged, network.edges, room) };
}

function overlaps({ blocks }: Layout): number {
  let found = 0;
  blocks.forEach((a, i) =>
    blocks.slice(i + 1).forEach((b) => {
      const apart =
        a.x + a.box.width <= b.x + 0.5 ||
        b.x + b.box.width <= a.x + 0.5 ||
        a.y + a.box.above + a.box.below <= b.y + 0.5 ||
        b.y + b.box.above + b.box.below <= a.y + 0.5;
      if (!apart) found++;
    }),
  );
  return found;
}

describe('fitsOneRow', () => {
  it.each([700, 760, 820, 900, 1100])('says what the layout does at %s pixels', (width) => {
    for (const gap of [10, 24, 48]) {
      const room = { ...WIDE, width, gap, line: 32 };
      const { drawing } = drawn(chain(7), room);
      const rows = new Set(drawing.blocks.map(({ box, y }) => y + box.above));
      const boxes = drawing.blocks.map(({ box }) => box);
      expect(fitsOneRow(boxes, room)).toBe(rows.size === 1);
      if (rows.size === 1) expect(drawing.width).toBeLessThanOrEqual(width);
    }
  });
});

describe('layout', () => {
  it.each([
    ['chain in rows', chain(60), WIDE],
    ['chain in a column', chain(20), NARROW],
    ['branches in rows', skips(60), WIDE],
    ['branches in a column', skips(20), NARROW],
    ['branches without a worker', skips(60), WIDE, ranked],
    ['branches in a column without a worker', skips(20), NARROW, ranked],
    ['nothing but the input', chain(0), WIDE],
  ] as const)('%s: every block once, none over another, all inside', (_, layers, room, by = arrange) => {
    const { network, drawing } = drawn([...layers], room, by);
    expect(drawing.blocks.map(({ box }) => box.id).sort((a, b) => a - b)).toEqual(
      network.nodes.map(({ id }) => id).sort((a, b) => a - b),
    );
    expect(overlaps(drawing)).toBe(0);
    for (const { box, x, y } of drawing.blocks) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(x + box.width).toBeLessThanOrEqual(drawing.width + 1);
      expect(y + box.above + box.below).toBeLessThanOrEqual(drawing.height + 1);
    }
  });

  it('has a wire for every edge', () => {
    const { network, drawing } = drawn(skips(12), WIDE);
    const key = ({ from, to, port }: { from: number; to: number; port: number }): string =>
      `${from} ${to} ${port}`;
    expect(drawing.wires.flatMap(({ edge }) => (edge ? [key(edge)] : [])).sort()).toEqual(
      network.edges.map(key).sort(),
    );
  });

  it('wraps 60 layers within the width', () => {
    const { drawing } = drawn(chain(60), WIDE);
    expect(drawing.width).toBeLessThanOrEqual(WIDE.width);
    expect(new Set(drawing.blocks.map(({ y }) => Math.round(y))).size).toBeGreaterThan(5);
  });

  it('stays on one line where there is room', () => {
    const { drawing } = drawn(chain(3), WIDE);
    expect(drawing.blocks[0]?.box.id).toBe(INPUT);
    expect(new Set(drawing.blocks.map(({ box, y }) => Math.round(y + box.above))).size).toBe(1);
  });
});
