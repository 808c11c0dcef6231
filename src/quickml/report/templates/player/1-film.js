// Reading a film. docs/explanation/film.md describes the format.

const MAGIC = "QMLFILM\x01";

/** Inflate raw deflate data (RFC 1951). */
async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Decode base64 text; spaces and line breaks are ignored. */
function fromBase64(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** Convert a 16-bit float (IEEE 754) to a number. */
function half(bits) {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const size = exponent === 0 ? fraction * 2 ** -24
    : exponent === 31 ? (fraction ? NaN : Infinity)
    : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -size : size;
}

/** How many bytes a part has before its codes, in an inflated frame. */
const BEFORE_CODES = {
  fixed: () => 0,
  ranged: (part) => 8 * part.ranges,
  float16: (part) => part.size, // of two bytes a value, all low bytes come first
  histogram: () => 12,
};

/** A film: `header`, `parts` by name, and `frames` with a number, a loss, and the raw bytes of all parts. */
class Film {
  static async read(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (String.fromCharCode(...bytes.subarray(0, 8)) !== MAGIC) throw new Error("not a film");
    const length = view.getUint32(8, true);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(12, 12 + length)));
    const records = [];
    for (let at = 12 + length; at < bytes.length;) {
      const size = view.getUint32(at + 4, true);
      records.push({ number: view.getUint32(at, true), body: bytes.subarray(at + 8, at + 8 + size) });
      at += 8 + size;
    }
    const bodies = await Promise.all(records.map(({ body }) => inflate(body)));
    return new Film(header, records.map(({ number }, i) => ({ number, raw: undone(bodies[i], bodies[i - 1]) })));
  }

  constructor(header, frames) {
    this.header = header;
    this.parts = new Map();
    let start = 4; // after the loss
    for (const described of header.parts) {
      const part = { ...described, start, size: described.shape.reduce((a, b) => a * b, 1) };
      part.before = BEFORE_CODES[part.kind](part);
      start += part.before + part.size;
      this.parts.set(part.name, part);
    }
    this.frames = frames.map(({ number, raw }) => {
      if (raw.length !== start) throw new Error(`frame ${number}: expected ${start} bytes, found ${raw.length}`);
      const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
      return { number, view, loss: view.getFloat32(0, true) };
    });
    if (!this.frames.length) throw new Error("a film without frames");
  }

  /** The parts whose name begins with `group/`, with the rest of their name as `of`. */
  group(group) {
    return [...this.parts.values()].filter((part) => part.name.startsWith(`${group}/`))
      .map((part) => ({ ...part, of: part.name.slice(group.length + 1) }));
  }

  /** The values of a part in a frame, in the order of its shape. */
  values(index, name) {
    const part = this.parts.get(name);
    const { view } = this.frames[index];
    const codes = part.start + part.before;
    const values = new Float32Array(part.size);
    if (part.kind === "float16") {
      for (let i = 0; i < part.size; i++) values[i] = half(view.getUint8(part.start + i) | view.getUint8(codes + i) << 8);
      return values;
    }
    const ranges = this.ranges(index, name);
    const top = part.kind === "histogram" ? 255 : 2 ** part.bits - 1;
    const each = part.size / ranges.length;
    ranges.forEach(([low, high], row) => {
      const step = (high - low) / top;
      for (let i = row * each; i < (row + 1) * each; i++) values[i] = low + view.getUint8(codes + i) * step;
    });
    return values;
  }

  /** Low and high of the codes, for the whole part or for each entry of its first axis. */
  ranges(index, name) {
    const part = this.parts.get(name);
    const { view } = this.frames[index];
    if (part.kind === "fixed") return [[part.low, part.high]];
    if (part.kind === "histogram") return [[0, view.getFloat32(part.start + 8, true)]];
    return Array.from({ length: part.ranges }, (_, i) =>
      [0, 4].map((byte) => view.getFloat32(part.start + 8 * i + byte, true)));
  }

  /** The smallest and the largest of the values that a histogram counts. */
  counted(index, name) {
    const { start } = this.parts.get(name);
    return [0, 4].map((byte) => this.frames[index].view.getFloat32(start + byte, true));
  }

  /** The epoch that a frame is in, from 1; 0 before the first step. */
  epoch(index) {
    const steps = this.frames[index].number - (this.isRestored(index) ? 1 : 0);
    return Math.ceil(steps / this.header.steps_per_epoch);
  }

  /** Whether a frame has the weights that early stopping restored: its number is the one after the last step. */
  isRestored(index) {
    return this.frames[index].number === this.header.restored;
  }
}

/** The bytes of a frame after its first; where that is 1, the others are differences to the frame before. */
function undone(body, before) {
  if (body[0] === 1) for (let i = 1; i < body.length; i++) body[i] += before[i];
  return body.subarray(1);
}
