// npm run test:runtimes, collections: the same cases in Node, in pages and in workers of Chromium and Firefox, with the same
// answers; what only browsers have; tabs that are killed while they write. npm run test:tab-kills: a hundred kills in each.
// Arguments: names of browsers (default both), --kills N (12), --only-kills.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openCollection, openTokenCollection } from '@sagitta/node/collection';
import { PLAIN_HOST } from '../browsers.mjs';
import { bundle } from '../bundle.mjs';
import { installBrowsers, installFromNpm } from '../install.mjs';
import { withBrowser } from '../launch.mjs';
import { reporter } from '../report.mjs';
import { hash } from '../smoke/seeded.mjs';
import { serve } from '../web/server.mjs';
import { runCases } from './cases.mjs';
import { killTabs } from './kill-tabs.mjs';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { kills: { type: 'string', default: '12' }, 'only-kills': { type: 'boolean' } },
});
/** What a browser gives an origin in the test of a full one. */
const QUOTA_BYTES = 10e6;
/** Kilobytes for all origins of Firefox, of which one gets a fifth, and 10 MB at least. */
const FIREFOX_QUOTA = { 'dom.quotaManager.temporaryStorage.fixedLimit': 51_200 };

await installFromNpm();
await installBrowsers();
const files = await pages();
const { report, end } = reporter('collections');
let expected;
if (!values['only-kills']) await report('node', inNode);
for (const name of positionals.length > 0 ? positionals : ['chromium', 'firefox']) {
  if (!values['only-kills']) {
    await report(`${name}, page`, () => sameAnswers(name, 'cases'));
    await report(`${name}, worker`, () => sameAnswers(name, 'worker'));
    await report(`${name}, what only browsers have`, () => inPage(name, 'own'));
    await report(`${name}, 10 MB of storage`, () => inPage(name, 'full'));
    await report(`${name}, insecure origin`, () => inPage(name, 'insecure'));
  }
  await report(`${name}, killed tabs`, () => killTabs(name, files, Number(values.kills)));
}
end();

async function pages() {
  const page = (script) =>
    `<!doctype html><html lang="en"><title>test</title><body><script type="module" src="./${script}"></script>`;
  const script = (name) => bundle(join(FOLDER, name));
  return {
    'index.html': page('page.js'),
    'writer.html': page('writer.js'),
    'reader.html': page('reader.js'),
    'blank.html': '<!doctype html><title>blank</title>',
    'page.js': await script('page.mjs'),
    'collection-worker.js': await script('worker.mjs'),
    'writer.js': await script('writer.mjs'),
    'writer-worker.js': await script('writer-worker.mjs'),
    'reader.js': await script('reader.mjs'),
    'broken-worker.js': 'this is no script',
    'search-worker.js': await bundle(fileURLToPath(import.meta.resolve('@sagitta/web/search-worker'))),
  };
}

function fingerprint(answers) {
  return hash(new TextEncoder().encode(JSON.stringify(answers)));
}

async function inNode() {
  const folder = await mkdtemp(join(tmpdir(), 'sagitta-collections-'));
  let made = 0;
  try {
    const fresh = () => join(folder, `c${made++}`);
    const answers = await runCases({
      open: openCollection,
      openTokens: openTokenCollection,
      fresh,
      argument: 'folder',
    });
    expected = await fingerprint(answers);
    return `${Object.keys(answers).length} cases, answers ${expected.slice(0, 16)}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a part of the page answers. */
async function inPage(name, part) {
  const server = await serve(files);
  const host = part === 'insecure' ? PLAIN_HOST : '127.0.0.1';
  const origin = server.origin.replace('127.0.0.1', host);
  const body = async (browser) => {
    const page = await browser.newPage();
    if (part === 'full' && name === 'chromium') {
      // it keeps this limit for OPFS alone
      await page.goto(`${origin}/blank.html`);
      const session = await page.createCDPSession();
      await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: QUOTA_BYTES });
    }
    await page.goto(`${origin}/index.html`);
    await page.waitForFunction(() => globalThis.run !== undefined);
    return page.evaluate((which) => globalThis.run(which), part);
  };
  try {
    return await withBrowser(name, body, part === 'full' ? FIREFOX_QUOTA : {});
  } finally {
    server.close();
  }
}

async function sameAnswers(name, part) {
  const answers = await inPage(name, part);
  const found = await fingerprint(answers);
  if (found !== expected)
    throw new Error(`other answers than Node's: ${JSON.stringify(answers).slice(0, 2000)}`);
  return `${Object.keys(answers).length} cases, the answers of Node`;
}
