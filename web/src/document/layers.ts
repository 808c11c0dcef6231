/** The layers of a document, how they are connected, and the patches that change them. */

import type { Operation, Patch } from './patch.ts';
import { isObject } from './pointer.ts';

export type DraftDocument = Record<string, unknown>;

export interface DraftLayer {
  readonly index: number;
  /** Empty if the document does not say it. */
  readonly type: string;
  /** As the server names it: given, or derived from the type. */
  readonly name: string;
  /** What the document says about it. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Indices of the layers whose outputs it takes; `INPUT` for the dataset. Unknown names are left out. */
  readonly inbound: readonly number[];
  readonly pointer: string;
}

/** Names that a layer cannot have: the input, and what files call it. */
const RESERVED = ['input', 'image', 'features', 'sequence', 'tokens'];

/** The dataset among the indices of `inbound`. */
export const INPUT = -1;

const MERGING = new Set(['Add', 'Subtract', 'Multiply', 'Average', 'Maximum', 'Minimum', 'Concatenate']);

/** The name that Keras would choose: `MaxPooling2D` gives `max_pooling2d`. */
export function defaultName(type: string): string {
  return type
    .replace(/(.)([A-Z][a-z0-9]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

function free(base: string, taken: ReadonlySet<string>): string {
  let name = base;
  for (let count = 1; taken.has(name); count++) name = `${base}_${count}`;
  return name;
}

const listOf = (document: unknown): unknown[] | null => {
  const model = isObject(document) ? document['model'] : null;
  const layers = isObject(model) ? model['layers'] : null;
  return Array.isArray(layers) ? layers : null;
};

/** The layers of a document; those of the SculptML app too. */
export function layersOf(document: unknown): DraftLayer[] {
  const list = listOf(document);
  return list ? current(list) : sculptml(document);
}

/** Whether the layers can be changed as blocks: those of the SculptML app only in the text. */
export function hasBlocks(document: unknown): boolean {
  return isObject(document) && (listOf(document) !== null || !sculptml(document).length);
}

function current(list: readonly unknown[]): DraftLayer[] {
  const values = list.map((layer) => (isObject(layer) ? layer : {}));
  const given = values.map((layer) => layer['name']).filter((name) => typeof name === 'string');
  const taken = new Set<string>([...RESERVED, ...given]);
  const names = values.map((layer) => {
    const type = typeof layer['type'] === 'string' ? layer['type'] : 'layer';
    const named = typeof layer['name'] === 'string' && layer['name'];
    const name = named || free(defaultName(type), taken);
    taken.add(name);
    return name;
  });
  return values.map((layer, index) => ({
    index,
    type: typeof layer['type'] === 'string' ? layer['type'] : '',
    name: names[index]!,
    values: layer,
    inbound: inboundOf(layer, index, names),
    pointer: `/model/layers/${index}`,
  }));
}

function inboundOf(layer: Record<string, unknown>, index: number, names: readonly string[]): number[] {
  const asked = layer['inputs'];
  if (!Array.isArray(asked)) return [index ? index - 1 : INPUT];
  return asked.flatMap((name: unknown) => {
    const found = name === 'input' ? INPUT : names.findIndex((other) => other === name);
    return found >= 0 || name === 'input' ? [found] : [];
  });
}

/** Documents of the SculptML app: `layer_0`, `layer_1`, ... */
function sculptml(document: unknown): DraftLayer[] {
  const inner = isObject(document) && isObject(document['model']);
  const model = inner ? document['model'] : document;
  if (!isObject(model)) return [];
  const keys = Object.keys(model).filter((key) => /^layer_\d+$/.test(key) && isObject(model[key]));
  keys.sort((one, other) => Number(one.slice(6)) - Number(other.slice(6)));
  return keys.map((key, index) => {
    const values = model[key] as Record<string, unknown>;
    const type = String(values['layer'] ?? '').replace(/(Lyr|Layer)$/, '');
    return {
      index,
      type,
      name: key,
      values,
      inbound: [index ? index - 1 : INPUT],
      pointer: `${inner ? '/model' : ''}/${key}`,
    };
  });
}

/** Names are needed where a layer says whose output it takes. */
const isWired = (layers: readonly DraftLayer[]): boolean => layers.some((layer) => 'inputs' in layer.values);

const nameOf = (layers: readonly DraftLayer[], index: number): string =>
  index === INPUT ? 'input' : layers[index]!.name;

const inputsOf = (layer: DraftLayer): string[] | null =>
  Array.isArray(layer.values['inputs']) ? (layer.values['inputs'] as string[]) : null;

function named(layer: object, layers: readonly DraftLayer[]): Record<string, unknown> {
  const values = { ...layer } as Record<string, unknown>;
  const taken = new Set([...RESERVED, ...layers.map((other) => other.name)]);
  const wanted = typeof values['name'] === 'string' ? values['name'] : defaultName(String(values['type']));
  const { type, ...rest } = values;
  return { type, ...rest, name: free(wanted, taken) };
}

/** Insert a layer before the one at an index, which then takes its output. */
export function insertion(layers: readonly DraftLayer[], index: number, layer: object): Patch {
  const path = `/model/layers/${index < layers.length ? index : '-'}`;
  const taker = layers[index];
  const asked = taker && inputsOf(taker);
  if (!isWired(layers)) return [{ op: 'add', path, value: layer }];
  if (!asked || !taker || MERGING.has(String(Reflect.get(layer, 'type'))))
    return [{ op: 'add', path, value: named(layer, layers) }];
  // A layer with several inputs: the new one comes between it and the layer before, if that is among them.
  const before = nameOf(layers, index - 1);
  const source = asked.includes(before) ? before : (asked[0] ?? 'input');
  const added: Record<string, unknown> = { ...named(layer, layers), inputs: [source] };
  const inputs = asked.map((name) => (name === source ? added['name'] : name));
  return [
    { op: 'add', path, value: added },
    { op: 'replace', path: `/model/layers/${index + 1}/inputs`, value: inputs },
  ];
}

/** Remove a layer; those that take its output then take its input. */
export function removal(layers: readonly DraftLayer[], index: number): Patch {
  const removed = layers[index];
  if (!removed) return [];
  const patch: Operation[] = [];
  const sources = removed.inbound.map((place) => nameOf(layers, place));
  for (const layer of layers) {
    const asked = inputsOf(layer);
    if (layer === removed || !asked?.includes(removed.name)) continue;
    const isMerging = MERGING.has(layer.type);
    const inputs = asked.flatMap((name) =>
      name !== removed.name ? [name] : isMerging ? sources : sources.slice(0, 1),
    );
    patch.push({ op: 'replace', path: `${layer.pointer}/inputs`, value: inputs });
  }
  const next = layers[index + 1];
  const isElsewhere = removed.inbound[0] !== (index ? index - 1 : INPUT);
  if (next && !inputsOf(next) && isElsewhere && sources.length)
    patch.push({ op: 'add', path: `${next.pointer}/inputs`, value: sources.slice(0, 1) });
  return [...patch, { op: 'remove', path: removed.pointer }];
}

/** Insert a copy of a layer behind it. */
export function duplication(layers: readonly DraftLayer[], index: number): Patch {
  const original = layers[index];
  if (!original) return [];
  const { name, ...rest } = original.values;
  const values = Object.fromEntries(Object.entries(rest).filter(([key]) => key !== 'inputs'));
  return insertion(layers, index + 1, name === undefined ? values : named({ ...values, name }, layers));
}

/** Move a layer to another place in the list. */
export function relocation(layers: readonly DraftLayer[], from: number, to: number): Patch {
  const isPossible = from !== to && !!layers[from] && !!layers[to];
  return isPossible ? [{ op: 'move', from: `/model/layers/${from}`, path: `/model/layers/${to}` }] : [];
}
