// One function a bundler: builds the app in `app` as a user would, with no plugin for WebAssembly, into `out`.
import { join } from 'node:path';

/** @typedef {{ app: string, out: string }} Folders */

/** @param {Folders} folders */
export async function buildWithEsbuild({ app, out }) {
  const esbuild = await import('esbuild');
  await esbuild.build({
    entryPoints: [join(app, 'page.mjs')],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    outdir: out,
    logLevel: 'silent',
  });
}

/** Without `browser: true`, as most configurations have it: Rollup then takes the `default` condition. */
export async function buildWithRollup({ app, out }) {
  const { rollup } = await import('rollup');
  const { nodeResolve } = await import('@rollup/plugin-node-resolve');
  const bundle = await rollup({ input: join(app, 'page.mjs'), plugins: [nodeResolve()], onwarn: fail });
  await bundle.write({ dir: out, format: 'es', entryFileNames: '[name].js' });
  await bundle.close();
}

export async function buildWithWebpack({ app, out }) {
  const { default: webpack } = await import('webpack');
  const stats = await new Promise((resolve, reject) => {
    webpack(
      {
        mode: 'production',
        target: 'web',
        context: app,
        entry: { page: './page.mjs', 'worker-page': './worker-page.mjs' },
        // so that no code asks document.currentScript where it came from
        output: { path: out, filename: '[name].js', publicPath: '/webpack/' },
        experiments: { topLevelAwait: true },
        performance: { hints: false },
      },
      (error, result) => (error ? reject(error) : resolve(result)),
    );
  });
  if (stats.hasErrors() || stats.hasWarnings()) fail(stats.toString({ colors: false }));
}

export async function buildWithVite({ app, out }) {
  const { build } = await import('vite');
  await build({
    ...viteOptions(app, '/vite/'),
    build: {
      outDir: out,
      emptyOutDir: true,
      rollupOptions: { input: [join(app, 'index.html'), join(app, 'worker.html')] },
    },
  });
}

/** @returns {Promise<import('vite').ViteDevServer>} whose middlewares serve the app below /vite-dev/ */
export async function serveWithVite({ app }) {
  const { createServer } = await import('vite');
  return createServer({
    ...viteOptions(app, '/vite-dev/'),
    appType: 'mpa',
    server: { middlewareMode: true, hmr: false, ws: false },
  });
}

function viteOptions(app, base) {
  return { root: app, base, configFile: false, logLevel: 'warn', worker: { format: 'es' } };
}

function fail(warning) {
  throw new Error(typeof warning === 'string' ? warning : warning.message);
}
