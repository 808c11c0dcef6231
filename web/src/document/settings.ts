/** How a network learns and which files it becomes, as fields that are made from the JSON Schema of documents. */

import { isHolder, isObject, valueAt } from './pointer.ts';

export type Schema = Readonly<Record<string, unknown>>;

export interface Setting {
  /** The key in the document, by which the page explains it. */
  readonly key: string;
  readonly pointer: string;
  readonly kind: 'integer' | 'number' | 'choice' | 'switch' | 'text' | 'list' | 'several';
  /** Of a choice, or of several that are chosen. */
  readonly options: readonly string[];
  /** Whether a choice can be none. */
  readonly optional: boolean;
  /** What holds while the document says nothing. */
  readonly standard: unknown;
}

const OPTIMIZER = '/training/optimizer';
const SCHEDULE = '/training/learning_rate_schedule';
const STOPPING = '/training/early_stopping';

/** Names that a document may use for the same thing. */
const SHORT = new Set(['mse', 'mae', 'acc']);

/** Values for the arguments that a schedule requires. */
const FIRST: Readonly<Record<string, object>> = {
  ExponentialDecay: { decay_steps: 1000, decay_rate: 0.9 },
  InverseTimeDecay: { decay_steps: 1000, decay_rate: 0.5 },
  PiecewiseConstantDecay: { boundaries: [1000], values: [0.01, 0.001] },
};

const object = (value: unknown): Schema => (isObject(value) ? value : {});

export class Settings {
  constructor(
    readonly schema: Schema,
    readonly document: unknown,
  ) {}

  /** The four settings that are always shown. */
  get basic(): Setting[] {
    return [
      this.#typed(OPTIMIZER, 'optimizer', this.optimizers, false, this.optimizer),
      ...this.#of(this.optimizer, OPTIMIZER, ['learning_rate']),
      ...this.#of('Training', '/training', ['batch_size', 'epochs']),
    ];
  }

  /** The others of the training. */
  get more(): Setting[] {
    const taken = ['type', 'learning_rate'];
    return [
      ...this.#of('Training', '/training', ['loss', 'validation_fraction']),
      this.#switch(STOPPING),
      ...(valueAt(this.document, STOPPING) ? this.#of('EarlyStopping', STOPPING) : []),
      this.#typed(SCHEDULE, 'learning_rate_schedule', this.#types(SCHEDULE), true, this.schedule),
      ...(this.schedule ? this.#of(this.schedule, SCHEDULE).filter(({ key }) => key !== 'type') : []),
      ...this.#of(this.optimizer, OPTIMIZER).filter(({ key }) => !taken.includes(key)),
      ...this.#of('Training', '/training', ['metrics', 'seed', 'precision', 'accelerator', 'max_seconds']),
    ];
  }

  /** Those of the files; what only some weights need is asked for those only. */
  get files(): Setting[] {
    const weights = valueAt(this.document, '/export/weights') ?? valueAt(this.document, '/export/precision');
    return [
      ...this.#of('Export', '/export', ['formats', 'weights']),
      ...(weights === 'auto' ? this.#of('Export', '/export', ['max_accuracy_drop']) : []),
      ...(weights === 'pruned' ? this.#of('Export', '/export', ['sparsity']) : []),
      ...this.#of('Export', '/export', ['minimum_ios']),
      this.#switch('/export/updatable'),
      ...this.#of('Export', '/export', ['author', 'license', 'description']),
    ];
  }

  /** The type of the optimizer, as Keras writes it. */
  get optimizer(): string {
    const name = this.#typeAt(OPTIMIZER) || 'Adam';
    return this.optimizers.find((known) => known.toLowerCase() === name.toLowerCase()) ?? name;
  }

  get optimizers(): string[] {
    return this.#types(OPTIMIZER);
  }

  /** The type of the schedule; empty for none. */
  get schedule(): string {
    return this.#typeAt(SCHEDULE);
  }

  /** The value of a setting in the document; undefined if it says nothing. */
  value(setting: Setting): unknown {
    if (setting.pointer === OPTIMIZER) return this.#typeAt(OPTIMIZER) ? this.optimizer : undefined;
    if (setting.pointer === SCHEDULE) return this.schedule || undefined;
    if (setting.kind === 'switch' && isObject(valueAt(this.document, setting.pointer))) return true;
    const found = valueAt(this.document, setting.pointer);
    const isAlias = found === undefined && setting.pointer === '/export/weights';
    return isAlias ? valueAt(this.document, '/export/precision') : found;
  }

  /** The document's value for what somebody chose: undefined is the default. */
  written(setting: Setting, value: unknown): unknown {
    switch (setting.pointer) {
      case OPTIMIZER:
        return this.#optimizerOf(String(value));
      case SCHEDULE:
        return typeof value === 'string' ? { type: value, ...FIRST[value] } : undefined;
      case STOPPING:
        if (value !== true) return undefined;
        return valueAt(this.document, '/training/validation_fraction') ? {} : { monitor: 'loss' };
      case '/export/updatable':
        return value === true ? {} : undefined;
      default:
        return value;
    }
  }

  /** The place that a change is written to. */
  place(setting: Setting): string {
    const alias = '/export/precision';
    const isAlias = setting.pointer === '/export/weights' && valueAt(this.document, alias) !== undefined;
    return isAlias ? alias : setting.pointer;
  }

  /** Another optimizer, with what both have. */
  #optimizerOf(type: string): unknown {
    const before = object(valueAt(this.document, OPTIMIZER));
    const known = object(this.#definition(type)['properties']);
    const kept = Object.entries(before).filter(([key]) => key !== 'type' && key in known);
    return kept.length ? { type, ...Object.fromEntries(kept) } : type;
  }

  #typeAt(pointer: string): string {
    const value = valueAt(this.document, pointer);
    const type = isObject(value) ? value['type'] : value;
    return typeof type === 'string' ? type : '';
  }

  #definition(name: string): Schema {
    return object(object(this.schema['$defs'])[name]);
  }

  #types(pointer: string): string[] {
    const property = object(
      valueAt(this.#definition('Training'), pointer.replace('/training', '/properties')),
    );
    const found = alternatives(property).find((one) => isObject(one['discriminator']));
    return Object.values(object(object(found?.['discriminator'])['mapping'])).map((reference) =>
      String(reference).replace('#/$defs/', ''),
    );
  }

  /** The settings of a definition; all of them, or some in this order. */
  #of(definition: string, pointer: string, keys?: readonly string[]): Setting[] {
    const properties = object(this.#definition(definition)['properties']);
    return (keys ?? Object.keys(properties)).flatMap((key) => {
      const property = properties[key];
      return isObject(property) ? settingOf(key, `${pointer}/${key}`, property) : [];
    });
  }

  #typed(pointer: string, key: string, options: string[], optional: boolean, type: string): Setting {
    const known = type && !options.includes(type) ? [...options, type] : options;
    return { key, pointer, kind: 'choice', options: known, optional, standard: optional ? null : 'Adam' };
  }

  #switch(pointer: string): Setting {
    const key = pointer.split('/').at(-1)!;
    return { key, pointer, kind: 'switch', options: [], optional: false, standard: false };
  }
}

/** A schema and those that it is one of. */
function alternatives(schema: Schema): Schema[] {
  const inner = schema['anyOf'] ?? schema['oneOf'];
  return [schema, ...(Array.isArray(inner) ? inner.map(object) : [])];
}

function settingOf(key: string, pointer: string, schema: Schema): Setting[] {
  const kinds = alternatives(schema);
  const optional = kinds.some((kind) => kind['type'] === 'null');
  const main = kinds.find((kind) => kind['type'] !== 'null' && (kind['type'] !== undefined || kind['enum']));
  if (!main) return [];
  const items = object(main['items']);
  const words = (list: unknown): string[] =>
    Array.isArray(list) ? list.map(String).filter((word) => !SHORT.has(word)) : [];
  const common = { key, pointer, optional, standard: schema['default'] ?? null };
  if (main['enum']) return [{ ...common, kind: 'choice', options: words(main['enum']) }];
  if (main['type'] === 'array') {
    const options = words(items['enum']);
    return [{ ...common, kind: options.length ? 'several' : 'list', options }];
  }
  const kind = { integer: 'integer', number: 'number', boolean: 'switch', string: 'text' }[
    String(main['type'])
  ];
  return kind ? [{ ...common, kind: kind as Setting['kind'], options: [] }] : [];
}

/** A number, or numbers, that somebody typed; null if it is something else. Both signs for decimals are understood. */
export function typed(text: string, kind: Setting['kind']): unknown {
  if (kind === 'text') return text;
  const one = (part: string): number => (part.trim() ? Number(part.trim().replace(',', '.')) : NaN);
  if (kind === 'list') {
    const numbers = text
      .split(/[;\s]+|,\s*/)
      .filter(Boolean)
      .map(one);
    return numbers.length && numbers.every(Number.isFinite) ? numbers : null;
  }
  const number = one(text);
  return Number.isFinite(number) && (kind === 'number' || Number.isInteger(number)) ? number : null;
}

/** A value as it is typed. */
export function typedAs(value: unknown): string {
  if (Array.isArray(value)) return value.join(', ');
  return value === undefined || value === null || isHolder(value) ? '' : String(value);
}
