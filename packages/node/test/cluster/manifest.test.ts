/** Ranges of shards, their entries, and the chain of manifests. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { getContent, hashOfJson, modelKey, putContent, segmentKey } from '../../src/cluster/content.ts';
import { folderObjects } from '../../src/cluster/folder-objects.ts';
import { type ClusterManifest, contentOf, readManifest, writeManifest } from '../../src/cluster/manifest.ts';
import { publishManifest, storageManifests } from '../../src/cluster/manifest-log.ts';
import { type ObjectStorage, objectBytes } from '../../src/cluster/object-storage.ts';
import {
  buildId,
  getEntry,
  listBuilds,
  listEntries,
  putEntry,
  type ShardEntry,
} from '../../src/cluster/plan.ts';
import { MAX_ROWS, shardRange } from '../../src/cluster/shard-range.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = temporaryFolder();
let made = 0;
const empty = (): ObjectStorage => folderObjects(join(folder.path, `s${made++}`));
const hash = (of: string): string => hashOfJson({ of });

const SHARDS = 3;
const ROWS = 100;
const plan = (seed = 0) => ({
  model: hash('model'),
  input: [{ name: 'a.npy', bytes: 5 }],
  rows: ROWS + seed,
  shards: SHARDS,
});

async function built(storage: ObjectStorage, shard: number, seed = 0): Promise<ShardEntry> {
  const of = plan(seed);
  const file = objectBytes(Uint8Array.of(shard, seed));
  const segment = await putContent(storage, segmentKey, file);
  const entry: ShardEntry = {
    ...{ format: 1, build: buildId(of), model: of.model, shard, shards: SHARDS },
    ...{ ...shardRange(of.rows, shard, SHARDS), totalRows: of.rows, segment, bytes: 2 },
    ...{ dimensions: 4, metric: 'l2', index: 'flat' },
  };
  await putEntry(storage, entry);
  return entry;
}

const all = (storage: ObjectStorage, seed = 0): Promise<ShardEntry[]> =>
  Promise.all([2, 0, 1].map((shard) => built(storage, shard, seed)));

describe('ranges', () => {
  it.each([
    [10, 3],
    [7, 7],
    [1, 1],
    [4_000_000_000, 799],
  ])(
    'of %i rows in %i shards have all rows, in order, of sizes that differ by one at most',
    (total, shards) => {
      let next = 0;
      const sizes = new Set<number>();
      for (let shard = 0; shard < shards; shard++) {
        const { firstId, rows } = shardRange(total, shard, shards);
        expect(firstId).toBe(next);
        next += rows;
        sizes.add(rows);
      }
      expect(next).toBe(total);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    },
  );

  it.each([
    [10, 3, 3, '"shard" expected'],
    [10, -1, 3, '"shard" expected'],
    [2, 0, 3, '"shards" expected'],
    [MAX_ROWS + 1, 0, 3, '"total" expected'],
  ])('refuse %i rows, shard %i of %i', (total, shard, shards, message) => {
    expect(() => shardRange(total, shard, shards)).toThrow(message);
  });
});

describe('content', () => {
  it('is named by its bytes, and refused where it is another', async () => {
    const storage = empty();
    const bytes = Uint8Array.of(1, 2, 3);
    const name = await putContent(storage, modelKey, objectBytes(bytes));
    expect(name).toBe('039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81');
    expect(await getContent(storage, modelKey, name)).toEqual(bytes);
    // cut short: put again
    await storage.put(modelKey(name), objectBytes(Uint8Array.of(1)));
    await putContent(storage, modelKey, objectBytes(bytes));
    expect(await storage.size(modelKey(name))).toBe(3);
    await storage.put(modelKey(name), objectBytes(Uint8Array.of(3, 2, 1)));
    await expect(getContent(storage, modelKey, name)).rejects.toThrow('expected bytes of that hash');
    await expect(getContent(storage, segmentKey, name)).rejects.toThrow('got none');
  });
});

describe('entries', () => {
  it('name a build by what makes it another', () => {
    const id = buildId(plan());
    expect(buildId({ ...plan(), input: [{ bytes: 5, name: 'a.npy' }] })).toBe(id);
    for (const other of [{ rows: 9 }, { shards: 9 }, { model: hash('x') }, { input: [] }]) {
      expect(buildId({ ...plan(), ...other })).not.toBe(id);
    }
  });

  it('are found by their build, while their segment is there', async () => {
    const storage = empty();
    const entries = await all(storage);
    await built(storage, 1, 1);
    const build = buildId(plan());
    expect((await listEntries(storage, build)).map(({ shard }) => shard)).toEqual([0, 1, 2]);
    expect((await listBuilds(storage)).sort()).toEqual([build, buildId(plan(1))].sort());
    expect(await getEntry(storage, build, 2)).toEqual(entries[0]);
    expect(await getEntry(storage, build, 3)).toBeUndefined();
    await storage.remove(segmentKey(entries[0]?.segment as string));
    expect(await getEntry(storage, build, 2)).toBeUndefined();
    expect((await listEntries(storage, build)).map(({ shard }) => shard)).toEqual([0, 1]);
  });

  it.each([
    [{ format: 2 }, '"format" expected format 1, got 2'],
    [{ build: hash('other') }, 'expected build'],
    [{ segment: '../x' }, '"segment" expected a SHA-256'],
    [{ firstId: 1 }, 'expected the rows of a shard, got 33 from 1'],
    [{ shard: 5 }, 'expected the rows of a shard'],
  ])('are refused with %j', async (wrong, message) => {
    const storage = empty();
    const entry = await built(storage, 0);
    const key = `shards/${entry.build}/000000.json`;
    await storage.put(key, objectBytes(new TextEncoder().encode(JSON.stringify({ ...entry, ...wrong }))));
    await expect(getEntry(storage, entry.build, 0)).rejects.toThrow(message);
    await storage.put(key, objectBytes(new TextEncoder().encode('[')));
    await expect(getEntry(storage, entry.build, 0)).rejects.toThrow('expected JSON');
  });
});

describe('manifests', () => {
  it('have all shards in order, or say which are missing', async () => {
    const storage = empty();
    const entries = await all(storage);
    const content = contentOf(entries);
    expect(content.shards.map(({ id, firstId, rows }) => [id, firstId, rows])).toEqual([
      [0, 0, 33],
      [1, 33, 33],
      [2, 66, 34],
    ]);
    const some = entries.filter(({ shard }) => shard !== 1);
    expect(() => contentOf(some)).toThrow('expected all 3 shards of 100 rows, got 2: 1 missing');
    expect(contentOf(some, { allowMissing: true }).missing).toEqual([1]);
    expect(() => contentOf([])).toThrow('got none');
    const other = { ...(entries[1] as ShardEntry), model: hash('other') };
    expect(() => contentOf([...some, other])).toThrow('"model" expected');
  });

  it('are a chain in which each version is made once, by several at the same time too', async () => {
    const storage = empty();
    const contents = await Promise.all([0, 1, 2, 3].map(async (seed) => contentOf(await all(storage, seed))));
    const made = await Promise.all(
      contents.map((content) => publishManifest(storageManifests(storage), content)),
    );
    expect(made.map(({ manifest }) => manifest.version).sort()).toEqual([1, 2, 3, 4]);
    const log = storageManifests(storage);
    for (const { manifest, isNew } of made) {
      expect(isNew).toBe(true);
      expect(manifest.parent).toBe(manifest.version - 1);
      expect(await log.at(manifest.version)).toEqual(manifest);
    }
    const last = await log.head();
    expect(last?.version).toBe(4);
    const again = contents.find(({ build }) => build === last?.build);
    if (!again) throw new Error('the last version is none of these');
    expect(await publishManifest(log, again)).toEqual({ manifest: last, isNew: false });
    expect(await storageManifests(empty()).head()).toBeUndefined();
  });

  it.each([
    [{ format: 3 }, 'expected format 1'],
    [{ version: 0 }, '"version" expected'],
    [{ model: 'x' }, '"model" expected'],
    [{ metric: 'l3' }, '"metric" expected'],
    [{ shards: [] }, '"shards" expected'],
    [{ missing: undefined }, '"missing" expected'],
  ])('are refused with %j', async (wrong, message) => {
    const storage = empty();
    const { manifest } = await publishManifest(storageManifests(storage), contentOf(await all(storage)));
    const bytes = writeManifest({ ...manifest, ...wrong } as ClusterManifest);
    expect(() => readManifest('m', bytes)).toThrow(message);
    expect(readManifest('m', writeManifest(manifest))).toEqual(manifest);
    const [first, second] = manifest.shards as [ClusterManifest['shards'][number], never];
    const meeting = {
      ...manifest,
      shards: [first, { ...(second as object), firstId: 32 }],
    } as ClusterManifest;
    expect(() => readManifest('m', writeManifest(meeting))).toThrow(
      'expected ids from 33 on in shard 1, got 32',
    );
  });
});
