// The process of one contender: builds it, opens it, answers queries; run.mjs asks, times are taken here. Started with
// the names of a module of contenders/ and of one of its variants.
import { rmSync } from 'node:fs';
import { pieces, readFloats } from './rows.mjs';

const WARM_UP = 20;
const [moduleName, variantName] = process.argv.slice(2);
let set;
let queries;
let index;
let before;
let contender;
let variant;

const rss = () => {
  globalThis.gc();
  return process.memoryUsage().rss;
};
const query = (q) => queries.subarray(q * set.d, (q + 1) * set.d);

/** @type {Record<string, (message: object) => Promise<unknown>>} */
const actions = {
  /** What of the module can be told. */
  async describe() {
    const {
      variants,
      installs,
      metric = 'l2',
      cannotFilter = false,
      open,
    } = await import(`./contenders/${moduleName}.mjs`);
    const names = variants.map(({ name, settings }) => ({
      name,
      settings: settings.map((one) => ({ name: one.name })),
    }));
    return { name: moduleName, variants: names, installs, metric, cannotFilter, saves: open !== undefined };
  },

  /** Everything that is not the contender's: the queries, and what the process takes without it. */
  async start(message) {
    set = message.set;
    queries = readFloats(set.queries, 0, set.nq * set.d);
    before = rss();
    contender = await import(`./contenders/${moduleName}.mjs`);
    variant = contender.variants.find(({ name }) => name === variantName);
  },

  /** Seconds of clock and of computing, without those of reading the set. */
  async build({ folder }) {
    rmSync(folder, { recursive: true, force: true });
    let reading = 0;
    const rows = pieces(set, {
      onRead: (ms) => {
        reading += ms;
      },
      onRows: (done) => process.send({ done, cpuSeconds: computed() }),
    });
    const start = performance.now();
    const cpu = process.cpuUsage();
    const computed = () => {
      const { user, system } = process.cpuUsage(cpu);
      return (user + system) / 1e6 - reading / 1000;
    };
    index = await contender.build({ ...set, folder, rows }, variant);
    const seconds = (performance.now() - start - reading) / 1000;
    const figures = { seconds, cpuSeconds: computed() };
    try {
      await index.save?.();
    } catch (error) {
      return { ...figures, saveError: error.message };
    }
    return figures;
  },

  /** Opens what was saved; a contender that saved nothing has been built in this process. */
  async open({ folder }) {
    const start = performance.now();
    index ??= await contender.open({ ...set, folder }, variant);
    const ms = performance.now() - start;
    await index.use?.(variant.settings[0]);
    for (let q = 0; q < Math.min(WARM_UP, set.nq); q++)
      await index.search(index.form?.(query(q)) ?? query(q), 10);
    return { ms, megabytes: (rss() - before) / 2 ** 20, canBatch: index.batch !== undefined };
  },

  /** As many queries from `first` on as fit into `ms`, at most `most`. */
  async turn({ setting, first, most, ms, k, below }) {
    await index.use?.(variant.settings[setting]);
    const forms = Array.from({ length: most }, (_, i) => {
      const plain = query((first + i) % set.nq);
      return index.form?.(plain) ?? plain;
    });
    const found = [];
    const start = performance.now();
    while (found.length < most && (found.length === 0 || performance.now() - start < ms)) {
      // a contender that answers at once is not made to wait for the next turn of the event loop
      const answer = index.search(forms[found.length], k, below);
      found.push(answer instanceof Promise ? await answer : answer);
    }
    const taken = performance.now() - start;
    return { ms: taken, ids: found.map((ids) => Array.from(ids, Number)) };
  },

  /** All of `count` queries at once, as the contender offers it. */
  async batch({ setting, count, k }) {
    await index.use?.(variant.settings[setting]);
    const vectors = queries.slice(0, count * set.d);
    const start = performance.now();
    const found = await index.batch(vectors, k);
    const taken = performance.now() - start;
    return { ms: taken, ids: found.map((ids) => Array.from(ids, Number)) };
  },

  async close() {
    await index?.close?.();
    process.disconnect();
  },
};

process.on('message', async ({ action, ...message }) => {
  try {
    process.send({ result: await actions[action](message) });
  } catch (error) {
    process.send({ error: String(error?.stack ?? error) });
  }
});
