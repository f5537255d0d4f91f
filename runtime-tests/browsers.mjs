// Runs the page in real browsers: a server on 127.0.0.1 hands it out and waits for the hashes it posts back.
// Chromium is driven by playwright-core. Stock Firefox speaks no protocol of playwright's, so it just opens the address.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mustExecute } from '../tools/checks/process.mjs';
import { findOnPath } from './install.mjs';

const TIME_LIMIT_MS = 90_000;

const CHROMIUM_ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Nothing but the page: no first-run tabs, no updates, no telemetry, no captive-portal requests. */
const FIREFOX_PREFERENCES = {
  'app.update.enabled': false,
  'browser.aboutwelcome.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,',
  'toolkit.telemetry.reportingpolicy.firstRun': false,
};

export async function runChromium(script) {
  return withPage(script, openChromium);
}

export async function runFirefox(script) {
  return withPage(script, openFirefox);
}

/**
 * Opens `address` in Chromium with a profile of its own.
 * @returns {Promise<{ version: string, close: () => Promise<void>, page: import('playwright-core').Page }>}
 */
export async function openChromium(address, profile) {
  const { chromium } = await import('playwright-core');
  const executablePath = findOnPath('chromium');
  if (executablePath === undefined) throw new Error('chromium is not installed');
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: CHROMIUM_ARGUMENTS,
  });
  const page = context.pages()[0] ?? (await context.newPage());
  await page.goto(address);
  const version = context.browser()?.version() ?? (await mustExecute(executablePath, ['--version'])).trim();
  return { version, page, close: () => context.close() };
}

/**
 * Opens `address` in Firefox with a profile of its own.
 * @param {readonly string[]} [more] - further arguments
 */
export async function openFirefox(address, profile, more = []) {
  const program = findOnPath('firefox-esr');
  if (program === undefined) throw new Error('firefox-esr is not installed');
  const version = (await mustExecute(program, ['--version'])).trim().replace('Mozilla Firefox ', '');
  const lines = Object.entries(FIREFOX_PREFERENCES).map(([name, value]) => {
    return `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`;
  });
  await writeFile(join(profile, 'user.js'), `${lines.join('\n')}\n`);
  // Its own process group, so that its content processes end with it.
  const child = spawn(program, ['--headless', '--no-remote', '--profile', profile, ...more, address], {
    stdio: 'ignore',
    detached: true,
    env: { ...process.env, HOME: profile, MOZ_CRASHREPORTER_DISABLE: '1' },
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  return {
    version,
    ended,
    close: async () => {
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGTERM');
      await ended;
    },
  };
}

/**
 * Serves a page with `script` and opens it.
 * @param {string} script - bundled module source
 * @param {(address: string, profile: string) => Promise<{ version: string, close: () => Promise<void> }>} open
 * @returns {Promise<{ version: string, hashes: Record<string, string> }>}
 */
async function withPage(script, open) {
  const profile = await mkdtemp(join(tmpdir(), 'sagitta-browser-'));
  const posted = withResolvers();
  const server = createServer((request, response) => answer(request, response, script, posted.resolve));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const timer = setTimeout(() => posted.reject(new Error('the page posted nothing in time')), TIME_LIMIT_MS);
  let browser;
  try {
    browser = await open(`http://127.0.0.1:${server.address().port}/`, profile);
    const outcome = JSON.parse(await posted.promise);
    if (outcome.error) throw new Error(outcome.error);
    return { version: browser.version, hashes: outcome.hashes };
  } finally {
    clearTimeout(timer);
    posted.promise.catch(() => {});
    await browser?.close();
    server.closeAllConnections();
    server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

function answer(request, response, script, resolve) {
  if (request.method === 'POST' && request.url === '/result') {
    let body = '';
    request.setEncoding('utf8').on('data', (text) => {
      body += text;
    });
    request.on('end', () => {
      response.end();
      resolve(body);
    });
  } else if (request.url === '/page.mjs') {
    response.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
  } else if (request.url === '/') {
    response.writeHead(200, {
      'content-type': 'text/html',
      'content-security-policy': "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'",
    });
    response.end('<!doctype html><title>smoke</title><script type="module" src="/page.mjs"></script>');
  } else {
    response.writeHead(404).end();
  }
}

/** Promise.withResolvers is newer than Node 20. */
function withResolvers() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
}
