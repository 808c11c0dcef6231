/** Changes of the network as JSON Patch, so that each is one step of the history and references stay right. Pure. */

import { defaultName } from '../document/layers.ts';
import { INPUT, type Edge, type LayerLike, type PatchStep } from './network.ts';

type Layer = Readonly<Record<string, unknown>>;

const path = (index: number): string => `/model/layers/${index}`;
const inputsOf = (layer: LayerLike): string[] | null => {
  const { inputs } = layer.values;
  return Array.isArray(inputs) ? inputs.map(String) : null;
};

/** A name that no layer has: `stem`, `stem_2`. */
export function freeName(layers: readonly LayerLike[], wanted: string): string {
  const taken = new Set(['input', ...layers.map(({ name }) => name)]);
  if (!taken.has(wanted)) return wanted;
  for (let number = 2; ; number++) if (!taken.has(`${wanted}_${number}`)) return `${wanted}_${number}`;
}

/** Insert a layer on an edge. The target gets its output instead of what it took before. */
export function insertion(layers: readonly LayerLike[], { from, to, port }: Edge, layer: Layer): PatchStep[] {
  const target = layers.find(({ index }) => index === to)!;
  const inputs = inputsOf(target);
  if (inputs === null) return [{ op: 'add', path: path(to), value: layer }];
  const name = freeName(layers, String(layer['name'] ?? defaultName(String(layer['type']))));
  const source = inputs[port] ?? (from === INPUT ? 'input' : null);
  return [
    {
      op: 'add',
      path: path(to),
      value: { ...layer, name, ...(source === null ? {} : { inputs: [source] }) },
    },
    { op: 'replace', path: `${path(to + 1)}/inputs/${port}`, value: name },
  ];
}

/** Whether a layer can change places with the one before it (-1) or behind it (1). */
export function canMove(layers: readonly LayerLike[], index: number, by: -1 | 1): boolean {
  const [first, second] = by < 0 ? [layers[index - 1], layers[index]] : [layers[index], layers[index + 1]];
  if (!first || !second) return false;
  const consumers = layers.filter(({ inbound }) => inbound.includes(first.index));
  return (
    second.inbound.length === 1 &&
    second.inbound[0] === first.index &&
    first.inbound.length === 1 &&
    consumers.length === 1
  );
}

/** Exchange a layer with its neighbour. Inputs stay at their places, and so do names that others refer to. */
export function exchange(layers: readonly LayerLike[], index: number, by: -1 | 1): PatchStep[] {
  const [first, second] =
    by < 0 ? [layers[index - 1]!, layers[index]!] : [layers[index]!, layers[index + 1]!];
  const referred = new Set(layers.flatMap((layer) => inputsOf(layer) ?? []));
  const keeps = [first, second].some(({ name }) => referred.has(name));
  const placed = (layer: LayerLike, place: LayerLike): Layer => {
    const { type, name: own, ...values } = layer.values;
    const name = keeps ? place.values['name'] : own;
    const inputs = place.values['inputs'];
    const others = Object.fromEntries(Object.entries(values).filter(([key]) => key !== 'inputs'));
    return {
      type,
      ...(typeof name === 'string' ? { name } : {}),
      ...others,
      ...(Array.isArray(inputs) ? { inputs } : {}),
    };
  };
  return [
    { op: 'replace', path: path(first.index), value: placed(second, first) },
    { op: 'replace', path: path(second.index), value: placed(first, second) },
  ];
}

/** Steps that write down the names of layers that others refer to: derived names change when layers are added. */
export function named(layers: readonly LayerLike[], sources: readonly number[]): PatchStep[] {
  return [...new Set(sources)].flatMap((source) => {
    const layer = layers[source];
    if (!layer || typeof layer.values['name'] === 'string') return [];
    return [{ op: 'add', path: `${path(source)}/name`, value: layer.name }];
  });
}

/** What others call a layer, or the input. */
export const nameOf = (layers: readonly LayerLike[], source: number): string =>
  source === INPUT ? 'input' : layers[source]!.name;

/** Let a layer take others. `sources` are indices or `INPUT`. */
export function rewired(
  layers: readonly LayerLike[],
  index: number,
  sources: readonly number[],
): PatchStep[] {
  const op = 'inputs' in layers[index]!.values ? 'replace' : 'add';
  if (sources.length === 1 && sources[0] === index - 1)
    return op === 'replace' ? [{ op: 'remove', path: `${path(index)}/inputs` }] : [];
  const inputs = sources.map((source) => nameOf(layers, source));
  return [...named(layers, sources), { op, path: `${path(index)}/inputs`, value: inputs }];
}
