import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { precompress } from './build/precompress.ts';
import { texts } from './build/texts.ts';

const server = process.env['QUICKML_SERVER'] ?? 'http://127.0.0.1:8000';

/** What several views need is in one file, and so are the views of a finished run: few files compress better than many. */
const groups = [
  // Codes for telephones come when asked for. The draft checks itself as soon as it is loaded: only where it is shown.
  {
    name: 'common',
    minShareCount: 2,
    test: (id: string): boolean => !/uqr|QrCode|src.document.draft/.test(id),
    priority: 1,
  },
  { name: 'runs', test: /src.views.(understand|try|take|runs|watch)/ },
];

/** Texts of data of one's own are named as the view that loads them. */
const chunkFileNames = ({ facadeModuleId }: { facadeModuleId: string | null }): string =>
  `assets/${facadeModuleId?.includes('/text/own/') ? 'Data-' : ''}[name]-[hash].js`;

export default defineConfig({
  base: './', // works behind any prefix
  plugins: [svelte(), texts(), precompress()],
  build: {
    outDir: '../src/quickml/http/studio/built',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    rolldownOptions: { output: { chunkFileNames, codeSplitting: { groups } } },
    assetsInlineLimit: 0, // the policy allows no data: scripts, and the files are cached anyway
    license: { fileName: 'licenses.md' }, // texts of the libraries' licences travel with the page
  },
  worker: { format: 'es' },
  server: { proxy: { '/v1': server, '/readyz': server } },
  test: { include: ['src/**/*.test.ts', 'build/**/*.test.ts'], environment: 'node', testTimeout: 60_000 },
});
