// Workers that end in every way, and calls that overlap, in a real browser; the outcome is posted back to the server.
import { MultiVectorClient, SearchClient, ShardedClient, VectorClient, WorkerGoneError } from '@sagitta/web';
import { fill } from '../smoke/seeded.mjs';

const D = 32;
const OPTIONS = { metric: 'l2', bits: 4, nlist: 32 };
const PLAIN = { metric: 'l2', quantizer: 'float32' };
/** Within which a call has to settle: without Web Locks pings tell, fifteen of them. */
const LIMIT_MS = isSecureContext ? 10_000 : 40_000;

const rows = (n, seed) => {
  const out = new Float32Array(n * D);
  fill(out, seed, 1 / 9);
  return out;
};
const many = rows(40_000, 5);
const row = (set, id) => set.slice(id * D, (id + 1) * D);
const newWorker = (file = './faulty-worker.js') =>
  new Worker(new URL(file, import.meta.url), { type: 'module' });
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function check(isTrue, what) {
  if (!isTrue) throw new Error(what);
}

/** What the call rejects with; an error if it hangs or goes through. */
async function rejection(call) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('a call hangs')), LIMIT_MS);
  });
  const outcome = call.then(
    () => undefined,
    (error) => error,
  );
  const error = await Promise.race([outcome, late]);
  clearTimeout(timer);
  check(error !== undefined, 'a call went through');
  return error;
}

async function mustBeGone(call, shard) {
  const error = await rejection(call);
  check(error instanceof WorkerGoneError && error.code === 'SAGITTA_WORKER', `got ${error}`);
  check(error.shard === shard, `got shard ${error.shard}`);
}

/** A client whose worker `end` ends in the midst of a build; all that is asked then and later settles. */
async function endsBy(worker, end) {
  const client = await SearchClient.start({ worker });
  await client.build(rows(1000, 3), D, OPTIONS);
  const calls = [client.build(many, D, OPTIONS), client.add(many), client.search(row(many, 0), 3)];
  // the search may be answered before
  calls[2].catch(() => {});
  await sleep(30);
  await end();
  for (const call of calls.slice(0, 2)) await mustBeGone(call);
  await mustBeGone(client.search(row(many, 0), 3));
  await mustBeGone(client.save('x'));
  await client.dispose();
}

const TESTS = {
  async terminated() {
    const worker = newWorker();
    await endsBy(worker, () => worker.terminate());
  },

  async 'closed by itself'() {
    const worker = newWorker();
    await endsBy(worker, () => worker.postMessage({ faulty: 'close' }));
  },

  async 'an exception nobody catches'() {
    const worker = newWorker();
    await endsBy(worker, () => worker.postMessage({ faulty: 'throw' }));
  },

  async 'gone with its frame'() {
    const frame = document.createElement('iframe');
    frame.src = './blank.html';
    const loaded = new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }));
    document.body.append(frame);
    await loaded;
    const address = new URL('./faulty-worker.js', import.meta.url);
    const worker = new frame.contentWindow.Worker(address, { type: 'module' });
    await endsBy(worker, () => frame.remove());
  },

  async 'a port of a worker that is gone'() {
    const worker = newWorker();
    const { port1, port2 } = new MessageChannel();
    worker.postMessage({ faulty: 'serve', port: port2 }, [port2]);
    await endsBy(port1, () => worker.terminate());
  },

  async 'never there'() {
    await mustBeGone(SearchClient.start({ worker: newWorker('./missing.js') }));
    await mustBeGone(SearchClient.start({ worker: newWorker('./broken-worker.js') }));
    await mustBeGone(SearchClient.start({ worker: newWorker('./mute-worker.js'), timeoutMs: 500 }));
  },

  async 'one shard of three'() {
    const workers = [];
    const createWorker = () => {
      workers.push(newWorker());
      return workers.at(-1);
    };
    const client = await ShardedClient.start({ shards: 3, createWorker });
    await client.build(many, D, OPTIONS);
    const calls = [client.searchBatch(many.slice(0, 8000 * D), 5), client.add(many)];
    await sleep(30);
    workers[1].terminate();
    for (const call of calls) await mustBeGone(call, 1);
    await mustBeGone(client.search(row(many, 0), 3), 1);
    await client.dispose();
    await mustBeGone(client.info(), 1);
  },

  async 'a shard that cannot start'() {
    const ended = [];
    let made = 0;
    const createWorker = () => {
      const number = made++;
      const worker = newWorker(number === 1 ? './missing.js' : './faulty-worker.js');
      const terminate = worker.terminate.bind(worker);
      worker.terminate = () => {
        ended.push(number);
        terminate();
      };
      return worker;
    };
    await mustBeGone(ShardedClient.start({ shards: 3, createWorker }), 1);
    check(ended.toSorted().join() === '0,1,2', `ended ${ended}`);
  },

  async 'abort, then build at once'() {
    const second = rows(3000, 7);
    for (const client of [await SearchClient.start(), await ShardedClient.start({ shards: 3 })]) {
      await client.build(rows(1000, 3), D, PLAIN);
      const stop = new AbortController();
      let progress = () => {};
      const begun = new Promise((resolve) => {
        progress = resolve;
      });
      const first = client.build(many, D, PLAIN, { signal: stop.signal, onProgress: () => progress() });
      first.catch(() => {});
      await begun;
      stop.abort();
      const info = await client.build(second, D, PLAIN);
      check((await rejection(first)).name === 'AbortError', 'the first ends with its signal');
      check(info.n === 3000 && (await client.info()).n === 3000, `n is ${info.n}`);
      check((await client.search(row(second, 5), 1)).ids[0] === 5, 'the second alone');
      await client.dispose();
    }
  },

  async 'adds that overlap or fail'() {
    const [a, b] = [rows(6000, 8), rows(6000, 9)];
    const bad = a.slice();
    bad[2000 * D] = Number.NaN;
    for (const client of [await SearchClient.start(), await ShardedClient.start({ shards: 3 })]) {
      await client.build(rows(5000, 3), D, PLAIN);
      const failed = client.add(bad);
      failed.catch(() => {});
      const ends = await Promise.all([client.add(a), client.add(b)]);
      check((await rejection(failed)) instanceof RangeError, 'NaN');
      check(ends.join() === '11000,17000' && (await client.info()).n === 17_000, `n is ${ends}`);
      check((await client.search(row(a, 3000), 1)).ids[0] === 8000, 'the first ids');
      check((await client.search(row(b, 5999), 1)).ids[0] === 16_999, 'the last id');
      await client.dispose();
    }
  },

  async 'a download that stalls'() {
    const client = await SearchClient.start();
    const some = rows(1000, 3);
    await client.build(some, D, PLAIN);
    const stop = new AbortController();
    const load = client.load({ url: './stall.sag' }, { signal: stop.signal });
    load.catch(() => {});
    check((await client.search(row(some, 7), 1)).ids[0] === 7, 'searches go on');
    stop.abort();
    check((await rejection(load)).name === 'AbortError', 'aborted');
    check((await client.add(some)) === 2000, 'changes go on');
    const again = client.load({ url: './stall.sag' });
    again.catch(() => {});
    await client.dispose();
    check((await rejection(again)) instanceof RangeError, 'disposed');
  },

  async 'notes that come and go'() {
    const client = await VectorClient.start();
    const set = rows(600, 11);
    const note = (i) => ({ folder: i % 3 === 0 ? 'x' : 'y', mtime: i });
    await client.create({ d: D, metric: 'cosine', trainAt: 500, indexed: ['folder'] });
    await client.add({
      ids: Array.from({ length: 599 }, (_, i) => (i === 9 ? 9n : `note ${i}`)),
      vectors: set.slice(0, 599 * D),
      metadata: Array.from({ length: 599 }, (_, i) => note(i)),
    });
    check((await client.report()).isTrained, 'trained by itself');
    const filter = { folder: 'x', mtime: { gte: 300 } };
    const found = await client.search(row(set, 300), 5, { filter });
    check(found[0].id === 'note 300' && found.every(({ metadata }) => metadata.folder === 'x'), 'filtered');
    const refused = await rejection(client.search(row(set, 0), 5, { filter: () => true }));
    check(refused instanceof TypeError && /"filter"/.test(refused.message), `got ${refused}`);
    await client.update('note 300', { metadata: { folder: 'z', mtime: 0 } });
    check((await client.delete([9n, 'note 10', 'nobody'])) === 2, 'deleted');
    await client.upsert({ ids: ['note 0'], vectors: row(set, 599), metadata: [note(599)] });
    const search = async () =>
      JSON.stringify([
        await client.search(row(set, 599), 8, { filter: { mtime: { lt: 599 } } }),
        (await client.ids()).map(String).sort(),
      ]);
    const before = await search();
    const { bytes, storage } = await client.save('notes');
    await client.create({ d: D, metric: 'l2' });
    check((await client.info()).n === 0, 'empty');
    for (const way of ['load', 'open']) {
      const info = await client[way]({ stored: 'notes' });
      check(info.n === 597 && info.isPaged === (way === 'open'), `${way}: n is ${info.n}`);
      check((await search()) === before, `${way}: the same answers`);
      check((await client.get('note 300')).metadata.folder === 'z', way);
    }
    await client.remove('notes');
    await client.dispose();

    const documents = await MultiVectorClient.start();
    await documents.create({ d: D });
    const tokens = { data: set, offsets: Uint32Array.from({ length: 101 }, (_, i) => 6 * i), d: D };
    await documents.add({ tokens, metadata: Array.from({ length: 100 }, (_, i) => note(i)) });
    const query = set.slice(60 * D, 66 * D);
    check((await documents.search(query, 1))[0].id === 10, 'the document itself');
    check((await documents.search(query, 1, { filter: { folder: 'x' } }))[0].id !== 10, 'another');
    await documents.dispose();
    return `${bytes} bytes in ${storage}`;
  },

  async 'a view of a large buffer, and arrays of a frame'() {
    const client = await SearchClient.start();
    const large = new Float32Array(32_000_000);
    large.set(rows(1000, 3));
    await client.build(large.slice(0, 1000 * D), D, PLAIN);
    const time = async (query) => {
      const start = performance.now();
      for (let i = 0; i < 5; i++) await client.search(query, 5);
      return performance.now() - start;
    };
    const alone = large.slice(0, D);
    await time(alone);
    const slice = await time(alone);
    const view = await time(large.subarray(0, D));
    const frame = document.createElement('iframe');
    document.body.append(frame);
    const foreign = frame.contentWindow.Float32Array.from(rows(500, 4));
    check((await client.build(foreign, D, PLAIN)).n === 500, 'built');
    check((await client.add(foreign)) === 1000, 'added');
    check((await client.search(foreign.subarray(3 * D, 4 * D), 1)).ids[0] === 3, 'found');
    frame.remove();
    await client.dispose();
    return `5 searches with an array of its own ${slice.toFixed(1)} ms, with a view of 128 MB ${view.toFixed(1)} ms`;
  },
};

/** Where pings tell of a worker's end, two ends are enough. */
const BY_PINGS = ['closed by itself', 'one shard of three'];

const outcome = { passed: {}, failed: {} };
for (const [name, test] of Object.entries(TESTS)) {
  if (!isSecureContext && !BY_PINGS.includes(name)) continue;
  try {
    outcome.passed[name] = (await test()) ?? '';
  } catch (error) {
    outcome.failed[name] = `${error}\n${error?.stack}`;
  }
}
await fetch('/result', { method: 'POST', body: JSON.stringify(outcome) });
