// `npm run bench:workers`: two workers against one, in threads of Node and in a page in Chromium.
// Arguments name the places (node, chromium, firefox; default node and chromium); --rounds N, default 9. Two workers need two
// cores that are free, besides what the main thread takes to copy vectors.
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { SearchClient, ShardedClient } from '@sagitta/node/worker';
import { openChromium, openFirefox } from '../../runtime-tests/browsers.mjs';
import { bundle } from '../../runtime-tests/bundle.mjs';
import { installBrowsers, installFromNpm } from '../../runtime-tests/install.mjs';
import { serve } from '../../runtime-tests/web/server.mjs';
import { contest, SETTING } from './contest.mjs';

const BROWSERS = {
  chromium: { open: openChromium, program: 'chromium', package: 'chromium' },
  firefox: { open: openFirefox, program: 'firefox-esr', package: 'firefox-esr' },
};

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '9' } },
  allowPositionals: true,
});
const rounds = Number(values.rounds);
const places = positionals.length > 0 ? positionals : ['node', 'chromium'];

console.log(`${cpus()[0]?.model}, ${cpus().length} cores, ${new Date().toISOString().slice(0, 10)}`);
console.log(`${SETTING}, median of ${rounds} rounds`);
for (const place of places) {
  const { version, outcomes } = place === 'node' ? await inNode() : await inBrowser(BROWSERS[place]);
  console.log(`\n${place} ${version}`);
  const table = outcomes.map(({ name, one, two, ratio }) => [
    name,
    { one: `${one.toFixed(0)} ms`, two: `${two.toFixed(0)} ms`, ratio: `${ratio.toFixed(2)} ×` },
  ]);
  console.table(Object.fromEntries(table));
}

async function inNode() {
  return { version: process.version, outcomes: await contest({ SearchClient, ShardedClient, rounds }) };
}

async function inBrowser(browser) {
  if (!browser) throw new RangeError(`"places" expected node, chromium or firefox, got ${places.join(' ')}`);
  await installFromNpm();
  await installBrowsers([browser]);
  const files = {
    'index.html':
      '<!doctype html><html lang="en"><title>bench</title><body><script type="module" src="./page.js"></script>',
    'page.js': await bundle(fileURLToPath(new URL('./page.mjs', import.meta.url))),
    'search-worker.js': await bundle(fileURLToPath(import.meta.resolve('@sagitta/web/search-worker'))),
  };
  const profile = await mkdtemp(join(tmpdir(), 'sagitta-bench-'));
  let posted;
  const outcome = new Promise((resolve) => {
    posted = resolve;
  });
  const server = await serve(files, (body) => posted(JSON.parse(body)));
  let opened;
  try {
    opened = await browser.open(`${server.origin}/?rounds=${rounds}`, profile);
    const { outcomes, error } = await outcome;
    if (error !== undefined) throw new Error(error);
    return { version: opened.version, outcomes };
  } finally {
    await opened?.close();
    server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
