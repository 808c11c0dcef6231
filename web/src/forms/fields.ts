/** What kind of field an argument of a JSON Schema gets. Pure. */

export type JsonSchema = Readonly<Record<string, unknown>>;

interface Common {
  /** Key in the object: Keras' name of the argument. */
  readonly key: string;
  readonly description: string;
  readonly required: boolean;
  /** What holds if the key is left out. */
  readonly standard: unknown;
  /** Rarely changed: shown on demand. */
  readonly folded: boolean;
}
export interface NumberField extends Common {
  readonly kind: 'integer' | 'number';
  readonly low: number;
  readonly high: number;
  readonly logarithmic: boolean;
}
export interface SwitchField extends Common {
  readonly kind: 'switch';
}
export interface ChoiceField extends Common {
  readonly kind: 'choice' | 'activation';
  readonly options: readonly string[];
}
/** One number for both, or a list of two. */
export interface PairField extends Common {
  readonly kind: 'pair';
  readonly number: NumberField;
}
export interface ListField extends Common {
  readonly kind: 'list';
  readonly whole: boolean;
}
/** A penalty on weights: l1 and l2. */
export interface PenaltyField extends Common {
  readonly kind: 'penalty';
}
/** A layer within a layer. */
export interface LayerField extends Common {
  readonly kind: 'layer';
  readonly types: readonly { readonly type: string; readonly schema: JsonSchema }[];
}
/** What no other field is for: as JSON. */
export interface JsonField extends Common {
  readonly kind: 'json';
}
export interface TextField extends Common {
  readonly kind: 'text';
}
export type Field =
  | NumberField
  | SwitchField
  | ChoiceField
  | PairField
  | ListField
  | PenaltyField
  | LayerField
  | JsonField
  | TextField;

const NOT_SHOWN = new Set(['type', 'inputs', 'name']);
const FOLDED =
  /initializer|regularizer|^(groups|dilation_rate|output_padding|epsilon|momentum|center|scale|axis|unit_forget_bias|reset_after|recurrent_activation|recurrent_dropout|go_backwards|fill_mode|fill_value|interpolation|seed|threshold|keepdims|mean|variance|invert|value_dim)$/;
/** Ranges that sliders cover where the schema allows far more. Fields take every number. */
const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  units: [1, 1024],
  filters: [1, 512],
  output_dim: [1, 512],
  input_dim: [1, 10000],
  key_dim: [1, 256],
  value_dim: [1, 256],
  num_heads: [1, 16],
  kernel_size: [1, 11],
  pool_size: [1, 8],
  size: [1, 8],
  strides: [1, 8],
  dilation_rate: [1, 8],
  groups: [1, 64],
  depth_multiplier: [1, 16],
  n: [1, 128],
  num_samples: [100, 60000],
  noise: [0, 1],
  steps: [4, 500],
  l1: [0, 0.1],
  l2: [0, 0.1],
  scale: [0, 2],
  alpha: [0, 2],
  negative_slope: [0, 1],
  max_value: [0, 10],
  height: [1, 256],
  width: [1, 256],
};

const object = (value: unknown): JsonSchema | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonSchema) : null;
const number = (value: unknown): number | null => (typeof value === 'number' ? value : null);

/** Fields of an object's schema in the order of the schema, required ones first; `hidden` keys are left out. */
export function fieldsOf(schema: JsonSchema, hidden: ReadonlySet<string> = NOT_SHOWN): Field[] {
  const required = new Set(Array.isArray(schema['required']) ? schema['required'].map(String) : []);
  const definitions = object(schema['$defs']) ?? {};
  const fields = Object.entries(object(schema['properties']) ?? {}).flatMap(([key, value]) =>
    hidden.has(key) ? [] : [fieldOf(key, object(value) ?? {}, required.has(key), definitions)],
  );
  const rank = (field: Field): number =>
    field.folded ? 3 : field.required ? 0 : field.kind === 'activation' ? 1 : 2;
  return fields
    .map((field, at) => ({ field, at }))
    .sort((a, b) => rank(a.field) - rank(b.field) || a.at - b.at)
    .map(({ field }) => field);
}

function fieldOf(key: string, whole: JsonSchema, required: boolean, definitions: JsonSchema): Field {
  const common = {
    key,
    description: typeof whole['description'] === 'string' ? whole['description'] : '',
    required,
    standard: whole['default'],
    folded: !required && FOLDED.test(key),
  };
  const kinds = variants(whole, definitions).filter((kind) => kind['type'] !== 'null');
  const [first, second] = kinds;
  if (!first) return { ...common, kind: 'json' };
  if (kinds.length === 1) return single(common, first, definitions);
  const scalar = kinds.find((kind) => kind['type'] === 'integer' || kind['type'] === 'number');
  const list = kinds.find((kind) => kind['type'] === 'array');
  if (kinds.length === 2 && scalar && list && list['maxItems'] === 2 && list['minItems'] === 2)
    return { ...common, kind: 'pair', number: numeric({ ...common }, scalar) };
  if (kinds.every((kind) => layerType(kind) !== null))
    return {
      ...common,
      kind: 'layer',
      types: kinds.map((kind) => ({ type: layerType(kind)!, schema: { $defs: definitions, ...kind } })),
    };
  if (kinds.length === 2 && scalar && second) return { ...common, kind: 'json' };
  return { ...common, kind: 'json' };
}

/** The alternatives of a schema, references resolved. */
function variants(schema: JsonSchema, definitions: JsonSchema): JsonSchema[] {
  const reference = schema['$ref'];
  if (typeof reference === 'string') {
    const found = object(definitions[reference.replace('#/$defs/', '')]);
    return found ? variants(found, definitions) : [];
  }
  const several = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(several)) return several.flatMap((one) => variants(object(one) ?? {}, definitions));
  return [schema];
}

function layerType(schema: JsonSchema): string | null {
  const type = object(object(schema['properties'])?.['type'])?.['const'];
  return typeof type === 'string' ? type : null;
}

function single(common: Common, schema: JsonSchema, definitions: JsonSchema): Field {
  const { key } = common;
  const options = schema['enum'];
  if (Array.isArray(options))
    return {
      ...common,
      kind: /activation$/.test(key) ? 'activation' : 'choice',
      options: options.map(String),
    };
  switch (schema['type']) {
    case 'boolean':
      return { ...common, kind: 'switch' };
    case 'integer':
    case 'number':
      return numeric(common, schema);
    case 'string':
      return { ...common, kind: 'text' };
    case 'array':
      return { ...common, kind: 'list', whole: object(schema['items'])?.['type'] === 'integer' };
    case 'object': {
      const type = layerType(schema);
      if (type !== null)
        return { ...common, kind: 'layer', types: [{ type, schema: { $defs: definitions, ...schema } }] };
      return { ...common, kind: /regularizer$/.test(key) ? 'penalty' : 'json' };
    }
    default:
      return { ...common, kind: 'json' };
  }
}

function numeric(common: Common, schema: JsonSchema): NumberField {
  const least = number(schema['minimum']) ?? number(schema['exclusiveMinimum']);
  const most = number(schema['maximum']) ?? number(schema['exclusiveMaximum']);
  const kind = schema['type'] === 'integer' ? 'integer' : 'number';
  const wide = RANGES[common.key];
  const low = Math.max(least ?? -Infinity, wide?.[0] ?? least ?? (kind === 'integer' ? -4 : -1));
  const high = Math.min(
    most ?? Infinity,
    wide?.[1] ?? (most !== null && most < 1e6 ? most : kind === 'integer' ? 1024 : 1),
  );
  return {
    ...common,
    kind,
    low,
    high: Math.max(high, low + 1e-3),
    logarithmic: kind === 'integer' && low >= 1 && high / low > 100,
  };
}

/** Place of a value on a slider, 0 to 1. */
export function toSlider({ low, high, logarithmic }: NumberField, value: number): number {
  const clamped = Math.min(high, Math.max(low, value));
  return logarithmic ? Math.log(clamped / low) / Math.log(high / low) : (clamped - low) / (high - low);
}

/** Value at a place of the slider: whole powers of two and round numbers are easy to hit. */
export function fromSlider({ kind, low, high, logarithmic }: NumberField, place: number): number {
  if (logarithmic) {
    const value = low * (high / low) ** place;
    const power = 2 ** Math.round(Math.log2(value));
    if (Math.abs(Math.log2(value / power)) < 0.12 && power >= low && power <= high) return power;
    const digits = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
    return Math.min(high, Math.max(low, Math.round(value / digits) * digits));
  }
  const value = low + (high - low) * place;
  if (kind === 'integer') return Math.round(value);
  const step = 10 ** Math.floor(Math.log10((high - low) / 50));
  return Number((Math.round(value / step) * step).toPrecision(6));
}

/** Whether a value is the one that holds without it, written in one way or the other (`1` and `[1, 1]`). */
export function isStandard(field: Field, value: unknown): boolean {
  const simple = (one: unknown): string => {
    const list = Array.isArray(one) && one.length === 2 && one[0] === one[1] ? one[0] : one;
    return JSON.stringify(list ?? null);
  };
  return !field.required && simple(value) === simple(field.standard);
}
