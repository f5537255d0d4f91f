// Collections in a page, and in a worker of it: the cases that Node's do too, and what only a browser has. ?part=cases|worker|own|full
import { openCollection, openTokenCollection, removeCollection } from '@sagitta/web/collection';
import { check, rejection, runCases } from './cases.mjs';

const POLL_MS = 20;
let made = 0;
const fresh = () => `c${made++} ü/..`;
const PLACE = { open: openCollection, openTokens: openTokenCollection, fresh, argument: 'name' };
const one = (id, ...vector) => ({ ids: [id], vectors: [vector] });
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The files of a collection. */
async function folderOf(name) {
  const all = await (await navigator.storage.getDirectory()).getDirectoryHandle('sagitta-collections');
  return all.getDirectoryHandle(encodeURIComponent(name).replaceAll('.', '%2E'));
}
async function filesOf(name) {
  const names = [];
  for await (const [file] of (await folderOf(name)).entries()) names.push(file);
  return names.sort();
}

/** A worker that opens collections, as another tab would. */
function startWorker() {
  const worker = new Worker(new URL('./collection-worker.js', import.meta.url), { type: 'module' });
  return {
    ask: (message) =>
      new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data.value));
        worker.onerror = ({ message: text }) => reject(new Error(text));
        worker.postMessage(message);
      }),
    terminate: () => worker.terminate(),
  };
}

async function inWorker() {
  const worker = startWorker();
  try {
    return await worker.ask({ do: 'cases' });
  } finally {
    worker.terminate();
  }
}

const OWN = {
  /** A worker's collection is locked for the page, and free some time after the worker is terminated. */
  async 'a writer that ends'() {
    const name = fresh();
    const worker = startWorker();
    await worker.ask({ do: 'open', name, options: { d: 2, metric: 'l2' } });
    await worker.ask({ do: 'upsert', rows: one('a', 1, 2) });
    await rejection(openCollection(name), 'LockedError');
    const reader = await openCollection(name, { readOnly: true });
    check(await reader.has('a'), 'a reader beside it');
    await worker.ask({ do: 'upsert', rows: one('b', 3, 4) });
    check((await reader.vector('b'))[1] === 4, 'the reader saw what was written meanwhile');
    worker.terminate();
    let c;
    for (const end = performance.now() + 20_000; !c; await sleep(POLL_MS)) {
      c = await openCollection(name).catch((error) => {
        if (error.name !== 'LockedError' || performance.now() > end) throw error;
      });
    }
    check(c.n === 2, 'what it wrote');
    await c.close();
    await reader.close();
  },

  /** Who was taken for dead, and lives, writes nothing. */
  async 'a writer that was replaced'() {
    const name = fresh();
    const c = await openCollection(name, { d: 2, metric: 'l2' });
    await c.upsert(one('a', 1, 2));
    const database = await new Promise((resolve) => {
      const opening = indexedDB.open(`sagitta/${name}`);
      opening.onsuccess = () => resolve(opening.result);
    });
    await new Promise((resolve) => {
      const transaction = database.transaction('state', 'readwrite');
      transaction.objectStore('state').put(77, 'commits');
      transaction.oncomplete = resolve;
    });
    database.close();
    await rejection(c.upsert(one('b', 1, 2)), 'LockedError');
    check(!(await c.has('b')), 'nothing was written');
    await c.close();
  },

  async 'a removed collection'() {
    const name = fresh();
    const c = await openCollection(name, { d: 2, metric: 'l2' });
    await c.upsert(one('a', 1, 2));
    await c.compact();
    const reader = await openCollection(name, { readOnly: true });
    await rejection(removeCollection(name), 'LockedError');
    await c.close();
    await removeCollection(name);
    await removeCollection(name);
    const error = await rejection(
      reader.search([1, 2], 1),
      'StorageError',
      'expected to be there, got it removed',
    );
    check(error.code === 'SAGITTA_STORAGE' && error.place === name, error.place);
    await reader.close();
    await rejection(openCollection(name, { readOnly: true }), 'RangeError', '"name" expected a collection');
    const again = await openCollection(name, { d: 3, metric: 'ip' });
    check(again.n === 0, 'a new one');
    await again.close();
    await removeCollection(name);
  },

  async 'a database that is deleted'() {
    const name = fresh();
    const c = await openCollection(name, { d: 2, metric: 'l2' });
    await c.upsert(one('a', 1, 2));
    await new Promise((resolve, reject) => {
      const deleting = indexedDB.deleteDatabase(`sagitta/${name}`);
      deleting.onsuccess = resolve;
      deleting.onerror = () => reject(deleting.error);
    });
    await rejection(c.upsert(one('b', 1, 2)), 'StorageError', 'got it removed');
    await c.close();
  },

  /** A damaged segment is refused by name, left out, and repaired; a file that is gone too. */
  async damage() {
    const name = fresh();
    const c = await openCollection(name, { d: 2, metric: 'l2' });
    await c.upsert(one('a', 1, 2));
    await c.compact();
    await c.upsert(one('b', 3, 4));
    await c.close();
    const [, file] = await filesOf(name);
    check(file === 'segment-000001.sag', file);
    const handle = await (await folderOf(name)).getFileHandle(file);
    const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
    bytes[bytes.length - 3] ^= 1;
    const writable = await handle.createWritable();
    await writable.write(bytes);
    await writable.close();
    await rejection(openCollection(name), 'FormatError', file);
    const left = await openCollection(name, { damaged: 'leave out' });
    check(left.damaged[0] === file && left.n === 1, `${left.damaged}`);
    check((await left.verify({ repair: true })).isRepaired, 'repaired');
    check((await filesOf(name)).includes(`${file}.damaged`), `${await filesOf(name)}`);
    await left.close();
    const again = await openCollection(name);
    check((await again.has('b')) && (await again.verify()).isWhole, 'whole again');
    await again.compact();
    await again.close();
    const [gone] = (await filesOf(name)).filter((one) => one.endsWith('.sag'));
    await (await folderOf(name)).removeEntry(gone);
    await rejection(
      openCollection(name),
      'StorageError',
      `${name}/${gone}: expected to be there, got nothing`,
    );
    await removeCollection(name);
  },

  async 'what is no name, and no worker'() {
    await rejection(openCollection(''), 'RangeError', '"name" expected at least one character');
    await rejection(openCollection(7), 'TypeError', '"name" expected a string, got number');
    await rejection(
      openCollection('x', { createWorker: 3 }),
      'TypeError',
      '"createWorker" expected a function',
    );
    const name = fresh();
    const broken = () => new Worker('./broken-worker.js', { type: 'module' });
    const c = await openCollection(name, { d: 1, metric: 'l2', foldAt: 3, createWorker: broken });
    for (let i = 0; i < 5; i++) await c.upsert(one(i, i));
    await c.settled();
    check((await c.report()).foldError?.code === 'SAGITTA_WORKER', String((await c.report()).foldError));
    check((await c.search([4], 1))[0].id === 4, 'it goes on');
    await c.close();
    await removeCollection(name);
  },
};

/** Where the browser gives 10 MB: what resolved stays, and with room again it goes on. */
async function full() {
  const name = 'full';
  const d = 256;
  const batch = (first) => ({
    ids: Array.from({ length: 200 }, (_, i) => first + i),
    vectors: Float32Array.from(
      { length: 200 * d },
      () => crypto.getRandomValues(new Uint32Array(1))[0] / 2 ** 32,
    ),
  });
  let c = await openCollection(name, { d, metric: 'l2', foldAt: 4000 });
  let n = 0;
  let error;
  for (; n < 400_000 && !error; n += error ? 0 : 200) {
    error = await c.upsert(batch(n)).then(
      () => undefined,
      (caught) => caught,
    );
    error ??= (await c.report()).foldError;
  }
  check(error?.name === 'StorageError' && error.message.includes('expected room'), `after ${n}: ${error}`);
  const { n: known } = c;
  check(known >= n, `${known} of ${n}`);
  await c.settled();
  await c.close();
  c = await openCollection(name);
  check(c.n === known, `${c.n} of ${known} after it was opened again`);
  check((await c.verify()).isWhole, 'whole');
  await c.close();
  const left = (await filesOf(name)).length;
  await removeCollection(name);
  c = await openCollection(name, { d, metric: 'l2' });
  await c.upsert(batch(0));
  await c.compact();
  check(c.n === 200, 'with room again');
  await c.close();
  return `${known} records, then ${error.message} (${error.cause?.name}), ${left} files`;
}

async function insecure() {
  const error = await rejection(openCollection('x', { d: 1, metric: 'l2' }), 'UnsupportedError', 'Web Locks');
  return error.message;
}

globalThis.run = async (part) => {
  if (part === 'cases') return runCases(PLACE);
  if (part === 'worker') return inWorker();
  if (part === 'full') return full();
  if (part === 'insecure') return insecure();
  for (const [name, test] of Object.entries(OWN)) {
    await test().catch((error) => {
      throw new Error(`${name}: ${error?.stack ?? error}`);
    });
  }
  return Object.keys(OWN).length;
};
