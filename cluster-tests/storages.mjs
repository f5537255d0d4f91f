// What unit tests ask of a fake, asked of servers: s3rver by the client of AWS, R2 by its binding.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { objectBytes, openPlace, r2Storage, s3Storage, UnavailableError } from '@sagitta/node/cluster';
import { BUCKET, clientOf, environmentOf, faultyWay, startR2 } from './servers.mjs';

const text = (value) => new TextEncoder().encode(value);
const MIB = 2 ** 20;

async function keysOf(storage, prefix) {
  const keys = [];
  for await (const { key } of storage.list(prefix)) keys.push(key);
  return keys;
}

/** Puts, reads, ranges, a list of so many, removal. */
async function checkObjects(storage, count) {
  await storage.put('a/1', objectBytes(text('first')));
  await storage.put('a/1', objectBytes(text('second')));
  assert.equal(Buffer.from(await storage.get('a/1')).toString(), 'second');
  assert.deepEqual([await storage.size('a/1'), await storage.size('a/2')], [6, undefined]);
  assert.equal(await storage.get('a/2'), undefined);
  const source = await storage.open('a/1');
  assert.deepEqual([...(await source.read(1, 3))], [...text('eco')]);
  await storage.put('a/1', objectBytes(text('third!')));
  await assert.rejects(source.read(0, 2), /has changed since it was opened/);
  const keys = Array.from({ length: count }, (_, i) => `many/${String(i).padStart(4, '0')}`);
  for (let at = 0; at < keys.length; at += 50) {
    await Promise.all(keys.slice(at, at + 50).map((key) => storage.put(key, objectBytes(text(key)))));
  }
  assert.deepEqual(await keysOf(storage, 'many/'), keys);
  await storage.remove('a/1');
  assert.deepEqual(await keysOf(storage, 'a/'), []);
}

async function checkCreates(storage) {
  const made = await Promise.all([1, 2, 3].map((i) => storage.create('m/1', Uint8Array.of(i))));
  assert.equal(made.filter(Boolean).length, 1);
  assert.deepEqual([...(await storage.get('m/1'))], [made.indexOf(true) + 1]);
  assert.equal(await storage.create('m/1', Uint8Array.of(9)), false);
}

const on = (url, options = {}) =>
  s3Storage({ bucket: BUCKET, prefix: 'p/q', client: clientOf(url), ...options });

/** A bucket whose lists come thirty at a time. */
const inPages = (bucket) => ({
  ...Object.fromEntries(
    ['head', 'get', 'put', 'delete'].map((name) => [name, (...given) => bucket[name](...given)]),
  ),
  list: (options) => bucket.list({ ...options, limit: 30 }),
});

export const storageSteps = [
  {
    name: 's3: objects, ranges, lists',
    // its pages of 1,000 end in a cipher that newer versions of OpenSSL do not have
    run: ({ s3: { url } }) => checkObjects(on(url), 100),
  },
  {
    name: 's3: in parts',
    run: async ({ s3: { url } }) => {
      const storage = on(url, { partBytes: 5 * MIB });
      const bytes = randomBytes(17 * MIB + 5);
      await storage.put('long', objectBytes(bytes));
      assert.equal(Buffer.compare(await storage.get('long'), bytes), 0);
      const source = await storage.open('long');
      assert.equal(Buffer.compare(await source.read(7 * MIB, 9), bytes.subarray(7 * MIB, 7 * MIB + 9)), 0);
    },
  },
  {
    name: 's3: no conditions are noticed',
    run: async ({ s3: { url } }) => {
      await assert.rejects(on(url).create('m', text('x')), /refuses to create an object twice/);
      assert.deepEqual(await keysOf(on(url), 'conditions'), []);
    },
  },
  {
    name: 's3: busy, and answers cut off',
    run: async ({ s3: { url } }) => {
      let faults = 0;
      let isDown = false;
      const way = await faultyWay(url, (method, path) => {
        if (isDown) return 'busy';
        if (faults++ % 3 === 0) return 'busy';
        return method === 'GET' && path.includes('cut') && faults % 2 === 0 ? 'cut' : undefined;
      });
      try {
        const storage = on(way.url, { firstPauseMs: 10 });
        const bytes = randomBytes(MIB);
        for (let i = 0; i < 5; i++) {
          await storage.put(`cut/${i}`, objectBytes(bytes));
          assert.equal(Buffer.compare(await storage.get(`cut/${i}`), bytes), 0);
        }
        isDown = true;
        await assert.rejects(on(way.url, { tries: 2, firstPauseMs: 10 }).get('cut/0'), UnavailableError);
        return `${faults} requests`;
      } finally {
        way.close();
      }
    },
  },
  {
    name: 's3: by its name',
    run: async ({ s3: { url } }) => {
      Object.assign(process.env, environmentOf(url));
      const storage = await openPlace(`s3://${BUCKET}/named/`);
      assert.equal(storage.name, `s3://${BUCKET}/named`);
      await storage.put('a', objectBytes(text('x')));
      assert.deepEqual(await keysOf(s3Storage({ bucket: BUCKET, client: clientOf(url) }), 'named'), [
        'named/a',
      ]);
    },
  },
  {
    name: 'r2: objects, ranges, creates',
    run: async () => {
      const { bucket, close } = await startR2();
      try {
        await checkObjects(r2Storage(inPages(bucket), 'p/q'), 100);
        await checkCreates(r2Storage(bucket));
      } finally {
        await close();
      }
    },
  },
];
