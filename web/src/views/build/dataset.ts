/** Datasets and examples in words. */

import type { Dataset, Example } from '../../data/catalogue.svelte.ts';
import { format, t } from '../../text/index.svelte.ts';

export const titleOf = ({ name, title }: Pick<Dataset, 'name' | 'title'>): string =>
  t().data.titles[name] ?? title;

/** What it is, how much of it there is, and what a sample is made of. */
export function aboutDataset(dataset: Dataset): string {
  const words = t().data;
  return [
    words.helps[dataset.name] ?? dataset.help,
    words.sizes(format.integer(dataset.train_samples), format.integer(dataset.test_samples)),
  ].join(' ');
}

export type Kind = 'plane' | 'features' | 'image' | 'sequence' | 'tokens';

/** Datasets by what their samples look like, in the order in which people meet them. */
export function byKind(datasets: readonly Dataset[]): { kind: Kind; datasets: Dataset[] }[] {
  const order: readonly Kind[] = ['plane', 'image', 'features', 'sequence', 'tokens'];
  return order.flatMap((kind) => {
    const found = datasets.filter((dataset) => kindOf(dataset) === kind);
    return found.length > 0 ? [{ kind, datasets: found }] : [];
  });
}

function kindOf({ kind, shape }: Dataset): Kind {
  if (kind === 'features') return shape.length === 1 && shape[0] === 2 ? 'plane' : 'features';
  return kind === 'image' || kind === 'sequence' || kind === 'tokens' ? kind : 'features';
}

export const exampleTitle = ({ name, title }: Example): string => t().data.exampleTitles[name] ?? title;
export const exampleHelp = ({ name, help }: Example): string => t().data.exampleHelps[name] ?? help;
