/** Changes of the network as JSON Patch, so that each is one step of the history and references stay right. Pure. */

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

/** `MaxPooling2D` as a name: `max_pooling2d`. */
export const snake = (type: string): string =>
  type.replace(/([a-z0-9])([A-Z])(?=[a-z])/g, '$1_$2').toLowerCase();

/** Insert a layer on an edge. The target gets its output instead of what it took before. */
export function insertion(layers: readonly LayerLike[], { from, to, port }: Edge, layer: Layer): PatchStep[] {
  const target = layers.find(({ index }) => index === to)!;
  const inputs = inputsOf(target);
  if (inputs === null) return [{ op: 'add', path: path(to), value: layer }];
  const name =
    typeof layer['name'] === 'string' ? layer['name'] : freeName(layers, snake(String(layer['type'])));
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

/** Insert a layer at the end. */
export function appended(layers: readonly LayerLike[], layer: Layer): PatchStep[] {
  return [{ op: 'add', path: path(layers.length), value: layer }];
}

/** Remove a layer: whoever took its output takes its first input instead. */
export function removal(layers: readonly LayerLike[], index: number): PatchStep[] {
  const layer = layers[index]!;
  const steps: PatchStep[] = [];
  const source = layer.inbound[0] ?? INPUT;
  const follows = layers[index + 1];
  const explicit = layers.some((other) => layer.name !== null && inputsOf(other)?.includes(layer.name));
  // The layer behind takes the one before: as before, unless that is not its neighbour.
  const jumps = source !== index - 1 && follows !== undefined && inputsOf(follows) === null;
  let name: string | null = source === INPUT ? 'input' : layers[source]!.name;
  if ((explicit || jumps) && name === null) {
    name = freeName(layers, snake(layers[source]!.type));
    steps.push({ op: 'add', path: `${path(source)}/name`, value: name });
  }
  for (const other of layers)
    inputsOf(other)?.forEach((input, port) => {
      if (layer.name !== null && input === layer.name && other.index !== index)
        steps.push({ op: 'replace', path: `${path(other.index)}/inputs/${port}`, value: name });
    });
  if (jumps) steps.push({ op: 'add', path: `${path(follows.index)}/inputs`, value: [name] });
  steps.push({ op: 'remove', path: path(index) });
  return steps;
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
  const keeps = [first, second].some(({ name }) => name !== null && referred.has(name));
  const placed = (layer: LayerLike, place: LayerLike): Layer => {
    const { type, name: own, ...values } = layer.values;
    const name = keeps ? place.name : own;
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

/** Let a layer take other layers; those without a name get one. `sources` are indices or `INPUT`. */
export function rewired(
  layers: readonly LayerLike[],
  index: number,
  sources: readonly number[],
): PatchStep[] {
  const layer = layers[index]!;
  const steps: PatchStep[] = [];
  const op = 'inputs' in layer.values ? 'replace' : 'add';
  if (sources.length === 1 && sources[0] === index - 1)
    return op === 'replace' ? [{ op: 'remove', path: `${path(index)}/inputs` }] : [];
  const named = new Map<number, string>();
  const taken = [...layers];
  const names = sources.map((source) => {
    if (source === INPUT) return 'input';
    const known = layers[source]!.name ?? named.get(source);
    if (known) return known;
    const name = freeName(taken, snake(layers[source]!.type));
    named.set(source, name);
    taken.push({ ...layers[source]!, name });
    steps.push({ op: 'add', path: `${path(source)}/name`, value: name });
    return name;
  });
  return [...steps, { op, path: `${path(index)}/inputs`, value: names }];
}
