// Which process of a browser runs a page: the one that works when the page is told to. By /proc, so on Linux alone.
import { readdirSync, readFileSync } from 'node:fs';

const BURN_MS = 300;
const TRIES = 20;
/** A process that rests may use so many. */
const LEAST_TICKS = 4;
/** In the command line of what runs pages: Chromium's renderers, Firefox's content processes. */
const CONTENT = /--type=renderer|-contentproc.* tab/;

/** Processes under `root`: command line and ticks of the clock that they have used. */
function processesUnder(root) {
  const all = new Map();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      const ticks = Number(fields[11]) + Number(fields[12]);
      all.set(Number(name), { parent: Number(fields[1]), ticks, command });
    } catch {
      // it has ended
    }
  }
  const isUnder = (pid) => pid === root || (all.has(pid) && isUnder(all.get(pid).parent));
  return new Map([...all].filter(([pid]) => pid !== root && isUnder(pid)));
}

function contentTicks(root) {
  const all = [...processesUnder(root)].filter(([, { command }]) => CONTENT.test(command));
  return new Map(all.map(([pid, { ticks }]) => [pid, ticks]));
}

/**
 * @param {import('puppeteer-core').Browser} browser
 * @param {import('puppeteer-core').Page} page - idle, as all other pages are
 * @returns {Promise<number>} the process of the page
 */
export async function processOf(browser, page) {
  const root = browser.process().pid;
  const worked = new Map();
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const before = contentTicks(root);
    await page.evaluate((ms) => {
      for (const end = performance.now() + ms; performance.now() < end; );
    }, BURN_MS);
    for (const [pid, ticks] of contentTicks(root)) {
      worked.set(pid, (worked.get(pid) ?? 0) + ticks - (before.get(pid) ?? 0));
    }
    const [first, second] = [...worked].sort(([, a], [, b]) => b - a);
    if (first && first[1] > 2 * (second?.[1] ?? 0) + LEAST_TICKS) return first[0];
  }
  throw new Error('no process works when the page does');
}
