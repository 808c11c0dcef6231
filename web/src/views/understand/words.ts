/** What hiding parts of a sample did, in sentences of the page's language. */

import type { Explanation } from '../../api/arrays.ts';
import { featureTitle } from '../../data/features.ts';
import { format, t } from '../../text/index.svelte.ts';
import { span, strongest, thirds, type Effect, type Hidden } from './occlusion.ts';
import type { Report } from './report.ts';

export function hiddenOf({ size, starts, values, maps }: Explanation): Hidden {
  return { size, starts, values, maps: maps.map((map) => map.values) };
}

/** `feature` names, tokens or places of a part, as sentences have it. */
export function partName(
  hidden: Hidden,
  part: number,
  dataset: Report['dataset'],
  values: ArrayLike<number>,
): string {
  const words = t().understand.hidden;
  const { start, end } = span(hidden, part);
  const at = start[0]!;
  if (dataset.kind === 'image') {
    const [row, column] = thirds({ start, end }, dataset.shape);
    return words.place(row!, column!);
  }
  if (dataset.kind === 'sequence') return words.steps(at + 1, end[0]!);
  if (dataset.kind === 'tokens') return words.token(tokenName(dataset, values[at]!), at + 1);
  return words.feature(featureName(dataset, at));
}

export const featureName = ({ name, feature_names: names }: Report['dataset'], at: number): string =>
  featureTitle(name, names[at] ?? String(at + 1));

export const tokenName = ({ vocabulary }: Report['dataset'], token: number): string =>
  vocabulary[token] ?? String(token);

/** One or two sentences about one output. */
export function sentences(
  explanation: Explanation,
  output: number,
  dataset: Report['dataset'],
  values: ArrayLike<number>,
): string[] {
  const hidden = hiddenOf(explanation);
  const words = t().understand.hidden;
  const found = strongest(hidden, output);
  const label = explanation.labels[output];
  const name = ({ part }: Effect): string => partName(hidden, part, dataset, values);
  const framed = dataset.kind === 'image' || dataset.kind === 'sequence';
  const forName = (one: Effect): string => (framed ? words.part(name(one)) : words.hide(name(one)));
  const againstName = (one: Effect): string => (framed ? words.otherPart(name(one)) : name(one));
  if (label === undefined) {
    if (!found.for && !found.against) return [words.nothingValue];
    return [
      found.for && words.valueLower(forName(found.for), number(found.for.before), number(found.for.after)),
      found.against &&
        words.valueHigher(
          againstName(found.against),
          number(found.against.before),
          number(found.against.after),
        ),
    ].filter((sentence) => sentence !== null);
  }
  if (!found.for && !found.against) return [words.nothing(label)];
  const all: string[] = [];
  if (found.for) {
    const [before, after] = [percent(found.for.before), percent(found.for.after)];
    const led = indexOfLargest(explanation.values) === output;
    const leads = explanation.labels[found.for.leads]!;
    if (led && found.for.leads !== output)
      all.push(words.gone(forName(found.for), label, before, after, leads));
    else if (led) all.push(words.weaker(forName(found.for), label, before, after));
    else all.push(words.lower(forName(found.for), label, before, after));
  }
  if (found.against)
    all.push(
      words.against(
        againstName(found.against),
        label,
        percent(found.against.before),
        percent(found.against.after),
      ),
    );
  return all;
}

export function indexOfLargest(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/** A probability: with decimals only where a whole number would be 0 or 100. */
export const percent = (share: number): string => {
  const whole = Math.round(share * 100);
  return format.percent(share, (whole <= 0 && share > 0) || (whole >= 100 && share < 1) ? 1 : 0);
};

/** A share of so many samples: as many digits as they can tell, and more before 100 % is said of less. */
export function sharePercent(share: number, total: number, less = 0): string {
  if (Number.isNaN(share)) return '–';
  let digits = Math.max(0, (total < 100 ? 0 : total < 5000 ? 1 : 2) - less);
  while (share < 1 && digits < 4 && Number((100 * share).toFixed(digits)) >= 100) digits++;
  return format.percent(share, digits);
}

/** A value of a regression. */
export const number = (value: number): string => (Number.isFinite(value) ? format.number(value, 4) : '–');
