// Writes to a collection, folds and compacts it until the tab ends, and tells the server what was acknowledged.
import { openCollection } from '@sagitta/web/collection';
import { integers } from '../smoke/seeded.mjs';
import { D, LANES, operationOf, vectorOf } from './operations.mjs';

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const say = (message) => fetch('/said', { method: 'POST', body: JSON.stringify(message) });

export async function writeForever({ round, durability }) {
  const random = integers(round + 7);
  let k = 0;
  try {
    const c = await open(durability);
    await say({ ready: true });
    const lane = async () => {
      for (;;) {
        const { id, kind, ids } = operationOf(round, ++k);
        if (kind === 'delete') await c.delete(ids);
        else {
          const metadata = ids.map(() => ({ id }));
          await c.upsert({ ids, vectors: ids.map((one) => vectorOf(id, one)), metadata });
        }
        await say({ done: id });
      }
    };
    const compact = async () => {
      for (;;) {
        await sleep(40 + (random() % 120));
        await c.compact();
        await say({ compacted: true });
      }
    };
    await Promise.all([...Array.from({ length: LANES }, lane), compact()]);
  } catch (error) {
    await say({ error: String(error?.stack ?? error) });
  }
}

/** The lock of the tab that looked just now may be there still. */
async function open(durability) {
  for (const end = performance.now() + 20_000; ; await sleep(20)) {
    try {
      return await openCollection('kills', {
        d: D,
        metric: 'l2',
        foldAt: 64,
        quantizer: 'float32',
        durability,
      });
    } catch (error) {
      if (error.name !== 'LockedError' || performance.now() > end) throw error;
    }
  }
}
