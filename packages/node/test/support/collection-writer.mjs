// A process that writes to a collection until it is killed, and says over IPC what it asks for and what was acknowledged.
import { pathToFileURL } from 'node:url';
import { RandomStream } from '@sagitta/core-wasm';
import { openFolder } from '../../src/collection/open-collection.ts';

const [path, entries, search, seed, durability] = process.argv.slice(2);
const D = 8;
const IDS = 400;
const random = new RandomStream(Number(seed), 'writer');
const threads = { entries: pathToFileURL(entries), search: pathToFileURL(search) };
const c = await openFolder(
  path,
  { d: D, metric: 'l2', foldAt: 64, quantizer: 'float32', durability, keepTexts: true },
  threads,
);
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
      await c.upsert({ ids, vectors, metadata: ids.map(() => ({ id })), texts });
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
