// `node build/compare.js BUILT COMMITTED`: whether two builds are equal, by what compressed files contain, since
// versions of Node compress differently. Prints what differs, and ends with 1 if anything does.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

const [built = '', committed = ''] = process.argv.slice(2);
const differences = [];

const names = new Set([...filesOf(built), ...filesOf(committed)]);
for (const name of [...names].sort()) {
  const [first, second] = [built, committed].map((folder) => contentOf(path.join(folder, name)));
  if (first === null) differences.push(`${name}: the source does not make it`);
  else if (second === null) differences.push(`${name}: not committed`);
  else if (!first.equals(second)) differences.push(`${name}: the source makes another one`);
}
if (names.size === 0) differences.push('there are no files at all');
if (differences.length > 0) {
  process.stderr.write(
    `${differences.join('\n')}\nrun \`npm ci && npm run build\` in web/ and commit what it makes\n`,
  );
  process.exitCode = 1;
} else process.stdout.write(`${names.size} files are what the source makes\n`);

/** @param {string} folder @returns {string[]} */
function filesOf(folder) {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
}

/** The content of a file, unpacked; null where there is none or it is damaged.
 * @param {string} file @returns {Buffer | null} */
function contentOf(file) {
  try {
    const content = readFileSync(file);
    if (file.endsWith('.br')) return brotliDecompressSync(content);
    return file.endsWith('.gz') ? gunzipSync(content) : content;
  } catch {
    return null;
  }
}
