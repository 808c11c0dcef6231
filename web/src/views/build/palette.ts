/** Which types of layers are offered, and in which order. */

import type { Dataset, LayerType } from '../../data/catalogue.svelte.ts';
import { t } from '../../text/index.svelte.ts';

/** Groups in the order in which people meet them. Others follow. */
const ORDER = [
  'core',
  'convolution',
  'pooling',
  'recurrent',
  'attention',
  'activation',
  'normalization',
  'regularization',
  'merging',
  'reshaping',
  'augmentation',
  'preprocessing',
];

const USUAL: Readonly<Record<string, readonly string[]>> = {
  image: ['Conv2D', 'MaxPooling2D', 'Flatten', 'Dense', 'Dropout', 'BatchNormalization', 'Add'],
  features: ['Dense', 'Dropout', 'BatchNormalization', 'Activation', 'Add'],
  sequence: ['Conv1D', 'MaxPooling1D', 'LSTM', 'GRU', 'Bidirectional', 'Dense', 'Dropout'],
  tokens: ['Embedding', 'LSTM', 'Bidirectional', 'MultiHeadAttention', 'GlobalAveragePooling1D', 'Dense'],
};

/** What a layer does, in one sentence. */
export function helpOf({ type, help }: Pick<LayerType, 'type' | 'help'>): string {
  return t().build.layers[type] ?? help.replaceAll('`', '');
}

/** The most usual types for a kind of samples. */
export function usual(types: readonly LayerType[], dataset: Dataset | null): LayerType[] {
  const rows = dataset?.kind === 'image' && dataset.shape.length === 2;
  const names = USUAL[rows ? 'sequence' : (dataset?.kind ?? 'features')] ?? USUAL['features']!;
  return names.flatMap((name) => types.find(({ type }) => type === name) ?? []);
}

export interface Group {
  readonly group: string;
  readonly types: readonly LayerType[];
}

const rank = (group: string): number => (ORDER.indexOf(group) + ORDER.length + 1) % (ORDER.length + 1);

/** Types by group whose name or sentence has the words; best names first. */
export function found(types: readonly LayerType[], text: string): Group[] {
  const words = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const fits = types.filter((kind) => {
    const where = `${kind.type} ${helpOf(kind)} ${kind.group}`.toLowerCase();
    return words.every((word) => where.includes(word));
  });
  const score = ({ type }: LayerType): number => {
    const name = type.toLowerCase();
    if (words.length === 0) return 0;
    return name === words[0] ? 0 : name.startsWith(words[0]!) ? 1 : name.includes(words[0]!) ? 2 : 3;
  };
  const groups = new Map<string, LayerType[]>();
  for (const kind of fits) groups.set(kind.group, [...(groups.get(kind.group) ?? []), kind]);
  return [...groups]
    .map(([group, all]) => ({ group, types: all.toSorted((a, b) => score(a) - score(b)) }))
    .toSorted((a, b) => score(a.types[0]!) - score(b.types[0]!) || rank(a.group) - rank(b.group));
}
