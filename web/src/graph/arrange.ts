/** Branches laid out as a graph by dagre. Runs in a worker where there is one. */

import dagre from '@dagrejs/dagre';
import type { Arrangement, Task } from './task.ts';

const START = 'start';
const END = 'end';

/** The layers before and after the branches are points here, since they stand outside. */
export function arrange({ nodes, from, to, edges, down }: Task): Arrangement {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({
    rankdir: down ? 'TB' : 'LR',
    ranksep: down ? 26 : 34,
    nodesep: 14,
    edgesep: 16,
    marginx: 0,
    marginy: 0,
  });
  graph.setDefaultEdgeLabel(() => ({}));
  const name = (id: number): string => (id === from ? START : id === to ? END : String(id));
  graph.setNode(START, { width: 1, height: 1 });
  for (const { id, width, height } of nodes) graph.setNode(String(id), { width, height });
  graph.setNode(END, { width: 1, height: 1 });
  edges.forEach((edge, at) => graph.setEdge(name(edge.from), name(edge.to), {}, String(at)));
  const used = new Set(edges.map((edge) => edge.from));
  for (const { id } of nodes) if (!used.has(id)) graph.setEdge(String(id), END, {}, `loose ${id}`);
  dagre.layout(graph);
  const at = (node: string): { x: number; y: number } => {
    const { x, y } = graph.node(node) as { x: number; y: number };
    return { x, y };
  };
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    width,
    height,
    centres: nodes.map(({ id }) => ({ id, ...at(String(id)) })),
    start: at(START),
    end: at(END),
    ways: edges.map((edge, index) => {
      const { points } = graph.edge(name(edge.from), name(edge.to), String(index)) as {
        points: { x: number; y: number }[];
      };
      return points.slice(1, -1).map(({ x, y }) => ({ x, y }));
    }),
  };
}
