// The tests that run inside a page, the same in every browser; the outcome is posted back to the server.
import { CapacityError, createCore, FormatError } from '@sagitta/core-wasm';
import { buildIvf, loadIndex, saveIndex } from '@sagitta/retrieval';
import {
  compileWasm,
  createCoreFrom,
  httpSource,
  NotFoundError,
  openStorage,
  QuotaError,
  SearchClient,
  ShardedClient,
} from '@sagitta/web';
import { fill, hash, integers } from '../smoke/seeded.mjs';
import { readVersion } from './read-version.mjs';

const D = 48;
const N = 6000;
const query = new URL(location.href).searchParams;
const killTries = Number(query.get('tries') ?? 0);

const rows = new Float32Array(N * D);
fill(rows, 21, 1 / 9);
for (let i = 0; i < rows.length; i++) rows[i] /= 1 + (i % D) / 6;
const queries = rows.slice(0, 40 * D);
const OPTIONS = { metric: 'l2', nlist: 16, bits: 3, seed: 4 };

function check(isTrue, what) {
  if (!isTrue) throw new Error(what);
}

async function mustReject(promise, type, what) {
  try {
    await promise;
  } catch (error) {
    check(error instanceof type, `${what}: expected ${type.name}, got ${error}`);
    return error;
  }
  throw new Error(`${what}: expected ${type.name}, got an answer`);
}

async function resultHash({ ids, scores }) {
  return hash(new Uint8Array([...new Uint8Array(ids.buffer), ...new Uint8Array(scores.buffer)]));
}

const TESTS = {
  /** What the worker builds is what the page builds. */
  async worker() {
    const core = createCore();
    const index = buildIvf(core, rows, D, OPTIONS);
    const file = saveIndex(index);
    const expected = index.searchBatch(queries, 10, { nprobe: 5 });
    index.dispose();
    const client = await SearchClient.start();
    const progress = [];
    await client.build(rows, D, OPTIONS, { onProgress: ({ done }) => progress.push(done) });
    check(progress.at(-1) === N, `progress ended at ${progress.at(-1)}`);
    check((await hash(await client.toBytes())) === (await hash(file)), 'the worker built another file');
    const found = await client.searchBatch(queries, 10, { nprobe: 5 });
    check((await resultHash(found)) === (await resultHash(expected)), 'the worker found something else');
    await client.dispose();
    return { file: await hash(file), found: await resultHash(found) };
  },

  async errors() {
    const client = await SearchClient.start({ maximumBytes: 8 << 20 });
    await client.build(rows.slice(0, 100 * D), D, { metric: 'l2', bits: 2 });
    await mustReject(client.search(new Float32Array(3), 5), RangeError, 'short query');
    await mustReject(client.search('abc', 5), TypeError, 'text for a query');
    await mustReject(client.load({ bytes: new Uint8Array(99) }), FormatError, 'no index');
    const many = new Float32Array(100_000 * D);
    const full = await mustReject(
      client.build(many, D, { metric: 'l2', quantizer: 'float32' }),
      CapacityError,
      'too much',
    );
    check(full.wanted > full.available, 'the error says what was wanted');
    const reason = new Error('typed on');
    const stop = new AbortController();
    const large = new Float32Array(4000 * D);
    const batch = client.searchBatch(large, 5, { signal: stop.signal, onProgress: () => stop.abort(reason) });
    check((await mustReject(batch, Error, 'abort')) === reason, 'an abort rejects with its reason');
    check((await client.search(queries.slice(0, D), 1)).ids[0] === 0, 'usable after errors');
    await client.dispose();
    return {};
  },

  /** A core that the page compiled once, for the worker too. */
  async module() {
    const module = await compileWasm(new URL('./simd.wasm', location.href));
    const core = await createCoreFrom(module);
    core.dispose();
    const client = await SearchClient.start({ module });
    await client.build(rows, D, OPTIONS);
    const found = await client.searchBatch(queries, 10, { nprobe: 5 });
    await client.dispose();
    return { found: await resultHash(found) };
  },

  async shards() {
    const one = await SearchClient.start();
    await one.build(rows, D, OPTIONS);
    const many = await ShardedClient.start({ shards: 3 });
    await many.build(rows, D, OPTIONS);
    // SAQ skips by bounds that depend on how vectors are spread; other quantizers do not
    const lvq = { metric: 'l2', nlist: 16, bits: 4, quantizer: 'lvq', seed: 4 };
    await one.build(rows, D, lvq);
    await many.build(rows, D, lvq);
    for (const nprobe of [4, 16]) {
      const a = await resultHash(await one.searchBatch(queries, 10, { nprobe }));
      const b = await resultHash(await many.searchBatch(queries, 10, { nprobe }));
      check(a === b, 'three shards found something else than one');
    }
    await one.build(rows, D, OPTIONS);
    await many.build(rows, D, OPTIONS);
    const { ids: oneIds } = await one.searchBatch(queries, 10);
    const { ids: manyIds } = await many.searchBatch(queries, 10);
    const different = manyIds.filter((id, i) => id !== oneIds[i]).length;
    check(different <= oneIds.length / 100, `${different} ids of SAQ differ`);
    // one file of all shards, the same as that of one worker; and shards of one file, with ranges and without
    const file = await hash(await one.toBytes());
    check((await hash(await many.toBytes())) === file, 'the file of three shards is another');
    for (const storage of ['opfs', 'indexeddb']) {
      await many.save('shards', { storage });
      const info = await one.load({ stored: 'shards', storage });
      check(info.n === N && (await hash(await one.toBytes())) === file, `shards saved in ${storage}`);
      const two = await ShardedClient.start({ shards: 2 });
      await two.load({ stored: 'shards', storage });
      check((await hash(await two.toBytes())) === file, `shards loaded from ${storage}`);
      await two.remove('shards', storage);
      await two.dispose();
    }
    for (const url of ['./index.sag', './whole.sag']) {
      await one.load({ url });
      await many.load({ url });
      check((await hash(await many.toBytes())) === (await hash(await one.toBytes())), `shards of ${url}`);
    }
    const { length } = await one.stored();
    check(length === 0, `${length} indexes are left`);
    await one.dispose();
    await many.dispose();
    return { 'ids of SAQ different': `${different} of ${oneIds.length}` };
  },

  async storage() {
    const client = await SearchClient.start();
    await client.build(rows, D, OPTIONS);
    const expected = await resultHash(await client.searchBatch(queries, 10, { nprobe: 5 }));
    for (const storage of ['opfs', 'indexeddb']) {
      const saved = await client.save('index', { storage });
      check(saved.storage === storage && saved.bytes > 0, `saved to ${saved.storage}`);
      check((await client.save('index', { storage })).bytes === saved.bytes, 'saved again');
      const other = await SearchClient.start();
      for (const how of ['load', 'open']) {
        const info = await other[how]({ stored: 'index', storage });
        check(info.n === N && info.isPaged === (how === 'open'), `${how} of ${storage}`);
        const found = await resultHash(await other.searchBatch(queries, 10, { nprobe: 5 }));
        check(found === expected, `${how} of ${storage} found something else`);
      }
      // a reader of the old generation goes on reading it while it is replaced
      await client.save('index', { storage });
      const again = await resultHash(await other.searchBatch(queries, 10, { nprobe: 5 }));
      check(again === expected, 'a reader was disturbed by a save');
      const [entry] = await client.stored(storage);
      check(entry?.name === 'index' && entry.bytes === saved.bytes, 'listed');
      await other.dispose();
      await client.remove('index', storage);
      await mustReject(client.load({ stored: 'index', storage }), NotFoundError, 'removed');
    }
    check((await client.save('index')).storage === 'opfs', 'OPFS is the first choice in a worker');
    await client.remove('index');
    await client.dispose();
    check(QuotaError.name === 'QuotaError', 'exported');
    return { expected };
  },

  /** An index behind range requests. */
  async ranges() {
    const client = await SearchClient.start();
    await client.load({ url: new URL('./index.sag', location.href).href });
    const expected = await resultHash(await client.searchBatch(queries, 10, { nprobe: 2 }));
    const info = await client.open({ url: new URL('./index.sag', location.href).href }, { gapBytes: 0 });
    check(info.isPaged, 'paged');
    const found = await resultHash(await client.searchBatch(queries, 10, { nprobe: 2 }));
    check(found === expected, 'ranges found something else');
    const { reads } = await client.info();
    check(reads.requests > 1 && reads.hits > 0, `${JSON.stringify(reads)}`);
    const whole = new URL('./whole.sag', location.href).href;
    const error = await client.open({ url: whole }).catch((caught) => caught);
    check(error.code === 'SAGITTA_UNSUPPORTED', `a server without ranges: ${error}`);
    check((await httpSource(new URL('./index.sag', location.href))).size > 0, 'a source in the page');
    await client.dispose();
    return { found };
  },

  /** Input in shared memory where the page is isolated; no SharedArrayBuffer elsewhere, and none needed. */
  async shared() {
    const isIsolated = location.pathname.startsWith('/isolated/');
    check(globalThis.crossOriginIsolated === isIsolated, `isolated: ${globalThis.crossOriginIsolated}`);
    if (!isIsolated) {
      check(typeof SharedArrayBuffer === 'undefined', 'SharedArrayBuffer in a page that is not isolated');
      return {};
    }
    const shared = new Float32Array(new SharedArrayBuffer(rows.byteLength));
    shared.set(rows);
    const client = await SearchClient.start();
    await client.build(shared, D, OPTIONS);
    const file = await hash(await client.toBytes());
    const many = await ShardedClient.start({ shards: 2 });
    await many.build(shared, D, OPTIONS);
    const { ids } = await many.searchBatch(queries, 10, { nprobe: 5 });
    const { ids: oneIds } = await client.searchBatch(queries, 10, { nprobe: 5 });
    check(ids.filter((id, i) => id !== oneIds[i]).length <= ids.length / 100, 'shards over shared memory');
    await client.dispose();
    await many.dispose();
    return { file };
  },

  /** Frames that are removed or reloaded in the middle of a save. */
  async kills() {
    if (killTries === 0) return {};
    const random = integers(99);
    const counts = { old: 0, new: 0 };
    for (const kind of ['opfs', 'indexeddb']) {
      let last = -1;
      for (let i = 0; i < killTries / 2; i++) {
        const { saving, saved } = await killOne(kind, last + 1, random() % 80, i % 2 === 0);
        const found = await readVersion(kind);
        check(found >= saved, `try ${i}: saving ${saving} after ${saved}, found ${found}`);
        // the message of a save that ended just before may not have been seen
        counts[found > saved ? 'new' : 'old']++;
        last = Math.max(saving, found);
      }
      await (await openStorage(kind)).remove('kill');
    }
    return { 'old index found': String(counts.old), 'new index found': String(counts.new) };
  },
};

/** Lets a frame save at least one version whole, then ends it `delay` ms into the next. */
function killOne(kind, from, delay, isRemoved) {
  return new Promise((resolve, reject) => {
    const frame = document.createElement('iframe');
    frame.src = `./kill.html?kind=${kind}&from=${from}`;
    const state = { saving: -1, saved: -1 };
    const timer = setTimeout(
      () => reject(new Error(`nothing saved in time: ${JSON.stringify(state)}`)),
      30_000,
    );
    let isWaiting = false;
    const listener = ({ data, source }) => {
      if (source !== frame.contentWindow) return;
      Object.assign(state, data);
      if (isWaiting || state.saved < 0 || data.saving === undefined) return;
      isWaiting = true;
      setTimeout(async () => {
        clearTimeout(timer);
        removeEventListener('message', listener);
        const at = { ...state };
        if (isRemoved) frame.remove();
        else {
          // a reload first, to a page that does nothing
          frame.src = './blank.html';
          await new Promise((loaded) => frame.addEventListener('load', loaded, { once: true }));
          frame.remove();
        }
        resolve(at);
      }, delay);
    };
    addEventListener('message', listener);
    document.body.append(frame);
  });
}

const outcome = { passed: {}, failed: {} };
for (const [name, test] of Object.entries(TESTS)) {
  try {
    outcome.passed[name] = await test();
  } catch (error) {
    outcome.failed[name] = `${error}\n${error?.stack}`;
  }
}
// a file of the same index in Node gives these answers
const core = createCore();
const bytes = new Uint8Array(await (await fetch('./index.sag')).arrayBuffer());
const index = loadIndex(core, bytes);
outcome.passed.node = { found: await resultHash(index.searchBatch(queries, 10, { nprobe: 5 })) };
outcome.passed.nodeFile = { file: await hash(bytes) };
index.dispose();
await fetch('/result', { method: 'POST', body: JSON.stringify(outcome) });
document.title = 'done';
