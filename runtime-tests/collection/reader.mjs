// The tab that lives: it reads while the other writes, and looks at what is there when the other is dead.
import { openCollection } from '@sagitta/web/collection';
import { check } from './cases.mjs';
import { vectorOf } from './operations.mjs';

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const NAME = 'kills';
let isReading = false;
let reading;

/** A record as some write left it; the write's number. */
function writeOf({ id, vector, metadata }) {
  const expected = vectorOf(metadata?.id, id);
  check(
    expected.every((value, j) => vector[j] === value),
    `record ${id} is torn: ${vector}, ${JSON.stringify(metadata)}`,
  );
  return metadata.id;
}

async function fileNames() {
  const all = await (await navigator.storage.getDirectory()).getDirectoryHandle('sagitta-collections');
  const names = [];
  for await (const [name] of (await all.getDirectoryHandle(NAME)).entries()) names.push(name);
  return names;
}

/** Reads until stopReading: what is seen never goes back, and each record is whole. */
globalThis.startReading = () => {
  isReading = true;
  reading = (async () => {
    let c;
    let newest = 0;
    let reads = 0;
    for (; isReading && !c; await sleep(5))
      c = await openCollection(NAME, { readOnly: true }).catch(() => {});
    for (; isReading && c; await sleep(5)) {
      let last = 0;
      for await (const record of c.iterate()) last = Math.max(last, writeOf(record));
      // the newest write is seen until a newer one has deleted or replaced it
      newest = Math.max(newest, last);
      const hits = await c.search(vectorOf(newest, 7), 3);
      check(hits.length <= 3, 'hits');
      reads++;
    }
    await c?.close();
    return reads;
  })();
  reading.catch(() => {});
};

globalThis.stopReading = async () => {
  isReading = false;
  return reading;
};

/** Opens the collection as the next writer does. isThorough — also checks every checksum */
globalThis.inspect = async (isThorough) => {
  const start = performance.now();
  const before = await fileNames().catch(() => []);
  let c;
  for (; !c; ) {
    c = await openCollection(NAME).catch((error) => {
      if (error.name !== 'LockedError' || performance.now() > start + 20_000) throw error;
    });
  }
  const waited = performance.now() - start;
  const there = [];
  for await (const record of c.iterate()) there.push([record.id, writeOf(record)]);
  check(new Set(there.map(([id]) => id)).size === there.length, 'an id is there twice');
  check(there.length === c.n, `${there.length} records of ${c.n}`);
  if (isThorough) check((await c.verify()).isWhole, 'every checksum');
  await c.settled();
  const { segments } = await c.report();
  await c.close();
  const after = await fileNames();
  const known = segments.flatMap(({ name }) => [name, name.replace(/\.sag$/, '.ids')]);
  check(after.sort().join() === known.sort().join(), `files ${after}, expected ${known}`);
  const midway = before.some((name) => !after.includes(name));
  return { there, waited, midway, before: before.length };
};
globalThis.isReady = true;
