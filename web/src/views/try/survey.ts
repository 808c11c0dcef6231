/** What a file says everywhere in the plane, asked of the file itself in a few requests. */

import { request, type Schemas } from '../../api/client.ts';
import { mixed, diverging, type Palette } from '../../charts/colours.ts';
import type { Feature } from './features.ts';

export interface Survey {
  readonly side: number;
  /** Index of the label and its probability, or the value, of each cell; row by row from the top. */
  readonly answers: readonly { readonly label: number; readonly value: number }[];
  readonly isClasses: boolean;
}

/** A coarse picture first, then a finer one. */
const SIDES = [12, 40];
const MOST = 64; // inputs of a request

/** The middle of each cell, row by row from the top. */
export function places(side: number, [x, y]: readonly [Feature, Feature]): [number, number][] {
  return Array.from({ length: side * side }, (_, i) => [
    x.low + (((i % side) + 0.5) / side) * (x.high - x.low),
    y.high - ((Math.floor(i / side) + 0.5) / side) * (y.high - y.low),
  ]);
}

/** Ask for all cells, and tell of each picture. Ends without a picture if it is stopped or the file cannot answer. */
export async function surveyed(
  job: string,
  file: string,
  features: readonly [Feature, Feature],
  signal: AbortSignal,
  found: (survey: Survey) => void,
): Promise<void> {
  try {
    for (const side of SIDES) {
      const answers: { label: number; value: number }[] = [];
      const all = places(side, features);
      let isClasses = false;
      for (let start = 0; start < all.length; start += MOST) {
        const page = await asked(job, file, all.slice(start, start + MOST), signal);
        for (const { label, values } of page.predictions) {
          isClasses = label !== null;
          answers.push(answerOf(values, isClasses));
        }
      }
      found({ side, answers, isClasses });
    }
  } catch {
    // Without a picture the sliders still work; a prediction tells what is wrong.
  }
}

async function asked(
  job: string,
  file: string,
  inputs: readonly (readonly number[])[],
  signal: AbortSignal,
): Promise<Schemas['Predictions']> {
  const query = new URLSearchParams(file ? { file } : {}).toString();
  const response = await request(`v1/jobs/${encodeURIComponent(job)}/predictions?${query}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ inputs }),
    signal,
  });
  return (await response.json()) as Schemas['Predictions'];
}

function answerOf(values: readonly (number | null)[], isClasses: boolean): { label: number; value: number } {
  const numbers = values.map((value) => value ?? 0);
  const label = numbers.reduce((best, value, i) => (value > numbers[best]! ? i : best), 0);
  return { label, value: isClasses ? numbers[label]! : numbers[0]! };
}

/** The picture of a survey as RGBA: paler where the file is less sure. */
export function cells(survey: Survey, palette: Palette): Uint8ClampedArray<ArrayBuffer> {
  const { side, answers, isClasses } = survey;
  const values = answers.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const rgba = new Uint8ClampedArray(4 * side * side);
  answers.forEach(({ label, value }, i) => {
    const colour = isClasses
      ? mixed(palette.mid, palette.classes[label % palette.classes.length]!, 0.12 + 0.5 * value ** 2)
      : diverging(palette, (2 * (value - low)) / (high - low || 1) - 1);
    rgba.set([...colour, 255], 4 * i);
  });
  return rgba;
}
