// A ten-line app from packed tarballs, built by the bundlers that people use and run where the bundle is meant to run.
// Every bundle has to give the answer that Node gives; pages run in Chromium and Firefox under a strict policy.
// `node bundler-tests/run.mjs next vite` runs the steps whose names have one of the words, without pages. SAGITTA_BUNDLER_REPORT=FILE keeps the counts as JSON.
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openChromium, openFirefox, visit } from '../runtime-tests/browsers.mjs';
import { installBrowsers, installFromNpm } from '../runtime-tests/install.mjs';
import { workerdProgram } from '../runtime-tests/runtimes.mjs';
import { serveFolder } from '../runtime-tests/serve-folder.mjs';
import { runWorkerd } from '../runtime-tests/workerd.mjs';
import { packInto } from '../tools/checks/pack.mjs';
import { mustExecute } from '../tools/checks/process.mjs';
import { checkBundle } from './check-bundle.mjs';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const BUILD = join(FOLDER, 'build');
const APP = join(BUILD, 'app');
const PAGE_LIMIT_MS = 60_000;

const wanted = process.argv.slice(2);
let passed = 0;
let failed = 0;

await installFromNpm(FOLDER);
await installFromNpm();
await installBrowsers();
await prepareApp();
const { search } = await import(join(APP, 'search.mjs'));
const expected = search();

await step('node', async () => `answers ${expected}`);
const bundlers = await import('./bundlers.mjs');
for (const [name, build] of [
  ['esbuild', bundlers.buildWithEsbuild],
  ['rollup', bundlers.buildWithRollup],
  ['webpack', bundlers.buildWithWebpack],
  ['vite', bundlers.buildWithVite],
]) {
  await step(`${name} build`, async () => {
    const out = join(BUILD, 'out', name);
    await build({ app: APP, out });
    return checkBundle(out);
  });
}
if (wanted.length === 0) await runPages();
await step('workerd, as wrangler bundles', async () => {
  const { version, result } = await runWorkerd(workerdProgram(), { module: join(APP, 'work.mjs') });
  check(result);
  return version;
});
if (isWanted('next')) await runNext();

console.log(`bundlers: ${passed} passed, ${failed} failed`);
const report = process.env.SAGITTA_BUNDLER_REPORT;
if (report) await writeFile(report, JSON.stringify({ passed, failed }));
process.exit(failed > 0 ? 1 : 0);

/** The app beside node_modules that hold the tarballs, so that nothing of the repository is in reach of a bundler. */
async function prepareApp() {
  await rm(BUILD, { recursive: true, force: true });
  await mkdir(join(BUILD, 'tarballs'), { recursive: true });
  await cp(join(FOLDER, 'app'), APP, { recursive: true });
  await cp(join(FOLDER, 'next-app'), join(BUILD, 'next-app'), { recursive: true });
  await cp(join(APP, 'search.mjs'), join(BUILD, 'next-app', 'search.mjs'));
  await writeFile(join(BUILD, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  const tarballs = await packInto(join(BUILD, 'tarballs'));
  const files = ['core-wasm', 'quantizers', 'retrieval', 'web'].map((name) => tarballs.get(name).tarball);
  await mustExecute('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...files], {
    cwd: BUILD,
  });
}

/** All pages in frames of one page, so that each browser starts once. */
async function runPages() {
  const { serveWithVite } = bundlers;
  const vite = await serveWithVite({ app: APP });
  const built = serveFolder(join(BUILD, 'out'));
  const pages = {
    esbuild: '/esbuild/page.html',
    rollup: '/rollup/page.html',
    webpack: '/webpack/page.html',
    'webpack worker': '/webpack/worker-page.html',
    vite: '/vite/index.html',
    'vite worker': '/vite/worker.html',
    'vite dev': '/vite-dev/index.html',
    'vite dev worker': '/vite-dev/worker.html',
  };
  for (const [browser, open] of Object.entries({ chromium: openChromium, firefox: openFirefox })) {
    const { version, outcomes } = await visit(
      open,
      (request, response) => {
        if (request.url === '/') return shell(response, Object.values(pages));
        if (request.url.startsWith('/vite-dev/')) return vite.middlewares(request, response);
        built(request, response);
      },
      { count: Object.keys(pages).length, timeLimitMs: PAGE_LIMIT_MS },
    );
    for (const [page, path] of Object.entries(pages)) {
      await step(`${page} in ${browser}`, async () => {
        const outcome = outcomes.find(({ name }) => name === path);
        if (outcome === undefined) throw new Error('the page posted nothing in time');
        if (outcome.error) throw new Error(outcome.error);
        check(outcome.result);
        return version;
      });
    }
  }
  await vite.close();
}

function shell(response, addresses) {
  response.writeHead(200, { 'content-type': 'text/html' });
  response.end(
    `<!doctype html><title>bundles</title>${addresses.map((src) => `<iframe src="${src}"></iframe>`).join('')}`,
  );
}

/** A client component in Chromium, a route of the Node.js runtime, a route of the edge runtime. */
async function runNext() {
  const dir = join(BUILD, 'next-app');
  const env = { NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' };
  let handle;
  await step('next build', async () => {
    const program = join(FOLDER, 'node_modules/next/dist/bin/next');
    await mustExecute(process.execPath, [program, 'build'], { cwd: dir, env });
    const { default: next } = await import('next');
    const app = next({ dev: false, dir });
    await app.prepare();
    handle = app.getRequestHandler();
    return 'built';
  });
  if (handle === undefined) return;
  const { version, outcomes } = await visit(openChromium, handle, { timeLimitMs: PAGE_LIMIT_MS });
  await step('next page in chromium', async () => {
    if (outcomes.length === 0) throw new Error('the page posted nothing in time');
    if (outcomes[0].error) throw new Error(outcomes[0].error);
    check(outcomes[0].result);
    return version;
  });
  for (const route of ['node', 'edge']) {
    await step(`next ${route} route`, async () => {
      check(await answerOf(handle, `/api/${route}`));
      return 'answers';
    });
  }
}

async function answerOf(handle, path) {
  const { createServer } = await import('node:http');
  const server = createServer(handle);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`);
    return await response.text();
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function check(answer) {
  if (answer !== expected) throw new Error(`answers ${answer}, expected ${expected}`);
}

function isWanted(name) {
  return wanted.length === 0 || wanted.some((word) => name.includes(word));
}

async function step(name, run) {
  if (!isWanted(name)) return;
  const start = performance.now();
  let outcome = 'ok  ';
  let detail;
  try {
    detail = await run();
    passed++;
  } catch (error) {
    outcome = 'FAIL';
    detail = error instanceof Error ? error.message : String(error);
    failed++;
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${outcome} ${name.padEnd(34)} ${seconds.padStart(6)} s  ${detail}`);
}
