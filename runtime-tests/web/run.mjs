// npm run test:runtimes, second half: workers, storage, ranges and interrupted saves in Chromium and Firefox.
// Arguments name the browsers to run (default both); SAGITTA_KILLS=N changes the number of interrupted saves (100).
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createCore } from '@sagitta/core-wasm';
import { buildIvf, saveIndex } from '@sagitta/retrieval';
import { openChromium, openFirefox, PLAIN_HOST } from '../browsers.mjs';
import { bundle } from '../bundle.mjs';
import { installBrowsers, installFromNpm } from '../install.mjs';
import { reporter } from '../report.mjs';
import { fill, hash } from '../smoke/seeded.mjs';
import { serve } from './server.mjs';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const TIME_LIMIT_MS = 400_000;
const KILLS = Number(process.env.SAGITTA_KILLS ?? 100);
const BROWSERS = { chromium: openChromium, firefox: openFirefox };
const wanted = process.argv.slice(2);
const require = createRequire(import.meta.url);

await installFromNpm();
await installBrowsers([
  { program: 'chromium', package: 'chromium' },
  { program: 'firefox-esr', package: 'firefox-esr' },
]);
const files = await pages();
const expected = { file: await hash(files['index.sag']) };
const { report, end } = reporter('web');
for (const [name, open] of Object.entries(BROWSERS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  await report(`${name}, page`, () => runPage(open, '/', KILLS));
  await report(`${name}, isolated page`, () => runPage(open, '/isolated/', 0));
  await report(`${name}, workers that end, overlaps`, () => runWorkers(open, '127.0.0.1'));
  await report(`${name}, workers that end, no locks`, () => runWorkers(open, PLAIN_HOST));
  await report(`${name}, tabs`, () => runTabs(open, '127.0.0.1'));
  await report(`${name}, 10 MB of storage`, () => runFull(name));
  await report(`${name}, tabs of an insecure origin`, () => runTabs(open, PLAIN_HOST));
}
if (wanted.length === 0 || wanted.includes('chromium')) {
  await report('chromium, tabs reloaded, closed, crashed', () => killTabs(KILLS));
}
end();

/** Every file of the pages, by path. */
async function pages() {
  const page = (script) =>
    `<!doctype html><html lang="en"><title>test</title><body><script type="module" src="./${script}"></script>`;
  const index = makeIndex();
  return {
    'index.html': page('page.js'),
    'kill.html': page('kill-frame.js'),
    'read.html': page('read-version.js'),
    'tabs.html': page('tabs.js'),
    'workers.html': page('workers-page.js'),
    'workers-page.js': await bundle(join(FOLDER, 'workers-page.mjs')),
    'faulty-worker.js': await bundle(join(FOLDER, 'faulty-worker.mjs')),
    'mute-worker.js': '',
    'broken-worker.js': 'this is no script',
    'blank.html': '<!doctype html><title>blank</title>',
    'page.js': await bundle(join(FOLDER, 'page.mjs')),
    'kill-frame.js': await bundle(join(FOLDER, 'kill-frame.mjs')),
    'kill-worker.js': await bundle(join(FOLDER, 'kill-worker.mjs')),
    'quota.html': page('quota.js'),
    'quota.js': await bundle(join(FOLDER, 'quota.mjs')),
    'tabs.js': await bundle(join(FOLDER, 'tabs.mjs')),
    'tabs-worker.js': await bundle(join(FOLDER, 'tabs-worker.mjs')),
    'read-version.js': await bundle(join(FOLDER, 'read-version.mjs')),
    'search-worker.js': await bundle(fileURLToPath(import.meta.resolve('@sagitta/web/search-worker'))),
    'simd.wasm': await readFile(require.resolve('@sagitta/core-wasm/simd.wasm')),
    'index.sag': index,
    'whole.sag': index,
  };
}

/** The index that the page builds too. */
function makeIndex() {
  const d = 48;
  const rows = new Float32Array(6000 * d);
  fill(rows, 21, 1 / 9);
  for (let i = 0; i < rows.length; i++) rows[i] /= 1 + (i % d) / 6;
  const core = createCore();
  const index = buildIvf(core, rows, d, { metric: 'l2', nlist: 16, bits: 3, seed: 4 });
  const bytes = saveIndex(index);
  index.dispose();
  return bytes;
}

async function withProfile(body) {
  const profile = await mkdtemp(join(tmpdir(), 'sagitta-web-'));
  try {
    return await body(profile);
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/** What a page posts. */
async function visitPage(open, host, path) {
  return withProfile(async (profile) => {
    let posted;
    const outcome = new Promise((resolve) => {
      posted = resolve;
    });
    const server = await serve(files, (body) => posted(JSON.parse(body)));
    let browser;
    try {
      browser = await open(`${server.origin.replace('127.0.0.1', host)}${path}`, profile);
      const late = sleep(TIME_LIMIT_MS, undefined, { ref: false }).then(() => {
        throw new Error('the page posted nothing in time');
      });
      const { passed, failed: problems } = await Promise.race([outcome, late]);
      if (Object.keys(problems).length > 0) throw new Error(JSON.stringify(problems, null, 1));
      return { version: browser.version, passed };
    } finally {
      await browser?.close();
      server.close();
    }
  });
}

async function runPage(open, path, tries) {
  const { version, passed } = await visitPage(open, '127.0.0.1', `${path}?tries=${tries}`);
  if (passed.worker.file !== expected.file) throw new Error('the worker built another file than Node');
  if (passed.worker.found !== passed.node.found) throw new Error('other answers than those of Node’s file');
  const notes = Object.entries({ ...passed.shards, ...passed.kills }).map(
    ([key, value]) => `${key}: ${value}`,
  );
  return [`${version}, ${Object.keys(passed).length} tests`, ...notes].join(', ');
}

async function runWorkers(open, host) {
  const { version, passed } = await visitPage(open, host, '/workers.html');
  const notes = Object.values(passed).filter((note) => note !== '');
  return [`${version}, ${Object.keys(passed).length} tests`, ...notes].join(', ');
}

async function runTabs(open, host) {
  const { version, passed } = await visitPage(open, host, '/tabs.html');
  const reads = Object.values(passed).reduce((sum, { whole = 0 }) => sum + whole, 0);
  const changed = Object.values(passed).reduce((sum, { changed: count = 0 }) => sum + count, 0);
  return `${version}, ${Object.keys(passed).length} tests, reads during saves: ${reads} whole, ${changed} ChangedError`;
}

/** A page in a browser that gives it 10 MB. Chromium keeps the limit that its protocol sets for OPFS alone. */
async function runFull(name) {
  const openers = {
    async chromium(address, profile) {
      const { origin } = new URL(address);
      const browser = await openChromium(`${origin}/blank.html`, profile);
      const session = await browser.page.context().newCDPSession(browser.page);
      await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 10e6 });
      await browser.page.goto(address);
      return browser;
    },
    // kilobytes for all origins; one gets a fifth, and 10 MB at least
    firefox: (address, profile) =>
      openFirefox(address, profile, [], { 'dom.quotaManager.temporaryStorage.fixedLimit': 51_200 }),
  };
  const kinds = name === 'chromium' ? 'opfs' : 'opfs,indexeddb';
  const { version, passed } = await visitPage(openers[name], '127.0.0.1', `/quota.html?kinds=${kinds}`);
  return `${version}, ${Object.keys(passed).join(' and ')}`;
}

/** Tabs that end in the middle of a save: reloaded, closed, and with their process crashed. */
async function killTabs(tries) {
  return withProfile(async (profile) => {
    const server = await serve(files);
    let browser;
    const counts = { old: 0, new: 0 };
    try {
      browser = await openChromium(`${server.origin}/read.html`, profile);
      const reader = browser.page;
      const context = reader.context();
      for (const kind of ['opfs', 'indexeddb']) {
        let last = -1;
        for (let i = 0; i < tries / 2; i++) {
          const page = await context.newPage();
          await page.goto(`${server.origin}/kill.html?kind=${kind}&from=${last + 1}`);
          await page.waitForFunction(
            () => globalThis.kill.saved >= 0 && globalThis.kill.saving > globalThis.kill.saved,
          );
          await sleep(((i * 37) % 90) + 1);
          const state = await page.evaluate(() => ({ ...globalThis.kill }));
          if (i % 3 === 0) await page.goto(`${server.origin}/blank.html`);
          else if (i % 3 === 1) await crash(page);
          await page.close();
          const found = await reader.evaluate((which) => globalThis.readVersion(which), kind);
          // the state is older than the end by the time that one message takes
          if (found < state.saved) throw new Error(`try ${i}: ${JSON.stringify(state)}, found ${found}`);
          counts[found > state.saved ? 'new' : 'old']++;
          last = Math.max(found, state.saving);
        }
      }
      return `${tries} tries, the old index found ${counts.old} times, the new one ${counts.new}`;
    } finally {
      await browser?.close();
      server.close();
    }
  });
}

async function crash(page) {
  const session = await page.context().newCDPSession(page);
  const crashed = new Promise((resolve) => page.once('crash', resolve));
  session.send('Page.crash').catch(() => {});
  await crashed;
}
