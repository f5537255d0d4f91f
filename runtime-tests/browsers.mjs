// Opens pages in real browsers: a server on 127.0.0.1 hands them out and waits for what they post back.
// Chromium is driven by playwright-core. Stock Firefox speaks no protocol of playwright's, so it just opens the address.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { mustExecute } from '../tools/checks/process.mjs';
import { findOnPath } from './install.mjs';

const TIME_LIMIT_MS = 300_000;

/** A name for 127.0.0.1 whose pages are no secure context, in either browser. */
export const PLAIN_HOST = 'plain.test';

export const CHROMIUM_ARGUMENTS = [
  `--host-resolver-rules=MAP ${PLAIN_HOST} 127.0.0.1`,
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Nothing but the page: no first-run tabs, no updates, no telemetry, no captive-portal requests. */
export const FIREFOX_PREFERENCES = {
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
  'network.dns.localDomains': PLAIN_HOST,
  'services.settings.server': 'data:,',
  'toolkit.telemetry.reportingpolicy.firstRun': false,
};

/** @typedef {(address: string, profile: string) => Promise<{ version: string, close: () => Promise<void> }>} Opener */

/** @type {Opener} */
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

/** @type {Opener} */
export async function openFirefox(address, profile, more = [], preferences = {}) {
  const program = findOnPath('firefox-esr');
  if (program === undefined) throw new Error('firefox-esr is not installed');
  const version = (await mustExecute(program, ['--version'])).trim().replace('Mozilla Firefox ', '');
  const lines = Object.entries({ ...FIREFOX_PREFERENCES, ...preferences }).map(([name, value]) => {
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
 * Opens `/` and waits for outcomes that pages post to `/result`: JSON of `{ result }` or `{ error }`, anything else in it kept.
 *
 * @param {Opener} open
 * @param {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => void} handle -
 *   answers everything but `/result`
 * @param {{ count?: number, timeLimitMs?: number }} [options] - outcomes to wait for, and how long; 1 and five minutes
 * @returns {Promise<{ version: string, outcomes: any[] }>} what came in time, in the order of arrival
 */
export async function visit(open, handle, { count = 1, timeLimitMs = TIME_LIMIT_MS } = {}) {
  const profile = await mkdtemp(join(tmpdir(), 'sagitta-browser-'));
  const all = withResolvers();
  const outcomes = [];
  const server = createServer((request, response) => {
    if (request.method !== 'POST' || request.url !== '/result') return handle(request, response);
    text(request).then((body) => {
      response.end();
      if (outcomes.push(JSON.parse(body)) === count) all.resolve();
    }, all.reject);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const timer = setTimeout(all.resolve, timeLimitMs);
  let browser;
  try {
    browser = await open(`http://127.0.0.1:${server.address().port}/`, profile);
    await all.promise;
    return { version: browser.version, outcomes };
  } finally {
    clearTimeout(timer);
    all.promise.catch(() => {});
    await browser?.close();
    server.closeAllConnections();
    server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/** Promise.withResolvers is newer than Node 20. */
function withResolvers() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
}
