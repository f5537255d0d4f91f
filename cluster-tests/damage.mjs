// Objects that are damaged, missing or hard to get when members load them: told by name, never served, taken when they are right again.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { objectBytes, UnavailableError } from '@sagitta/node/cluster';
import { faultyWay } from './servers.mjs';
import { check, ends, errs, serves, stage } from './stage.mjs';

/** Bytes of which one in the middle is another. */
function flipped(bytes) {
  const other = Uint8Array.from(bytes);
  other[other.length >> 1] ^= 0x10;
  return other;
}

export const damageSteps = [
  {
    name: 'damage: segments of the storage',
    isLong: true,
    async run(world) {
      const play = await stage(world, { isOwn: true });
      const { storage } = play;
      const keys = (await play.manifests.head()).shards.map(({ segment }) => `segments/${segment}.sgta`);
      const right = await Promise.all(keys.map((key) => storage.get(key)));
      await storage.put(keys[1], objectBytes(flipped(right[1])));
      await storage.put(keys[2], objectBytes(right[2].subarray(0, -7)));
      await storage.remove(keys[3]);
      const member = play.member();
      await serves(member, 1);
      await errs(member, 3);
      const told = (shard, what) =>
        assert.match(
          member.stderr,
          new RegExp(`"error","version":1,"shard":${shard}[^\n]*${keys[shard]}: ${what}`),
        );
      told(1, 'expected bytes of that hash');
      told(2, `expected an object of ${right[2].length} bytes, got ${right[2].length - 7}`);
      told(3, `expected an object of ${right[3].length} bytes, got none`);
      for (let q = 0; q < 20; q++) {
        await assert.rejects(play.search(q), UnavailableError);
        check(await play.search(q, { allowPartial: true }), play.expected(q, [0]), [1, 2, 3]);
      }
      for (const shard of [1, 2, 3]) await storage.put(keys[shard], objectBytes(right[shard]));
      const mended = performance.now();
      await serves(member);
      const seconds = (performance.now() - mended) / 1000;
      for (let q = 0; q < 20; q++) check(await play.search(q), play.expected(q));
      await ends(member);
      // a copy that is damaged is fetched again
      const copy = join(play.cache, keys[0]);
      await writeFile(copy, flipped(right[0]));
      const next = play.member();
      await serves(next);
      assert.doesNotMatch(next.stderr, /"what":"error"/);
      assert.equal(Buffer.compare(await readFile(copy), right[0]), 0);
      for (let q = 0; q < 20; q++) check(await play.search(q), play.expected(q));
      await ends(next);
      await play.close();
      return `all served ${seconds.toFixed(1)} s after the objects were right`;
    },
  },
  {
    name: 'damage: a storage that is busy, and cuts off',
    isLong: true,
    async run(world) {
      let count = 0;
      const faults = new Set();
      const way = await faultyWay(world.s3.url, (method, path) => {
        if (method !== 'GET' || !path.includes('/segments/')) return undefined;
        const fault = ['busy', 'cut', undefined][count++ % 3];
        faults.add(fault);
        return fault;
      });
      try {
        const play = await stage({ ...world, s3: { url: way.url } });
        const member = play.member();
        await serves(member);
        assert.deepEqual([...faults], ['busy', 'cut', undefined]);
        for (let q = 0; q < 20; q++) check(await play.search(q), play.expected(q));
        await ends(member);
        await play.close();
        return `${count} requests for segments`;
      } finally {
        way.close();
      }
    },
  },
];
