// Browsers driven by puppeteer, which commands Firefox as well as Chromium: several tabs of one profile, and what they run.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHROMIUM_ARGUMENTS, FIREFOX_PREFERENCES } from './browsers.mjs';
import { findOnPath } from './install.mjs';

/** How long a page may take for what it is asked. */
const LIMIT_MS = 300_000;

/** Else tabs of one site share a process, and end together. */
const ONE_PROCESS_A_TAB = '--disable-features=ProcessPerSiteUpToMainFrameThreshold';

/** Tabs behind another one go on as fast: in Chromium puppeteer sees to that. */
const FAST_TIMERS = {
  'dom.min_background_timeout_value': 4,
  'dom.min_background_timeout_value_without_budget_throttling': 4,
};

/**
 * Runs `body` with a browser of a profile of its own.
 * @param {'chromium' | 'firefox'} name
 * @param {(browser: import('puppeteer-core').Browser) => Promise<any>} body
 * @param {Record<string, unknown>} [preferences] - of Firefox
 */
export async function withBrowser(name, body, preferences = {}) {
  const { default: puppeteer } = await import('puppeteer-core');
  const isFirefox = name === 'firefox';
  const profile = await mkdtemp(join(tmpdir(), 'sagitta-browser-'));
  try {
    const browser = await puppeteer.launch({
      browser: isFirefox ? 'firefox' : 'chrome',
      executablePath: findOnPath(isFirefox ? 'firefox-esr' : 'chromium'),
      headless: true,
      userDataDir: profile,
      protocolTimeout: LIMIT_MS,
      ...(isFirefox
        ? {
            extraPrefsFirefox: { ...FIREFOX_PREFERENCES, ...FAST_TIMERS, ...preferences },
            env: { ...process.env, HOME: profile, MOZ_CRASHREPORTER_DISABLE: '1' },
          }
        : { args: [...CHROMIUM_ARGUMENTS, ONE_PROCESS_A_TAB] }),
    });
    try {
      return await body(browser);
    } finally {
      await browser.close();
    }
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
