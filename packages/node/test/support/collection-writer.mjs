// A process that writes to a collection until it is killed, and says over IPC what it asks for and what was acknowledged.
import { pathToFileURL } from 'node:url';
import { RandomStream } from '@sagitta/core-wasm';
import { openFolder, openTokenFolder } from '../../src/collection/open-collection.ts';

const [path, entries, search, seed, durability, kind] = process.argv.slice(2);
const isTokens = kind === 'tokens';
const D = 8;
const IDS = 400;
const random = new RandomStream(Number(seed), 'writer');
const threads = { entries: pathToFileURL(entries), search: pathToFileURL(search) };
const shared = { d: D, foldAt: 64, durability, keepTexts: true };
const c = isTokens
  ? await openTokenFolder(path, { ...shared, metric: 'ip', tokenEncoding: 'float32' }, threads)
  : await openFolder(path, { ...shared, metric: 'l2', quantizer: 'float32' }, threads);
/** Sets of one to three equal tokens. */
const setsOf = (ids, vectors) => {
  const offsets = [0];
  for (const one of ids) offsets.push(offsets.at(-1) + 1 + (one % 3));
  return { data: vectors.flatMap((vector, i) => Array(1 + (ids[i] % 3)).fill(vector)), offsets, d: D };
};
const say = (message) => process.send(message);

let version = Number(seed) * 1_000_000;
async function write() {
  for (;;) {
    const count = 1 + random.nextBelow(12);
    const ids = [...new Set(Array.from({ length: count }, () => random.nextBelow(IDS)))];
    const id = ++version;
    if (random.nextBelow(4) === 0) {
      say({ id, kind: 'delete', ids });
      await c.delete(ids);
    } else {
      // what is written says which write it was
      const vectors = ids.map((one) =>
        Array.from({ length: D }, (_, j) => (j === 0 ? one : j === 1 ? id % 1_000_000 : j)),
      );
      say({ id, kind: 'put', ids });
      // every seventh record has no text
      const texts = ids.map((one) => (one % 7 === 0 ? undefined : `${one} of ${id}`));
      const values = isTokens ? { tokens: setsOf(ids, vectors) } : { vectors };
      await c.upsert({ ids, ...values, metadata: ids.map(() => ({ id })), texts });
    }
    say({ done: id });
  }
}

async function compact() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 20 + random.nextBelow(60)));
    await c.compact();
    say({ compacted: true });
  }
}

say({ ready: true });
await Promise.all([write(), write(), write(), compact()]);
