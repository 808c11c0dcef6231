/** The network of a draft as nodes and edges, with what the server found about each layer. Pure. */

import type { Shape } from './shapes.ts';

/** What is read of a layer of the document. `inbound` has indices of layers, or -1 for the input. */
export interface LayerLike {
  readonly index: number;
  readonly type: string;
  /** Given, or derived from the type as the server does. */
  readonly name: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly inbound: readonly number[];
}

export interface RowLike {
  readonly name: string;
  readonly type: string;
  readonly output_shape: readonly (number | null)[];
  readonly parameters: number;
}

export interface ProblemLike {
  readonly pointer: string;
  readonly code?: string | null;
  readonly fix?: readonly PatchStep[] | null;
}

/** A step of a JSON Patch (RFC 6902). */
export interface PatchStep {
  readonly op: string;
  readonly path: string;
  readonly value?: unknown;
  readonly from?: string | null;
}

export const INPUT = -1;
/** The layer that a fix would insert. */
export const GHOST = -2;

/** `wrong` has a problem, `after` cannot be known because of one, `unknown` was not checked yet. */
export type State = 'fine' | 'wrong' | 'after' | 'unknown' | 'ghost';

export interface Node {
  /** Index of the layer; `INPUT` or `GHOST`. */
  readonly id: number;
  readonly type: string;
  readonly name: string | null;
  readonly shape: Shape | null;
  readonly parameters: number | null;
  readonly state: State;
  readonly problem: ProblemLike | null;
  /** Whether it gives the answer. */
  readonly last: boolean;
}

export interface Edge {
  readonly from: number;
  readonly to: number;
  /** Which of the inputs of `to` it is. */
  readonly port: number;
}

export interface Network {
  readonly nodes: readonly Node[];
  readonly edges: readonly Edge[];
}

/** Index of the layer that a pointer names or is within; null for others. */
export function layerAt(pointer: string): number | null {
  const found = /^\/model\/layers\/(\d+)(\/|$)/.exec(pointer);
  return found ? Number(found[1]) : null;
}

/** The layers that are wrong, and those that depend on one. */
export function broken(
  layers: readonly LayerLike[],
  problems: readonly ProblemLike[],
): { wrong: Map<number, ProblemLike>; after: Set<number> } {
  const wrong = new Map<number, ProblemLike>();
  for (const problem of problems) {
    const index = layerAt(problem.pointer);
    if (index !== null && !wrong.has(index)) wrong.set(index, problem);
  }
  const after = new Set<number>();
  for (const { index, inbound } of layers)
    if (inbound.some((from) => wrong.has(from) || after.has(from))) after.add(index);
  return { wrong, after };
}

/** The layer that the fix of a problem inserts, and before which one. */
export function insertedBy(problem: ProblemLike | null | undefined): { type: string; before: number } | null {
  for (const step of problem?.fix ?? []) {
    const found = /^\/model\/layers\/(\d+)$/.exec(step.path);
    if (step.op !== 'add' || !found) continue;
    const value = step.value as Readonly<Record<string, unknown>> | null;
    if (typeof value?.['type'] === 'string') return { type: value['type'], before: Number(found[1]) };
  }
  return null;
}

export interface Found {
  /** What the server says of a layer; null if it cannot know. */
  readonly row: (index: number) => RowLike | null;
  readonly problems: readonly ProblemLike[];
  /** Rows after the fix of the first problem, if they were asked for. */
  readonly repaired?: readonly RowLike[];
}

/** Nodes and edges; `input` is the shape of a sample. `found` is null before the first check. */
export function networkOf(layers: readonly LayerLike[], input: Shape | null, found: Found | null): Network {
  const { wrong, after } = broken(layers, found?.problems ?? []);
  const later = new Map((found?.repaired ?? []).map((row) => [row.name, row]));
  const consumed = new Set(layers.flatMap((layer) => layer.inbound));
  const nodes: Node[] = [
    {
      id: INPUT,
      type: 'input',
      name: null,
      shape: input,
      parameters: null,
      state: 'fine',
      problem: null,
      last: false,
    },
  ];
  const edges: Edge[] = [];
  for (const layer of layers) {
    const row = found?.row(layer.index) ?? null;
    const problem = wrong.get(layer.index) ?? null;
    nodes.push({
      id: layer.index,
      type: layer.type,
      name: layer.name,
      shape: row?.output_shape ?? shapeAfter(later, layer),
      parameters: row?.parameters ?? null,
      state: problem ? 'wrong' : after.has(layer.index) ? 'after' : row ? 'fine' : 'unknown',
      problem,
      last: layer.index === layers.length - 1 && !consumed.has(layer.index),
    });
    layer.inbound.forEach((from, port) => {
      if (from < layer.index) edges.push({ from, to: layer.index, port });
    });
  }
  const first = [...wrong].sort(([a], [b]) => a - b)[0]?.[1];
  const ghost = insertedBy(first);
  return ghost ? haunted(nodes, edges, ghost, found?.repaired ?? []) : { nodes, edges };
}

/** The shape that a layer would have after the fix: it is drawn as it will be. */
const shapeAfter = (rows: ReadonlyMap<string, RowLike>, { name, type }: LayerLike): Shape | null => {
  const row = rows.get(name);
  return row?.type === type ? row.output_shape : null;
};

/** With the layer that the fix would insert, between its target and what that takes now. */
function haunted(
  nodes: readonly Node[],
  edges: readonly Edge[],
  { type, before }: { type: string; before: number },
  repaired: readonly RowLike[],
): Network {
  const edge = edges.find(({ to }) => to === before);
  if (!edge) return { nodes, edges };
  const row = repaired.filter((one) => one.type === type).at(-1);
  const node: Node = {
    id: GHOST,
    type,
    name: null,
    shape: row?.output_shape ?? null,
    parameters: row?.parameters ?? null,
    state: 'ghost',
    problem: null,
    last: false,
  };
  const at = nodes.findIndex(({ id }) => id === before);
  return {
    nodes: [...nodes.slice(0, at), node, ...nodes.slice(at)],
    edges: edges.flatMap((one) =>
      one === edge
        ? [
            { from: edge.from, to: GHOST, port: 0 },
            { ...edge, from: GHOST },
          ]
        : [one],
    ),
  };
}

/** Whether a layer takes more than one input, or gives its output to more than one. */
export function branches(layers: readonly LayerLike[]): boolean {
  return layers.some(({ index, inbound }) => inbound.length > 1 || (inbound[0] ?? INPUT) !== index - 1);
}
