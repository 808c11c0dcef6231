import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { crc32, zipped } from './zip.ts';

const bytes = (text: string): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;

it('crc32', () => expect(crc32(bytes('123456789'))).toBe(0xcbf43926));

it('writes what Python reads', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'zip'));
  try {
    const file = path.join(folder, 'a.zip');
    const entries = [
      { name: 'Äpfel/1.jpg', content: bytes('one') },
      { name: 'Kiwi/1.jpg', content: bytes('') },
    ];
    writeFileSync(file, new Uint8Array(await zipped(entries).arrayBuffer()));
    const script =
      'import json,sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; ' +
      'print(json.dumps([[n, z.read(n).decode()] for n in z.namelist()]))';
    const found: unknown = JSON.parse(execFileSync('python3', ['-c', script, file], { encoding: 'utf8' }));
    expect(found).toEqual([
      ['Äpfel/1.jpg', 'one'],
      ['Kiwi/1.jpg', ''],
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('is the same for the same files', async () => {
  const one = zipped([{ name: 'a', content: bytes('x') }]);
  expect(await one.text()).toBe(await zipped([{ name: 'a', content: bytes('x') }]).text());
});
