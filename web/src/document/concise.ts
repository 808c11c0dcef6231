/** The server's complete form of a document, shortened to what a person would write. */

import { defaultName } from './layers.ts';
import { isObject } from './pointer.ts';

type IsStandard = (type: string, key: string, value: unknown) => boolean;

/** Without values that hold anyway, names that would be given anyway, and what the dataset determines. */
export function concise(spec: Readonly<Record<string, unknown>>, isStandard: IsStandard): object {
  const model = isObject(spec['model']) ? spec['model'] : {};
  const layers = Array.isArray(model['layers']) ? (model['layers'] as unknown[]) : [];
  const named = layers.some((layer) => isObject(layer) && 'inputs' in layer);
  const short = layers.map((layer) => (isObject(layer) ? shortened(layer, named, isStandard) : layer));
  return { ...withoutEmpty(spec), model: { layers: short } };
}

function shortened(layer: Record<string, unknown>, named: boolean, isStandard: IsStandard): object {
  const type = String(layer['type']);
  const usual = new RegExp(`^${defaultName(type)}(_\\d+)?$`);
  const kept = Object.entries(layer).filter(([key, value]) => {
    if (key === 'name') return named || !usual.test(String(value));
    return key === 'type' || !isStandard(type, key, value);
  });
  return Object.fromEntries(kept);
}

/** Texts that are empty and values that are null say nothing. */
function withoutEmpty(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const kept = Object.entries(value).filter(([, one]) => one !== null && one !== '');
  return Object.fromEntries(kept.map(([key, one]) => [key, isObject(one) ? withoutEmpty(one) : one]));
}
