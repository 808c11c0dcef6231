/** Writes a .zip archive of files as they are: pictures are compressed already. */

export interface Entry {
  readonly name: string;
  readonly content: Uint8Array<ArrayBuffer>;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** CRC-32, as archives have it. */
export function crc32(content: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of content) sum = TABLE[(sum ^ byte) & 255]! ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const VERSION = 20;
const UTF8 = 0x800;
/** 1980-01-01: the same pictures give the same archive, which the server knows by its digest. */
const DATE = 0x21;
const MOST_ENTRIES = 65_535;

/** Numbers with their sizes in bytes, the lowest byte first. */
function packed(...numbers: readonly (readonly [size: 2 | 4, value: number])[]): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(numbers.reduce((sum, [size]) => sum + size, 0)));
  let at = 0;
  for (const [size, value] of numbers) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return new Uint8Array(view.buffer);
}

/** An archive of at most 65,535 files and 4 GB. Names have slashes between folders. */
export function zipped(entries: readonly Entry[]): Blob {
  if (entries.length > MOST_ENTRIES) throw new RangeError(`${entries.length} files`);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const central: Uint8Array<ArrayBuffer>[] = [];
  let offset = 0;
  for (const { name, content } of entries) {
    const path = new TextEncoder().encode(name);
    const size = content.length;
    const about = packed(
      [2, VERSION], [2, UTF8], [2, 0], [2, 0], [2, DATE],
      [4, crc32(content)], [4, size], [4, size], [2, path.length], [2, 0],
    ); // prettier-ignore
    parts.push(packed([4, LOCAL]), about, path, content);
    central.push(
      packed([4, CENTRAL], [2, VERSION]), about,
      packed([2, 0], [2, 0], [2, 0], [4, 0], [4, offset]), path,
    ); // prettier-ignore
    offset += 4 + about.length + path.length + size;
  }
  const size = central.reduce((sum, part) => sum + part.length, 0);
  const count = entries.length;
  const end = packed([4, END], [2, 0], [2, 0], [2, count], [2, count], [4, size], [4, offset], [2, 0]);
  return new Blob([...parts, ...central, end], { type: 'application/zip' });
}
