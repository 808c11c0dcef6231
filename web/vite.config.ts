import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { precompress } from './build/precompress.ts';

const server = process.env['QUICKML_SERVER'] ?? 'http://127.0.0.1:8000';

export default defineConfig({
  base: './', // works behind any prefix
  plugins: [svelte(), precompress()],
  build: {
    outDir: '../src/quickml/http/studio/built',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // the policy allows no data: scripts, and the files are cached anyway
    license: { fileName: 'licenses.md' }, // texts of the libraries' licences travel with the page
  },
  worker: { format: 'es' },
  server: { proxy: { '/v1': server, '/readyz': server } },
  test: { include: ['src/**/*.test.ts', 'build/**/*.test.ts'], environment: 'node', testTimeout: 60_000 },
});
