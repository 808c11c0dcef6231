/** A network cut where everything passes through one layer: between the cuts are single edges, or branches. Pure. */

import type { Edge, Network } from './network.ts';

/** What is between two layers through which everything goes. */
export interface Branches {
  readonly kind: 'branches';
  /** The layers before and after it. */
  readonly from: number;
  readonly to: number;
  readonly inside: readonly number[];
  /** Also the ones from `from` and to `to`. */
  readonly edges: readonly Edge[];
}

export interface Single {
  readonly kind: 'single';
  readonly id: number;
}

/** Items in the order in which the network computes. Two singles side by side are joined by an edge. */
export type Item = Single | Branches;

/**
 * Nodes are in an order in which no layer comes before its inputs, so a node is a cut if no edge jumps over it.
 * Layers that nothing uses hang at the end of the branches they come from.
 */
export function segments({ nodes, edges }: Network): Item[] {
  const place = new Map(nodes.map(({ id }, at) => [id, at]));
  const covered = new Array<number>(nodes.length + 1).fill(0);
  const used = new Set(edges.map(({ from }) => from));
  const cover = (from: number, to: number): void => {
    covered[from] = covered[from]! + 1;
    covered[to] = covered[to]! - 1;
  };
  for (const { from, to } of edges) cover(place.get(from)! + 1, place.get(to)!);
  for (const { id } of nodes)
    if (!used.has(id) && place.get(id)! < nodes.length - 1) cover(place.get(id)!, nodes.length - 1);
  const items: Item[] = [];
  let inside: number[] = [];
  let last: number | null = null;
  let depth = 0;
  nodes.forEach(({ id }, at) => {
    depth += covered[at]!;
    if (depth > 0) {
      inside.push(id);
      return;
    }
    if (last !== null) {
      const among = new Set([last, ...inside, id]);
      const between = edges.filter(({ from, to }) => among.has(from) && among.has(to) && to !== last);
      if (inside.length > 0 || between.length > 1)
        items.push({ kind: 'branches', from: last, to: id, inside, edges: between });
    }
    items.push({ kind: 'single', id });
    inside = [];
    last = id;
  });
  return items;
}
