/** Names of features for people. Files and documents keep the dataset's own. */

import { t } from '../text/index.svelte.ts';

/** `s1` of diabetes is `total cholesterol (s1)`. */
export function featureTitle(dataset: string, name: string): string {
  const words = t().data.featureHelps[dataset]?.[name];
  return words ? `${words} (${name})` : name;
}
