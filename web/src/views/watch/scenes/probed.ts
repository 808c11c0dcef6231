/** The probes of a film with their samples, and how well they are answered at a moment. */

import type { FilmHeader, Frame } from '../../../film/film.ts';
import { best, labelsOf, partOf, probabilities } from './parts.ts';
import type { Sheet } from '../../../api/samples.ts';

export interface ProbedSample {
  readonly id: number;
  /** Class, or target of a regression. */
  readonly target: number;
  /** Its numbers, nested in its shape; null of a picture. */
  readonly values: unknown;
}

/** What is known of the probes' samples; nothing until they are loaded. */
export interface Probed {
  /** `image`, `features`, `sequence` or `tokens`. */
  readonly kind: string;
  readonly samples: readonly ProbedSample[];
  readonly sheet: Sheet | null;
  readonly features: readonly string[];
  readonly error: string;
}

/** The samples of a page in the order of the film's probes: a page is in an order of its own. */
export function inOrder(
  header: FilmHeader,
  page: { ids: readonly number[]; targets: readonly number[]; values: readonly unknown[] | null } | null,
): ProbedSample[] {
  if (!page) return [];
  const places = new Map(page.ids.map((id, i) => [id, i]));
  return (header.probes ?? []).flatMap((id) => {
    const i = places.get(id);
    return i === undefined ? [] : [{ id, target: page.targets[i]!, values: page.values?.[i] ?? null }];
  });
}

export interface ProbeAnswer {
  readonly probabilities: readonly number[];
  /** The class that is named. */
  readonly answer: number;
}

/** The answers to all probes of a classification. */
export function probeAnswers(header: FilmHeader, frame: Frame): ProbeAnswer[] {
  const part = partOf(header, 'probes');
  if (!part || !labelsOf(header).length) return [];
  const values = frame.part('probes');
  const [count, outputs] = part.shape as [number, number];
  return Array.from({ length: count }, (_, row) => {
    const found = probabilities(values, row, outputs);
    return { probabilities: found, answer: best(found) };
  });
}

/** The probability of a class for one probe in every frame. */
export function history(header: FilmHeader, frames: readonly Frame[], row: number, label: number): number[] {
  const outputs = partOf(header, 'probes')?.shape[1] ?? 1;
  return frames.map((frame) => {
    const values = frame.part('probes');
    if (outputs > 1) return values[row * outputs + label]!;
    return label ? values[row]! : 1 - values[row]!;
  });
}

/** The mean distance between the answers and the targets of a regression. */
export function meanError(answers: ArrayLike<number>, targets: readonly number[]): number {
  return targets.reduce((sum, target, i) => sum + Math.abs(answers[i]! - target), 0) / (targets.length || 1);
}
