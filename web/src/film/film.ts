/** A film of a training: what its header says, and frames whose parts are decoded when somebody asks for them. */

interface Part {
  readonly name: string;
  /** The last axis varies fastest. */
  readonly shape: readonly number[];
}
/** A code is one byte: `low + code * (high - low) / (2^bits - 1)`. */
export interface FixedPart extends Part {
  readonly kind: 'fixed';
  readonly low: number;
  readonly high: number;
  readonly bits: number;
}
/** As fixed, with ranges in every frame: one for all values, or one for each entry of the first axis. */
export interface RangedPart extends Part {
  readonly kind: 'ranged';
  readonly ranges: number;
  readonly bits: number;
}
export interface Float16Part extends Part {
  readonly kind: 'float16';
}
/** Shares of the values in bins that divide `low` to `high` evenly. */
export interface HistogramPart extends Part {
  readonly kind: 'histogram';
}
export type FilmPart = FixedPart | RangedPart | Float16Part | HistogramPart;

/** Facts about a training, and the parts of its frames: docs/explanation/film.md. */
export interface FilmHeader {
  readonly parts: readonly FilmPart[];
  readonly name: string;
  readonly task: 'classification' | 'regression';
  readonly labels?: readonly string[] | null;
  readonly epochs: number;
  readonly steps_per_epoch: number;
  /** Indices of test samples, in the order of their classes or targets. */
  readonly probes?: readonly number[];
  /** Index of the test sample whose activations are shown. */
  readonly shown?: number;
  /** Number of the frame with the weights that early stopping restored. */
  readonly restored?: number;
  /** For data in the plane: lower and upper end of each axis. */
  readonly grid?: { readonly x: readonly [number, number]; readonly y: readonly [number, number] };
}

interface Place {
  readonly part: FilmPart;
  readonly size: number;
  /** Where the part starts in the bytes of a frame, and where its codes do. */
  readonly start: number;
  readonly codes: number;
}

const LOSS_BYTES = 4;

/** Where every part lies in the bytes of a frame. */
export class Layout {
  readonly #places = new Map<string, Place>();
  /** Bytes of a frame: its loss and all parts. */
  readonly bytes: number;

  constructor(readonly header: FilmHeader) {
    let start = LOSS_BYTES;
    for (const part of header.parts) {
      const size = part.shape.reduce((product, length) => product * length, 1);
      const codes = start + bytesBeforeCodes(part, size);
      this.#places.set(part.name, { part, size, start, codes });
      start = codes + size;
    }
    this.bytes = start;
  }

  /** Throws a `RangeError` for a part that the film does not have: see `has`. */
  place(name: string): Place {
    const place = this.#places.get(name);
    if (!place) throw new RangeError(`the film has no part ${name}`);
    return place;
  }

  has(name: string): boolean {
    return this.#places.has(name);
  }
}

function bytesBeforeCodes(part: FilmPart, size: number): number {
  switch (part.kind) {
    case 'fixed':
      return 0;
    case 'ranged':
      return 8 * part.ranges;
    case 'float16':
      return size; // all low bytes come first
    case 'histogram':
      return 12;
  }
}

/** One moment of a training. It holds bytes; a part becomes numbers when it is asked for, and is forgotten when nobody uses it. */
export class Frame {
  readonly #view: DataView;
  readonly #decoded = new Map<string, WeakRef<Float32Array>>();
  /** Mean training loss of the steps since the frame before; NaN if there are none. */
  readonly loss: number;

  /** @param number completed training steps; restored weights have one more than the last step */
  constructor(
    readonly layout: Layout,
    readonly number: number,
    bytes: Uint8Array,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.loss = this.#view.getFloat32(0, true);
  }

  /** The values of a part, in the order of its shape. Do not change them: others see the same array. */
  part(name: string): Float32Array {
    const known = this.#decoded.get(name)?.deref();
    if (known) return known;
    const values = this.#decode(this.layout.place(name));
    this.#decoded.set(name, new WeakRef(values));
    return values;
  }

  has(name: string): boolean {
    return this.layout.has(name);
  }

  /** The lower and upper end of what the codes of a part can say; of a histogram, of the values that it counts. */
  range(name: string): [low: number, high: number] {
    const { part, start } = this.layout.place(name);
    if (part.kind === 'histogram') return this.#pair(start);
    if (part.kind === 'float16') return extent(this.part(name));
    const ranges = this.ranges(name);
    return [Math.min(...ranges.map(([low]) => low)), Math.max(...ranges.map(([, high]) => high))];
  }

  /** The range of all values, or of each entry of the first axis: of every filter, for example. */
  ranges(name: string): [low: number, high: number][] {
    const { part, start } = this.layout.place(name);
    switch (part.kind) {
      case 'fixed':
        return [[part.low, part.high]];
      case 'histogram':
        return [[0, this.#view.getFloat32(start + 8, true)]];
      case 'float16':
        return [extent(this.part(name))];
      case 'ranged':
        return Array.from({ length: part.ranges }, (_, row) => this.#pair(start + 8 * row));
    }
  }

  #pair(start: number): [number, number] {
    return [this.#view.getFloat32(start, true), this.#view.getFloat32(start + 4, true)];
  }

  #decode({ part, size, start, codes }: Place): Float32Array {
    const values = new Float32Array(size);
    if (part.kind === 'float16') {
      for (let i = 0; i < size; i++)
        values[i] = half(this.#view.getUint8(start + i) | (this.#view.getUint8(codes + i) << 8));
      return values;
    }
    const ranges = this.ranges(part.name);
    const top = part.kind === 'histogram' ? 255 : 2 ** part.bits - 1;
    const each = size / ranges.length;
    ranges.forEach(([low, high], row) => {
      const step = (high - low) / top;
      for (let i = row * each; i < (row + 1) * each; i++)
        values[i] = low + this.#view.getUint8(codes + i) * step;
    });
    return values;
  }
}

function extent(values: Float32Array): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}

/** A 16-bit float (IEEE 754) as a number. */
export function half(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const size =
    exponent === 0
      ? fraction * 2 ** -24
      : exponent === 31
        ? fraction
          ? NaN
          : Infinity
        : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -size : size;
}
