/** The files of a result with what each costs: delivered ones, variants, and forms that were only tried. Pure. */

import type { Flips } from '../../api/answers.ts';
import type { Report } from './report.ts';

export interface Form {
  /** Name of the file; of a form that was not kept, of the file that it was tried for. */
  readonly file: string;
  readonly weights: string;
  readonly role: 'delivered' | 'variant' | 'tried';
  readonly size: number;
  /** Of the same file with float32 weights, if it is known. */
  readonly full: number | null;
  readonly accuracy: number | null;
  readonly error: number | null;
  /** Largest difference from the network with the same weights. */
  readonly difference: number | null;
  /** Which samples changed their answer; null if nothing was compressed. */
  readonly flips: Flips | null;
}

/** Formats that a phone or another program runs. */
const MODELS = ['mlmodel', 'mlpackage', 'aimodel', 'onnx'];
const unzipped = (name: string): string => name.replace(/\.zip$/, '');

export function forms(
  {
    files,
    variants,
    parity,
    compression,
    metrics,
  }: Pick<Report, 'files' | 'variants' | 'parity' | 'compression' | 'metrics'>,
  flips: readonly Flips[],
): Form[] {
  const difference = (name: string): number | null =>
    parity.find(({ file }) => file === name)?.largest_difference ?? null;
  const tried = compression.map((one, i): Form => {
    const found =
      flips.find((flip) => flip.file === one.file && flip.weights === one.weights) ?? flips[i] ?? null;
    const kept = one.artifact === null || one.artifact === undefined ? null : unzipped(one.artifact);
    return {
      file: kept ?? one.file,
      weights: one.weights,
      role: one.taken ? 'delivered' : kept ? 'variant' : 'tried',
      size: one.size_bytes,
      full: one.float32_bytes,
      accuracy: one.accuracy,
      error: one.mean_absolute_error,
      difference: one.taken ? difference(one.file) : null,
      flips: found,
    };
  });
  const named = new Set(tried.filter(({ role }) => role !== 'tried').map(({ file }) => file));
  const plain = (name: string, size: number, role: Form['role'], weights: string): Form => ({
    file: name,
    weights,
    role,
    size,
    full: null,
    accuracy: metrics['accuracy'] ?? null,
    error: metrics['mean_absolute_error'] ?? null,
    difference: difference(name),
    flips: null,
  });
  const delivered = files
    .filter(({ kind, name }) => MODELS.includes(kind) && !name.endsWith('.zip') && !named.has(name))
    .map(({ name, size_bytes }) => plain(name, size_bytes, 'delivered', 'float32'));
  const kept = variants
    .filter(({ name }) => !name.endsWith('.zip') && !named.has(name))
    .map(({ name, size_bytes, weights }) => plain(name, size_bytes, 'variant', weights ?? 'float32'));
  const rank = { delivered: 0, variant: 1, tried: 2 };
  return [...tried, ...delivered, ...kept].sort((a, b) => rank[a.role] - rank[b.role]);
}
