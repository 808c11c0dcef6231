/** What is written at blocks. */

import type { Node } from '../../graph/network.ts';
import { INPUT } from '../../graph/network.ts';
import type { Solid } from '../../graph/shapes.ts';
import { draft } from '../../document/draft.svelte.ts';
import { format, t } from '../../text/index.svelte.ts';
import { canvas } from './canvas.svelte.ts';

/** The lines below a block: type, what comes out, weights. */
export function linesOf(node: Node): string[] {
  const words = t().build.canvas;
  const shape = node.shape ? format.shape(node.shape) : '';
  if (node.id === INPUT) {
    const kind = canvas.known?.kind as keyof typeof words.input | undefined;
    return [(kind && words.input[kind]) ?? t().build.form.inputTitle, shape];
  }
  const type = node.type || '?';
  if (node.state === 'wrong') return [type, words.doesNotFit];
  if (node.shape === null) return [type];
  const size = node.shape.reduce<number>((all, one) => all * (one ?? 1), 1);
  const answers = node.last && node.shape.length === 1;
  const weights =
    node.parameters && node.state === 'fine'
      ? [words.weights(format.integer(node.parameters), node.parameters)]
      : [];
  return [type, answers ? words.answers(format.integer(size), size) : shape, ...weights];
}

/** All of it in one sentence, for those who do not see the block. */
export function labelOf(node: Node, answers: readonly string[]): string {
  const words = t().build.canvas;
  const place = node.id >= 0 ? [words.layer(node.id + 1)] : [];
  const problem = node.state === 'wrong' ? draft.problemsAt(`/model/layers/${node.id}`)[0] : undefined;
  return [...place, ...linesOf(node), ...answers, ...(problem ? [draft.message(problem)] : [])].join(', ');
}

const MOST = 12;

/** Names of the answers, where each cell of the last layer is one. */
export function answersOf(node: Node, solid: Solid): readonly string[] {
  const labels = canvas.known?.labels ?? [];
  const upright = node.last && solid.kind === 'bar' && !solid.lying && solid.exact;
  if (!upright || node.state !== 'fine' || node.shape?.[0] !== labels.length || labels.length > MOST)
    return [];
  if (solid.height / labels.length < 9) return [];
  return labels.map((label) => (label.length > 14 ? `${label.slice(0, 13)}…` : label));
}

/** The input is drawn as a sample: points, a curve, or tokens. */
export function bodyOf(node: Node): { width: number; height: number } | null {
  if (node.id !== INPUT) return null;
  switch (canvas.known?.kind) {
    case 'features':
      return canvas.known.shape[0] === 2 ? { width: 84, height: 84 } : null;
    case 'sequence':
      return { width: 96, height: 52 };
    case 'tokens':
      return { width: 104, height: 30 };
    default:
      return null;
  }
}
