/** What is written at blocks. */

import type { Node } from '../../graph/network.ts';
import { INPUT } from '../../graph/network.ts';
import type { Solid } from '../../graph/shapes.ts';
import { draft } from '../../document/draft.svelte.ts';
import { spoken } from '../../document/estimate.ts';
import { format, language, t } from '../../text/index.svelte.ts';
import { canvas } from './canvas.svelte.ts';

/** The lines below a block: type, what comes out, weights. `short`: only the first says what its number counts. */
export function linesOf(node: Node, short = false): string[] {
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
  const count = format.integer(node.parameters ?? 0);
  const first = canvas.network.nodes.find(({ parameters }) => parameters);
  const weights =
    node.parameters && node.state === 'fine'
      ? [short && node.id !== first?.id ? count : words.weights(count, node.parameters)]
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

let paper: CanvasRenderingContext2D | null = null;
const widths = new Map<string, number>();

/** Width of a label at a block. */
export function measure(text: string, first: boolean): number {
  const key = `${first ? 1 : 0}${text}`;
  let width = widths.get(key);
  if (width === undefined) {
    paper ??= document.createElement('canvas').getContext('2d')!;
    const family = getComputedStyle(document.body).fontFamily;
    paper.font = first ? `600 12.5px ${family}` : `11px ${family}`;
    width = Math.ceil(paper.measureText(text).width);
    widths.set(key, width);
  }
  return width;
}

/** A duration in words: "about" goes before it. */
export function lasting(seconds: number): string {
  const [value, unit] = spoken(seconds);
  return new Intl.NumberFormat(language(), { style: 'unit', unit, unitDisplay: 'long' }).format(value);
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
