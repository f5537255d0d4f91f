// The demo page in Chromium and Firefox: what it does, what axe says of it, what it sends (nothing), and how it looks.
// Screenshots go to runtime-tests/web-demo/screenshots; SAGITTA_SCREENSHOT=FILE writes the one of the README too.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { mustExecute } from '../../tools/checks/process.mjs';
import { findOnPath, installBrowsers, installFromNpm } from '../install.mjs';
import { serve } from '../web/server.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DIST = join(ROOT, 'tools/web-demo/dist');
const SHOTS = fileURLToPath(new URL('./screenshots', import.meta.url));
/** Colours change in 120 ms; half-way they have no contrast. */
const COLOURS_MS = 500;
const WAIT_MS = 120_000;
const BROWSERS = {
  chromium: {
    program: 'chromium',
    options: {
      browser: 'chrome',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  firefox: { program: 'firefox-esr', options: { browser: 'firefox' } },
};
const wanted = process.argv.slice(2);
const require = createRequire(import.meta.url);

await installFromNpm();
await installBrowsers([
  { program: 'chromium', package: 'chromium' },
  { program: 'firefox-esr', package: 'firefox-esr' },
]);
await mustExecute('npm', ['run', '--silent', 'build:page', '-w', '@sagitta/web-demo'], { cwd: ROOT });
await rm(SHOTS, { recursive: true, force: true });
await mkdir(SHOTS, { recursive: true });
const axe = await readFile(require.resolve('axe-core/axe.min.js'), 'utf8');
const { default: puppeteer } = await import('puppeteer-core');
/** A reload fetches the page itself again. */
const afterReload = new Set();
let failed = 0;
for (const [name, { program, options }] of Object.entries(BROWSERS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const start = performance.now();
  let outcome = 'ok  ';
  let detail;
  try {
    detail = await testPage(name, { ...options, executablePath: findOnPath(program) });
  } catch (error) {
    outcome = 'FAIL';
    detail = error.stack;
    failed++;
  }
  console.log(
    `${outcome} demo page, ${name.padEnd(9)} ${((performance.now() - start) / 1000).toFixed(1)} s  ${detail}`,
  );
}
process.exitCode = failed > 0 ? 1 : 0;

function check(isTrue, what) {
  if (!isTrue) throw new Error(what);
}

async function testPage(name, options) {
  const profile = await mkdtemp(join(tmpdir(), 'sagitta-demo-'));
  const server = await serve(await distFiles());
  const browser = await puppeteer.launch({
    ...options,
    headless: true,
    userDataDir: profile,
    protocolTimeout: WAIT_MS,
  });
  try {
    const page = await browser.newPage();
    const problems = [];
    page.on('console', (message) => {
      if (['error', 'warn', 'warning'].includes(message.type())) problems.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => problems.push(`page: ${error}`));
    await page.setViewport({ width: 1280, height: 900 });
    await page.goto(`${server.origin}/`);
    await page.waitForFunction(() => document.documentElement.dataset.readyMs, { timeout: WAIT_MS });
    const readyMs = await page.evaluate(() => document.documentElement.dataset.readyMs);
    const loaded = server.requests.length;
    const found = [];
    const columns = await page.$eval(
      'main',
      (main) => getComputedStyle(main).gridTemplateColumns.split(' ').length,
    );
    check(columns === 3, `three columns expected, got ${columns}: is the style sheet there?`);

    await search(page, 'what does a codebook cost in memory?');
    const texts = await page.$$eval('#hits li', (items) => items.map((item) => item.textContent));
    check(texts.length === 10, `10 hits expected, got ${texts.length}`);
    check((await page.$$('#map .hit')).length === 10, 'ten hits on the map');
    check((await page.$$('#hits mark')).length > 0, 'words that were asked for are marked');
    found.push(...(await audit(page, 'light')));
    await page.click('#compare');
    await said(page, /methods measured/);
    check((await page.$$('#chart .method')).length >= 15, 'dots in the chart');
    const rows = await page.$$eval('#figures tbody tr', (all) =>
      all.map((row) => [...row.cells].map((cell) => cell.textContent)),
    );
    const recall = Object.fromEntries(rows.map(([label, , value]) => [label, Number(value)]));
    check(recall['saq 8'] > 0.9 && recall['saq 8'] >= recall['saq 1'], `recall ${JSON.stringify(recall)}`);
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: join(SHOTS, `${name}-light.png`), fullPage: true });
    if (name === 'chromium' && process.env.SAGITTA_SCREENSHOT) {
      await page.screenshot({ path: process.env.SAGITTA_SCREENSHOT });
    }

    await page.click('#theme');
    await sleep(COLOURS_MS);
    found.push(...(await audit(page, 'dark')));
    await page.screenshot({ path: join(SHOTS, `${name}-dark.png`), fullPage: true });
    await page.click('#theme');

    await words(page, name);
    await keyboard(page);
    await saveAndLoad(page);
    await dropVectors(page, profile);
    await page.setViewport({ width: 390, height: 844 });
    await sleep(200);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    check(overflow <= 0, `the narrow page is ${overflow} px too wide`);
    found.push(...(await audit(page, 'narrow')));
    await page.screenshot({ path: join(SHOTS, `${name}-narrow.png`), fullPage: true });

    const more = server.requests.slice(loaded).filter(({ path }) => !afterReload.has(path));
    check(found.length === 0, `axe: ${found.join('; ')}`);
    check(problems.length === 0, problems.join('; '));
    check(more.length === 0, `requests after the page was loaded: ${JSON.stringify(more)}`);
    return `${await browser.version()}, ready after ${readyMs} ms, axe clean in light, dark and narrow, nothing sent`;
  } finally {
    await browser.close();
    server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

async function distFiles() {
  const files = {};
  for (const entry of await readdir(DIST, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath ?? entry.path, entry.name);
    files[file.slice(DIST.length + 1)] = await readFile(file);
    afterReload.add(`/${file.slice(DIST.length + 1)}`);
  }
  afterReload.add('/').add('/favicon.ico');
  return files;
}

/** Waits for words in the status line. */
async function said(page, words) {
  await page.waitForFunction(
    (source) => new RegExp(source).test(document.getElementById('status').textContent),
    { timeout: WAIT_MS },
    words.source,
  );
}

async function search(page, text) {
  await page.$eval('#query', (input) => {
    input.value = '';
  });
  await page.$eval('#answered', (line) => {
    line.textContent = '';
  });
  await page.type('#query', text);
  await page.waitForFunction(() => / of .* in /.test(document.getElementById('answered').textContent), {
    timeout: WAIT_MS,
  });
  await sleep(300);
}

/** What axe finds wrong. The script comes in by the debugging protocol, past the page's policy. */
async function audit(page, label) {
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate(async () => {
    const found = await globalThis.axe.run(document);
    return {
      violations: found.violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`,
      ),
      passes: found.passes.map(({ id }) => id),
    };
  });
  check(passes.includes('color-contrast'), `axe looked at ${passes}`);
  return violations.map((violation) => `${label} ${violation}`);
}

/** Everything that can be clicked can be reached and used without a pointer. */
async function keyboard(page) {
  await page.evaluate(() => document.activeElement?.blur());
  const reached = new Set();
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press('Tab');
    reached.add(
      await page.evaluate(
        () =>
          document.activeElement?.id || document.activeElement?.className || document.activeElement?.tagName,
      ),
    );
  }
  for (const id of ['theme', 'pick', 'sample', 'compression', 'metric', 'save', 'query', 'compare']) {
    check(reached.has(id), `Tab does not reach #${id}: ${[...reached]}`);
  }
  await page.focus('#hits li button');
  const before = await page.$eval('#query', (input) => input.value);
  await page.keyboard.press('Enter');
  await page.waitForFunction(
    (old) => document.querySelector('#query').value !== old,
    { timeout: WAIT_MS },
    before,
  );
  await sleep(300);
}

/** A vector a word: the words that MaxSim matched are marked, others of the same meaning among them. */
async function words(page, name) {
  await page.select('#compression', 'late');
  await page.waitForFunction(() => /passages/.test(document.querySelector('#stats dd')?.textContent), {
    timeout: WAIT_MS,
  });
  await said(page, /ready/);
  await search(page, 'a codebook of centroids');
  check((await page.$$('#hits li')).length === 10, 'ten hits by MaxSim');
  const marks = await page.$$eval('#hits mark', (all) => all.map((mark) => mark.textContent.toLowerCase()));
  check(
    marks.some((word) => word.includes('codebook') || word.includes('centroid')),
    `marked: ${marks}`,
  );
  await page.screenshot({ path: join(SHOTS, `${name}-words.png`), fullPage: true });
}

async function saveAndLoad(page) {
  await page.click('#save');
  await said(page, /^Saved /);
  await search(page, 'storage in the browser');
  const before = await page.$$eval('#hits li', (items) => items.map((item) => item.textContent));
  await page.reload();
  await page.waitForFunction(() => document.documentElement.dataset.readyMs, { timeout: WAIT_MS });
  await page.waitForFunction(() => !document.getElementById('load').disabled, { timeout: WAIT_MS });
  await page.click('#load');
  await page.waitForFunction(
    () => [...document.querySelectorAll('#stats dd')].some((cell) => cell.textContent === 'loaded'),
    { timeout: WAIT_MS },
  );
  await search(page, 'storage in the browser');
  const after = await page.$$eval('#hits li', (items) => items.map((item) => item.textContent));
  check(JSON.stringify(after) === JSON.stringify(before), 'the loaded index answers otherwise');
}

/** A matrix as .npy: every row finds itself. */
async function dropVectors(page, folder) {
  const [n, d] = [6000, 32];
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${n}, ${d}), }`.padEnd(117);
  const values = new Float32Array(n * d);
  let state = 7;
  for (let i = 0; i < values.length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    values[i] = (state >>> 8) / 2 ** 24 - 0.5;
  }
  const file = join(folder, 'vectors.npy');
  await writeFile(
    file,
    Buffer.concat([
      Buffer.from('\x93NUMPY\x01\x00v\x00', 'latin1'),
      Buffer.from(`${header}\n`),
      Buffer.from(values.buffer),
    ]),
  );
  await (await page.$('#files')).uploadFile(file);
  await said(page, /vectors\.npy: 6,000 vectors of 32 dimensions, ready/);
  await search(page, '4321');
  const first = await page.$eval('#hits li .title', (line) => line.textContent);
  check(first.startsWith('row 4321'), `row 4321 finds ${first}`);
}
