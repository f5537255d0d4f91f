// Kills the process of a tab that writes to a collection, with SIGKILL and at random moments, again and again, while another tab
// reads; then looks what is there: of each id what the last acknowledged write of it says, or what one says that was asked for
// later and never acknowledged. The server hears what was acknowledged.
import { setTimeout as sleep } from 'node:timers/promises';
import { withBrowser } from '../launch.mjs';
import { integers } from '../smoke/seeded.mjs';
import { serve } from '../web/server.mjs';
import { processOf } from './content-process.mjs';
import { LANES, operationOf } from './operations.mjs';

const READY_MS = 60_000;
const CLOSE_MS = 5000;

/**
 * @param {'chromium' | 'firefox'} name
 * @param {Record<string, string>} files - of the pages
 * @returns {Promise<string>} what happened; rejects where anything is lost
 */
export async function killTabs(name, files, kills) {
  let hear;
  const server = await serve(files, (body) => hear?.(JSON.parse(body)));
  const random = integers(31);
  const state = new Map();
  const total = { acknowledged: 0, compacted: 0, midway: 0, reads: 0, waited: 0 };
  try {
    await withBrowser(name, async (browser) => {
      const reader = await browser.newPage();
      await reader.goto(`${server.origin}/reader.html`);
      await reader.waitForFunction(() => globalThis.isReady);
      for (let round = 1; round <= kills; round++) {
        const durability = random() % 4 === 0 ? 'relaxed' : 'sync';
        const where = round % 2 === 0 ? 'worker' : 'page';
        const delay = random() % (random() % 4 === 0 ? 3000 : 1200);
        const writer = await browser.newPage();
        await writer.goto(`${server.origin}/writer.html`);
        const pid = await processOf(browser, writer);
        const heard = listen((listener) => {
          hear = listener;
        });
        await reader.evaluate(() => globalThis.startReading());
        await writer.evaluate((how) => globalThis.start(how), { round, durability, where });
        await heard.ready.catch(async (error) => {
          const locks = await reader.evaluate(() => navigator.locks.query());
          throw new Error(`round ${round}, ${where}: ${error.message}; locks: ${JSON.stringify(locks)}`);
        });
        await sleep(delay);
        process.kill(pid, 'SIGKILL');
        total.reads += await reader.evaluate(() => globalThis.stopReading());
        const found = await reader.evaluate((all) => globalThis.inspect(all), round % 10 === 0);
        hear = undefined;
        if (heard.error) throw new Error(`round ${round}: the writer: ${heard.error}`);
        compare(state, round, heard.done, new Map(found.there));
        total.acknowledged += heard.done.size;
        total.compacted += heard.compacted;
        total.midway += Number(found.midway);
        total.waited = Math.max(total.waited, found.waited);
        await Promise.race([writer.close().catch(() => {}), sleep(CLOSE_MS, undefined, { ref: false })]);
      }
      return browser.version();
    });
  } finally {
    server.close();
  }
  const { acknowledged, compacted, midway, reads, waited } = total;
  return `${kills} kills, ${acknowledged} acknowledged writes: 0 lost, 0 torn; ${compacted} compactions, ${midway} segments under way, ${reads} reads beside it, opened again within ${Math.round(waited)} ms`;
}

/** Collects what a writer says until its tab is dead. */
function listen(setListener) {
  const heard = { done: new Set(), compacted: 0, error: undefined };
  heard.ready = new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the writer was not ready in time')), READY_MS);
    setListener((message) => {
      if (message.error) {
        heard.error = message.error;
        reject(new Error(message.error));
      } else if (message.ready) resolve();
      else if (message.compacted) heard.compacted++;
      else heard.done.add(message.done);
      if (message.ready || message.error) clearTimeout(timer);
    });
  });
  heard.ready.catch(() => {});
  return heard;
}

/** Checks what is there, and makes it what is known: of each id the numbers of the writes that it may be of, undefined for none. */
function compare(state, round, done, there) {
  // writes take effect in the order of their calls, and each lane waits for its own
  const asked = Array.from({ length: done.size + LANES }, (_, i) => operationOf(round, i + 1));
  for (const { id, kind, ids } of asked) {
    const value = kind === 'put' ? id : undefined;
    for (const one of ids) {
      const before = done.has(id) ? [] : (state.get(one) ?? [undefined]);
      state.set(one, new Set([...before, value]));
    }
  }
  for (const [one, allowed] of state) {
    const found = there.get(one);
    if (!allowed.has(found))
      throw new Error(
        `round ${round}: id ${one} is of write ${found}, expected ${[...allowed].join(' or ')}`,
      );
    state.set(one, new Set([found]));
  }
  for (const one of there.keys()) if (!state.has(one)) throw new Error(`round ${round}: nobody wrote ${one}`);
  for (const { id, kind, ids } of asked) {
    if (done.has(id) || kind === 'delete') continue;
    const later = new Set(asked.filter((other) => other.id > id).flatMap((other) => other.ids));
    const seen = new Set(ids.filter((one) => !later.has(one)).map((one) => there.get(one) === id));
    if (seen.size > 1) throw new Error(`round ${round}: write ${id} is there in part`);
  }
}
