/** The app for runtimes without Node's files, threads and sockets: bundled, it asks for nothing of Node. */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, it } from 'vitest';

it('brings nothing of Node', async () => {
  const { metafile } = await build({
    stdin: {
      contents: "export { createApp, servedIndex } from './src/app.ts';",
      resolveDir: fileURLToPath(new URL('../..', import.meta.url)),
    },
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['@sagitta/source'],
  });
  const imported = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  expect([...new Set(imported)]).toEqual([]);
});
