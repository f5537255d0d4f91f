/** Versions that are known, the way back to them, what a sweep takes, and jobs that are tried once more. */
import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hashOfJson, modelKey, putContent, segmentKey } from '../../src/cluster/content.ts';
import { writeDocument } from '../../src/cluster/documents.ts';
import { folderObjects } from '../../src/cluster/folder-objects.ts';
import { JobQueue } from '../../src/cluster/job-queue.ts';
import { type EncodeJob, jobName } from '../../src/cluster/jobs.ts';
import { kvManifests } from '../../src/cluster/kv-manifests.ts';
import { type ClusterManifest, contentOf, type ManifestContent } from '../../src/cluster/manifest.ts';
import { type ManifestChain, publishManifest, storageManifests } from '../../src/cluster/manifest-log.ts';
import { type ObjectStorage, objectBytes } from '../../src/cluster/object-storage.ts';
import { buildId, listEntries, putEntry, type ShardEntry } from '../../src/cluster/plan.ts';
import { retryJobs } from '../../src/cluster/retry-jobs.ts';
import { rollbackManifest } from '../../src/cluster/rollback.ts';
import { s3Storage } from '../../src/cluster/s3-storage.ts';
import { shardRange } from '../../src/cluster/shard-range.ts';
import { type SweepOptions, sweepCluster } from '../../src/cluster/sweep-cluster.ts';
import { putTraining } from '../../src/cluster/trainings.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { FakeNats } from './fake-nats.ts';
import { FakeS3 } from './fake-s3.ts';
import { keysOf } from './storage.case.ts';

const folder = temporaryFolder();
let made = 0;
const emptyFolder = (): string => join(folder.path, `u${made++}`);
const SHARDS = 2;
const HOUR_MS = 3600 * 1000;

const planOf = (seed: number, model: string) => ({
  model,
  input: [{ name: 'a.npy', bytes: 5 }],
  rows: 10 + seed,
  shards: SHARDS,
});

/** Puts a model, a training, segments and entries. */
async function buildOf(storage: ObjectStorage, seed: number): Promise<ManifestContent> {
  const model = await putContent(storage, modelKey, objectBytes(Uint8Array.of(100, seed)));
  await putTraining(storage, hashOfJson({ seed }), { model, rows: 10 + seed });
  const plan = planOf(seed, model);
  for (let shard = 0; shard < SHARDS; shard++) {
    const segment = await putContent(storage, segmentKey, objectBytes(Uint8Array.of(shard, seed, 7)));
    const entry: ShardEntry = {
      ...{ format: 1, build: buildId(plan), model, shard, shards: SHARDS },
      ...{ ...shardRange(plan.rows, shard, SHARDS), totalRows: plan.rows, segment, bytes: 3 },
      ...{ dimensions: 4, metric: 'l2', index: 'flat' },
    };
    await putEntry(storage, entry);
  }
  return contentOf(await listEntries(storage, buildId(plan)));
}

/** Publishes builds 1 … last, a version each. */
async function publishedUpTo(
  last: number,
  storage: ObjectStorage,
  fake: FakeNats,
  collection = 'notes',
): Promise<ManifestChain> {
  const log = await kvManifests(fake.nats, collection, storage);
  for (let seed = 1; seed <= last; seed++) await publishManifest(log, await buildOf(storage, seed));
  return log;
}

const versionsOf = async (log: ManifestChain): Promise<number[]> =>
  (await log.recent(100)).map(({ version }) => version);

describe('versions in a key', () => {
  it('are known by their numbers, the last hundred', async () => {
    const storage = s3Storage({ bucket: 'b', client: new FakeS3({ hasConditions: false }) });
    const fake = new FakeNats();
    const content = await buildOf(storage, 1);
    const log = await kvManifests(fake.nats, 'notes', storage);
    expect([await log.head(), await log.at(1), await log.recent(9)]).toEqual([undefined, undefined, []]);
    for (let n = 1; n <= 103; n++) {
      await publishManifest(log, { ...content, missing: n % 2 === 0 ? [5] : [] });
    }
    expect((await log.head())?.version).toBe(103);
    expect(await log.at(4)).toMatchObject({ version: 4, parent: 3, missing: [5] });
    expect(await log.at(3)).toBeUndefined();
    expect((await log.recent(3)).map(({ version }) => version)).toEqual([103, 102, 101]);
  });

  it('are those that were named, not those that lost a race', async () => {
    const storage = folderObjects(emptyFolder());
    const fake = new FakeNats();
    const logs = [await publishedUpTo(1, storage, fake), await kvManifests(fake.nats, 'notes', storage)];
    const contents = await Promise.all([2, 3].map((seed) => buildOf(storage, seed)));
    await Promise.all(contents.map((content, i) => publishManifest(logs[i] as ManifestChain, content)));
    const keys = await keysOf(storage.list('versions/'));
    expect(keys).toHaveLength(4);
    const two = await logs[0]?.at(2);
    const three = await logs[0]?.at(3);
    expect(contents.map(({ build }) => build).sort()).toEqual([two?.build, three?.build].sort());
    expect(three?.parent).toBe(2);
  });

  it('are read from a key of before they were listed', async () => {
    const storage = folderObjects(emptyFolder());
    const fake = new FakeNats();
    const log = await publishedUpTo(2, storage, fake);
    const bucket = await fake.bucket('notes_manifest');
    const { before: _, ...old } = JSON.parse(String(Buffer.from((await bucket.get('head'))?.value ?? [])));
    await bucket.put('head', writeDocument(old));
    expect([(await log.head())?.version, (await log.at(2))?.version, await log.at(1)]).toEqual([
      2,
      2,
      undefined,
    ]);
    await publishManifest(log, await buildOf(storage, 3));
    expect(await versionsOf(log)).toEqual([3, 2]);
  });

  it('know their own try whose answer was lost, also when others have gone on', async () => {
    const storage = folderObjects(emptyFolder());
    const fake = new FakeNats();
    const log = await publishedUpTo(1, storage, fake);
    const other = await kvManifests(fake.nats, 'notes', storage);
    const next = { ...((await log.head()) as ClusterManifest), version: 2, parent: 1, writer: 'me' };
    fake.beforeSwap = async () => {
      expect(await other.append(next)).toBe(true);
      await publishManifest(other, await buildOf(storage, 3));
    };
    expect(await log.append(next)).toBe(true);
    expect((await log.head())?.version).toBe(3);
    expect(await log.append(next)).toBe(false);
  });

  it('are refused where the storage is another', async () => {
    const fake = new FakeNats();
    await publishedUpTo(1, folderObjects(emptyFolder()), fake);
    const log = await kvManifests(fake.nats, 'notes', folderObjects(emptyFolder()));
    await expect(log.head()).rejects.toThrow('expected the object versions/00000000000000000001-');
  });
});

describe.each([
  ['a key', async (storage: ObjectStorage) => kvManifests(new FakeNats().nats, 'notes', storage)],
  ['a storage', async (storage: ObjectStorage) => storageManifests(storage)],
])('going back, by %s', (_, logOf) => {
  it('makes the old content a new version, with all its members, and of the last one nothing', async () => {
    const storage = folderObjects(emptyFolder());
    const log = await logOf(storage);
    for (const seed of [1, 2, 3]) await publishManifest(log, await buildOf(storage, seed));
    const back = await rollbackManifest(log, storage, 1);
    const first = (await log.at(1)) as ClusterManifest;
    const { version, parent, created, writer } = back.manifest;
    expect(back.manifest).toEqual({ ...first, version, parent, created, writer });
    expect([version, parent, back.isNew]).toEqual([4, 3, true]);
    expect(await log.head()).toEqual(back.manifest);
    for (const same of [1, 4]) {
      expect(await rollbackManifest(log, storage, same)).toEqual({ manifest: back.manifest, isNew: false });
    }
    expect((await versionsOf(log)).length).toBe(4);
  });

  it('refuses a version that is not known, or not whole', async () => {
    const storage = folderObjects(emptyFolder());
    const log = await logOf(storage);
    await expect(rollbackManifest(log, storage, 1)).rejects.toThrow('of which there is none, got 1');
    for (const seed of [1, 2]) await publishManifest(log, await buildOf(storage, seed));
    await expect(rollbackManifest(log, storage, 3)).rejects.toThrow(
      '"version" expected one that is known, 1 to 2, got 3',
    );
    await expect(rollbackManifest(log, storage, 0)).rejects.toThrow('"version" expected an integer');
    const { segment } = ((await log.at(1)) as ClusterManifest).shards[1] as { segment: string };
    await storage.remove(segmentKey(segment));
    await expect(rollbackManifest(log, storage, 1)).rejects.toThrow(
      `got 1 without segments/${segment}.sgta of shard 1`,
    );
    expect((await log.head())?.version).toBe(2);
  });
});

it.each(['when it is looked whether segments are there', 'when the version is named'])(
  'goes back to nothing that a sweep has forgotten meanwhile, %s',
  async (when) => {
    const plain = folderObjects(emptyFolder());
    const fake = new FakeNats();
    const log = await publishedUpTo(3, plain, fake);
    const forget = async (): Promise<void> => (await kvManifests(fake.nats, 'notes', plain)).forget(1);
    const storage: ObjectStorage = {
      ...plain,
      async size(key) {
        if (when.includes('segments')) await forget();
        return plain.size(key);
      },
    };
    if (when.includes('named')) fake.beforeSwap = forget;
    await expect(rollbackManifest(log, storage, 1)).rejects.toThrow(
      'expected one that is known, 3 to 3, got 1',
    );
    expect(await versionsOf(log)).toEqual([3]);
  },
);

/** A folder whose things are as old as is said. */
function agedFolder() {
  const path = emptyFolder();
  const storage = folderObjects(path);
  return {
    storage,
    async age(hours: number, wanted: (key: string) => boolean = () => true): Promise<void> {
      const at = new Date(Date.now() - hours * HOUR_MS);
      for (const key of await keysOf(storage.list(''))) if (wanted(key)) utimesSync(join(path, key), at, at);
    },
    keys: () => keysOf(storage.list('')),
  };
}

/** What a fold has made of a shard, of which nobody knows. */
async function foldOf(storage: ObjectStorage, seed: number): Promise<{ document: string; segment: string }> {
  const hash = hashOfJson({ fold: seed });
  const [document, segment] = [`folds/${hash}/000000.json`, segmentKey(hash)];
  await storage.put(segment, objectBytes(Uint8Array.of(1, 2)));
  await storage.put(document, objectBytes(writeDocument({ segment: hash, rows: 1, bytes: 2 })));
  return { document, segment };
}

/** What of a list lies where. */
function counts(keys: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const key of keys) {
    const name = key.split('/')[0] as string;
    found[name] = (found[name] ?? 0) + 1;
  }
  return found;
}

const sweep = (fake: FakeNats, storage: ObjectStorage, options: SweepOptions = {}) =>
  sweepCluster(fake.nats, 'notes', storage, options);

describe('a sweep', () => {
  it('leaves the last versions and what they need, and says what it takes, documents first', async () => {
    const { storage, age, keys } = agedFolder();
    const fake = new FakeNats();
    const log = await publishedUpTo(4, storage, fake);
    await storage.put('mine.txt', objectBytes(Uint8Array.of(1)));
    await foldOf(storage, 1);
    await age(25);
    const before = await keys();
    const dry = await sweep(fake, storage, { keep: 2, isDryRun: true });
    expect(await keys()).toEqual(before);
    expect(await versionsOf(log)).toEqual([4, 3, 2, 1]);
    const swept = await sweep(fake, storage, { keep: 2 });
    expect(swept.removed.map(({ key }) => key).sort()).toEqual(dry.removed.map(({ key }) => key).sort());
    expect(swept.kept).toEqual([4, 3]);
    const gone = { versions: 2, shards: 4, folds: 1, trainings: 2, models: 2, segments: 5 };
    expect(counts(swept.removed.map(({ key }) => key))).toEqual(gone);
    const folders = [...new Set(swept.removed.map(({ key }) => key.split('/')[0]))];
    expect(folders.slice(0, 4)).toEqual(['versions', 'shards', 'folds', 'trainings']);
    expect(swept.bytes).toBe(swept.removed.reduce((sum, { bytes }) => sum + bytes, 0));
    const left = await keys();
    expect(left.sort()).toEqual(before.filter((key) => !swept.removed.some((one) => one.key === key)).sort());
    expect(left).toContain('mine.txt');
    await expect(rollbackManifest(log, storage, 2)).rejects.toThrow('expected one that is known');
    expect((await sweep(fake, storage, { keep: 2 })).removed).toEqual([]);
    expect((await rollbackManifest(log, storage, 3)).isNew).toBe(true);
  });

  it('takes nothing that is young, nor what young documents name, nor the rest of a build under way', async () => {
    const { storage, age, keys } = agedFolder();
    const fake = new FakeNats();
    await publishedUpTo(3, storage, fake);
    const open = await buildOf(storage, 9);
    const { document, segment } = await foldOf(storage, 1);
    await age(30);
    expect((await sweep(fake, storage, { keep: 1, olderThanMs: 31 * HOUR_MS })).removed).toEqual([]);
    // a shard of it has just come
    await putEntry(storage, (await listEntries(storage, open.build))[1] as ShardEntry);
    // and an old version is still young
    const version = (await keys()).find((key) => key.startsWith('versions/00000000000000000002')) as string;
    await storage.put(version, objectBytes((await storage.get(version)) as Uint8Array));
    // so is what a fold has made
    await storage.put(document, objectBytes((await storage.get(document)) as Uint8Array));
    await sweep(fake, storage, { keep: 1 });
    const left = counts(await keys());
    expect(left).toEqual({ versions: 2, shards: 6, folds: 1, trainings: 3, models: 3, segments: 7 });
    expect(await keys()).toContain(segment);
    expect(await listEntries(storage, open.build)).toHaveLength(SHARDS);
  });

  it('leaves what members name that are not known here', async () => {
    const { storage, age, keys } = agedFolder();
    const fake = new FakeNats();
    const log = await publishedUpTo(1, storage, fake);
    const ids = segmentKey(hashOfJson({ ids: 1 }));
    await storage.put(ids, objectBytes(Uint8Array.of(1)));
    const key = (await log.recent(1))[0]?.key as string;
    const document = { ...((await log.head()) as object), other: { ids: hashOfJson({ ids: 1 }) } };
    await storage.put(key, objectBytes(writeDocument(document)));
    await age(30);
    expect((await sweep(fake, storage)).removed).toEqual([]);
    expect(await keys()).toContain(ids);
  });

  it('leaves builds with jobs in the queue, whatever their age', async () => {
    const { storage, age, keys } = agedFolder();
    const fake = new FakeNats();
    await publishedUpTo(1, storage, fake);
    const waiting = await buildOf(storage, 5);
    const { model } = await buildOf(storage, 6);
    const queue = await JobQueue.open(fake.nats);
    const work = { collection: 'others', place: 'p', inputs: ['a.npy'], flags: [] };
    await queue.publish({ kind: 'encode', ...work, plan: planOf(5, waiting.model), shard: 1 });
    // of this one no shard is there
    await queue.publish({ kind: 'encode', ...work, plan: planOf(66, model), shard: 0 });
    await age(30);
    const { removed } = await sweep(fake, storage);
    expect(counts(removed.map(({ key }) => key))).toEqual({ shards: 2, segments: 2 });
    expect(counts(await keys())).toEqual({ versions: 1, shards: 4, trainings: 3, models: 3, segments: 4 });
  });

  it('leaves versions of other collections, of `publish`, and those whose names were not listed', async () => {
    const { storage, age, keys } = agedFolder();
    const fake = new FakeNats();
    await publishedUpTo(2, storage, fake, 'others');
    const plain = storageManifests(storage);
    for (const seed of [11, 12]) await publishManifest(plain, await buildOf(storage, seed));
    const log = await kvManifests(fake.nats, 'notes', storage);
    for (const seed of [21, 22, 23]) await publishManifest(log, await buildOf(storage, seed));
    const bucket = await fake.bucket('notes_manifest');
    const { before: _, ...old } = JSON.parse(String(Buffer.from((await bucket.get('head'))?.value ?? [])));
    await bucket.put('head', writeDocument(old));
    await age(30);
    expect((await sweep(fake, storage)).removed).toEqual([]);
    const { removed } = await sweep(fake, storage, { keep: 1 });
    // of its own two, and one of `publish`
    expect(counts(removed.map(({ key }) => key))).toMatchObject({ versions: 2, manifests: 1, segments: 6 });
    expect(counts(await keys())).toMatchObject({ versions: 3, manifests: 1, segments: 8 });
  });

  it('goes by the clock of the storage', async () => {
    const client = new FakeS3();
    const storage = s3Storage({ bucket: 'b', client });
    const fake = new FakeNats();
    await publishedUpTo(2, storage, fake);
    // its day is long over here
    expect((await sweep(fake, storage, { keep: 1 })).removed).toEqual([]);
    client.now += 25 * HOUR_MS;
    const { removed } = await sweep(fake, storage, { keep: 1 });
    expect(counts(removed.map(({ key }) => key))).toMatchObject({ versions: 1, segments: 2, models: 1 });
    expect([...client.objects.keys()].filter((key) => key.startsWith('clock'))).toEqual([]);
  });

  it('takes nothing that was put again while it went on', async () => {
    const { storage, age } = agedFolder();
    const fake = new FakeNats();
    await publishedUpTo(1, storage, fake);
    const open = await buildOf(storage, 5);
    await age(30);
    // when it has listed what is old
    const busy: ObjectStorage = {
      ...storage,
      async *list(prefix) {
        yield* storage.list(prefix);
        if (prefix === 'segments/') await buildOf(storage, 5);
      },
    };
    const { removed } = await sweep(fake, busy);
    expect(counts(removed.map(({ key }) => key))).toEqual({ shards: 2, trainings: 1 });
    expect(await listEntries(storage, open.build)).toHaveLength(SHARDS);
    expect(await storage.size(modelKey(open.model))).toBe(2);
  });

  it('says so where a version with what it removes is published in the last moment', async () => {
    const { storage, age } = agedFolder();
    const fake = new FakeNats();
    const log = await publishedUpTo(1, storage, fake);
    const forgotten = await buildOf(storage, 5);
    await age(30);
    const late: ObjectStorage = {
      ...storage,
      async remove(key) {
        if (key.startsWith('models/')) await publishManifest(log, forgotten);
        return storage.remove(key);
      },
    };
    await expect(sweep(fake, late)).rejects.toThrow(/got one with \w+\/[0-9a-f]{64}.sgta, published while/);
    await expect(rollbackManifest(log, storage, 2)).rejects.toThrow(
      'expected one whose segments are all there',
    );
  });

  it('that ends in its midst leaves no name without its object', async () => {
    const { storage, age, keys } = agedFolder();
    const fake = new FakeNats();
    const log = await publishedUpTo(3, storage, fake);
    await age(30);
    for (let gone = 1; ; gone++) {
      let left = gone;
      const dying: ObjectStorage = {
        ...storage,
        remove: async (key) => {
          if (!key.startsWith('clock/') && left-- <= 0) throw new Error('killed');
          return storage.remove(key);
        },
      };
      const outcome = await sweepCluster(fake.nats, 'notes', dying, { keep: 1 }).catch(() => undefined);
      for (const key of (await keys()).filter((one) => /^(versions|shards|trainings)/.test(one))) {
        const text = String(Buffer.from((await storage.get(key)) as Uint8Array));
        const { segment, model, shards } = JSON.parse(text);
        const segments = [segment, ...(Array.isArray(shards) ? shards.map((one) => one.segment) : [])];
        for (const one of segments.filter(Boolean)) expect(await storage.size(segmentKey(one))).toBe(3);
        expect(await storage.size(modelKey(model))).toBe(2);
      }
      if (outcome) break;
    }
    expect(counts(await keys())).toEqual({ versions: 1, shards: 2, trainings: 1, models: 1, segments: 2 });
    expect((await log.head())?.version).toBe(3);
  });

  it('refuses a collection without a version, another place, and wrong options', async () => {
    const { storage } = agedFolder();
    const fake = new FakeNats();
    await expect(sweep(fake, storage)).rejects.toThrow('"collection" expected one of which a version');
    await publishedUpTo(1, storage, fake);
    await expect(sweep(fake, folderObjects(emptyFolder()))).rejects.toThrow('expected the object versions/');
    await expect(sweep(fake, storage, { keep: 0 })).rejects.toThrow('"keep" expected');
    await expect(sweep(fake, storage, { keep: 101 })).rejects.toThrow('"keep" expected');
    await expect(sweep(fake, storage, { olderThanMs: -1 })).rejects.toThrow('"olderThanMs" expected');
    await expect(sweep(fake, storage, { dryRun: true } as object)).rejects.toThrow('"dryRun"');
  });
});

describe('jobs that have failed', () => {
  const job = (shard: number): EncodeJob => ({
    ...{ kind: 'encode', collection: 'notes', place: 'p', inputs: ['a.npy'], flags: [] },
    ...{ plan: planOf(1, hashOfJson({})), shard },
  });

  it('are queued again, all or those that are named, and forgotten', async () => {
    const fake = new FakeNats();
    const queue = await JobQueue.open(fake.nats);
    expect(await retryJobs(fake.nats, 'notes')).toEqual([]);
    for (const shard of [0, 1]) await queue.bury({ job: job(shard), error: 'x', tries: 5 }, 1);
    const [first, second] = [jobName(job(0)), jobName(job(1))];
    await expect(retryJobs(fake.nats, 'notes', ['notes.encode.x.0'])).rejects.toThrow(
      `"names" expected jobs that have failed (${first}, ${second}), got "notes.encode.x.0"`,
    );
    expect(fake.messages).toEqual([]);
    expect(await retryJobs(fake.nats, 'notes', [second, second])).toEqual([{ name: second, job: job(1) }]);
    expect((await queue.deadLetters('notes')).map((letter) => letter.job)).toEqual([job(0)]);
    expect((await retryJobs(fake.nats, 'notes')).map(({ name }) => name)).toEqual([first]);
    expect(fake.messages.map(({ subject }) => subject)).toEqual([
      `sagitta.jobs.${second}`,
      `sagitta.jobs.${first}`,
    ]);
    expect(await queue.deadLetters('notes')).toEqual([]);
    await expect(retryJobs(fake.nats, 'a.b')).rejects.toThrow('"collection" expected letters');
  });

  it('are refused where they are longer than a message', async () => {
    const queue = await JobQueue.open(new FakeNats().nats);
    const inputs = Array.from({ length: 30_000 }, (_, i) => `s3://bucket/raw/of-some-length-${i}.npy`);
    await expect(queue.publish({ ...job(0), inputs })).rejects.toThrow(
      /"inputs" expected names that fit into a message of 1048576 bytes .* for 30000 names/,
    );
  });
});
