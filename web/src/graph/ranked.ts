/** A plain arrangement of branches for where no worker can be started: the column of a block is the length of the longest path to it. Pure. */

import type { Arrangement, Task } from './task.ts';

const BETWEEN = 34;
const BESIDE = 14;

export function ranked({ nodes, from, edges, down }: Task): Arrangement {
  const rank = new Map<number, number>([[from, 0]]);
  for (const { id } of nodes) {
    const before = edges.filter((edge) => edge.to === id).map((edge) => rank.get(edge.from) ?? 0);
    rank.set(id, Math.max(0, ...before) + 1);
  }
  const along = (node: { width: number; height: number }): number => (down ? node.height : node.width);
  const across = (node: { width: number; height: number }): number => (down ? node.width : node.height);
  const ranks = [...grouped(nodes, ({ id }) => rank.get(id)!)]
    .sort(([a], [b]) => a - b)
    .map(([, all]) => all);
  // The first lane is free for edges that pass the blocks.
  const lane = 24;
  const wide =
    Math.max(0, ...ranks.map((all) => all.reduce((sum, node) => sum + across(node) + BESIDE, 0))) + lane;
  const centres: { id: number; x: number; y: number }[] = [];
  let at = BETWEEN;
  for (const all of ranks) {
    const long = Math.max(...all.map(along));
    let beside = lane;
    for (const node of all) {
      const [one, other] = [at + long / 2, beside + across(node) / 2];
      centres.push({ id: node.id, x: down ? other : one, y: down ? one : other });
      beside += across(node) + BESIDE;
    }
    at += long + BETWEEN;
  }
  const place = (one: number, other: number): { x: number; y: number } =>
    down ? { x: other, y: one } : { x: one, y: other };
  const last = ranks.length + 1;
  const ways = edges.map((edge) => {
    const [start, end] = [rank.get(edge.from) ?? 0, rank.get(edge.to) ?? last];
    return end - start > 1 ? [place(at * 0.15, 0), place(at * 0.85, 0)] : [];
  });
  const middle = (wide - lane) / 2 + lane;
  return {
    width: down ? wide : at,
    height: down ? at : wide,
    centres,
    start: place(0, middle),
    end: place(at, middle),
    ways,
  };
}

function grouped<T>(all: readonly T[], key: (one: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const one of all) groups.set(key(one), [...(groups.get(key(one)) ?? []), one]);
  return groups;
}
