/**
 * Folds writes into segments: what of each shard has changed up to a number becomes a new segment, and the manifest's next version
 * has all of them. The same writes on the same segment give the same bytes, so that it may be done twice, or by two at once.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Core } from '@sagitta/core-wasm';
import { snapshotIndex } from '@sagitta/retrieval';
import * as v from 'valibot';
import { hashOfJson, putContent, segmentKey } from './content.ts';
import { count, hash, readDocument, type SchemaOf, writeDocument } from './documents.ts';
import { JobQueue, type QueueOptions } from './job-queue.ts';
import { checkCollection, type FoldPlan } from './jobs.ts';
import { allDone, FailedJobsError, type JobsProgress } from './jobs-done.ts';
import { kvManifests } from './kv-manifests.ts';
import { LiveShard } from './live-shard.ts';
import { type ClusterManifest, contentOfVersion, type ManifestShard, spanOf } from './manifest.ts';
import { appendVersion } from './manifest-log.ts';
import type { Nats } from './nats.ts';
import { type ObjectStorage, objectBytes } from './object-storage.ts';
import { shardKey, shardsIn } from './plan.ts';
import { loadSegment } from './segments.ts';
import { WriteStream } from './write-stream.ts';

/** Says what is folded. */
export interface ClusterFold extends QueueOptions {
  readonly collection: string;
  /** Milliseconds between two looks at what is done. Default 1,000. */
  readonly pollMs?: number;
  readonly onProgress?: (progress: JobsProgress) => void;
  readonly signal?: AbortSignal;
}

/** What a fold has made of a shard. */
export type FoldedShard = Pick<ManifestShard, 'segment' | 'rows' | 'bytes'>;

const FOLDED: SchemaOf<FoldedShard> = v.object({ segment: hash, rows: count(0), bytes: count(1) });
/** Where folded shards are written down. */
export const FOLDS = 'folds/';
const folderOf = (plan: FoldPlan): string => `${FOLDS}${hashOfJson(plan)}/`;
const keyOf = (plan: FoldPlan, shard: number): string => shardKey(folderOf(plan), shard);

/** Folds one shard, unless that is done. @throws RangeError on a version or shard that there is not; FormatError, CapacityError, StorageError, UnavailableError */
export async function foldShard(
  nats: Nats,
  storage: ObjectStorage,
  core: Core,
  {
    collection,
    plan,
    shard: id,
  }: { readonly collection: string; readonly plan: FoldPlan; readonly shard: number },
): Promise<FoldedShard> {
  const key = keyOf(plan, id);
  const there = await storage.get(key);
  const done = there && readDocument(`${storage.name}/${key}`, FOLDED, there);
  if (done && (await storage.size(segmentKey(done.segment))) === done.bytes) return done;
  const manifest = await (await kvManifests(nats, collection, storage)).at(plan.version);
  if (!manifest) throw new RangeError(`"version" expected one that is published, got ${plan.version}`);
  const shard = manifest.shards.find((one) => one.id === id);
  if (!shard) throw new RangeError(`"shard" expected one of version ${plan.version}, got ${id}`);
  const folded = await fold(nats, storage, core, { manifest, shard, collection, writes: plan.writes });
  await storage.put(key, objectBytes(writeDocument(folded)));
  return folded;
}

interface Folding {
  readonly manifest: ClusterManifest;
  readonly shard: ManifestShard;
  readonly collection: string;
  readonly writes: number;
}

async function fold(
  nats: Nats,
  storage: ObjectStorage,
  core: Core,
  { manifest, shard, collection, writes }: Folding,
): Promise<FoldedShard> {
  const folder = await mkdtemp(join(tmpdir(), 'sagitta-fold-'));
  const end = new AbortController();
  try {
    using live = new LiveShard(await loadSegment(core, storage, folder, shard), manifest, shard);
    const stream = await WriteStream.open(nats, collection);
    await stream.checkThere(live.applied + 1);
    if (live.applied < writes) {
      for await (const write of stream.follow(live.applied + 1, end.signal)) {
        live.applyOr(write, () => undefined);
        if (write.number >= writes) break;
      }
    }
    const { segment, rows, bytes } = shard;
    if (!live.isChanged) return { segment, rows, bytes };
    const { index } = live;
    index.compact();
    using file = snapshotIndex(index);
    return {
      segment: await putContent(storage, segmentKey, file),
      rows: index.n,
      bytes: file.byteLength,
    };
  } finally {
    end.abort();
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Folds all writes so far into the segments of the last version, by workers, and publishes the next. Where nothing was written it makes none.
 * @throws RangeError where nothing is published, FailedJobsError, UnavailableError, the signal's reason
 */
export async function foldCluster(
  nats: Nats,
  storage: ObjectStorage,
  { collection: name, ...how }: ClusterFold,
): Promise<{ readonly manifest: ClusterManifest; readonly isNew: boolean }> {
  const collection = checkCollection(name);
  const { ackWaitMs, tries } = how;
  const queue = await JobQueue.open(nats, {
    ...(ackWaitMs !== undefined && { ackWaitMs }),
    ...(tries !== undefined && { tries }),
  });
  const log = await kvManifests(nats, collection, storage);
  for (;;) {
    const head = await log.head();
    if (!head) throw new RangeError(`"collection" expected one that is published, got ${collection}`);
    const stream = await WriteStream.open(nats, collection);
    await stream.checkThere((head.writes ?? 0) + 1);
    const { last } = await stream.numbers();
    if (last <= (head.writes ?? 0)) return { manifest: head, isNew: false };
    const plan: FoldPlan = { version: head.version, writes: last };
    const place = storage.name;
    const letters = await allDone(queue, {
      ...how,
      collection,
      shards: head.shards.map(({ id }) => id),
      jobOf: (shard) => ({ kind: 'fold', collection, place, plan, shard }),
      listDone: () => shardsIn(storage, folderOf(plan)),
    });
    if (letters.length > 0) throw new FailedJobsError(letters);
    const shards: ManifestShard[] = [];
    for (const shard of head.shards) {
      const { segment, rows, bytes } = await foldedShard(storage, plan, shard.id);
      shards.push({ ...shard, segment, rows, bytes, span: spanOf(shard) });
    }
    const manifest = await appendVersion(log, head, { ...contentOfVersion(head), shards, writes: last });
    // where another version was published meanwhile, that one is folded
    if (manifest) return { manifest, isNew: true };
  }
}

async function foldedShard(storage: ObjectStorage, plan: FoldPlan, shard: number): Promise<FoldedShard> {
  const key = keyOf(plan, shard);
  const bytes = await storage.get(key);
  if (bytes) return readDocument(`${storage.name}/${key}`, FOLDED, bytes);
  throw new RangeError(`${storage.name}: expected the object ${key}, got none`);
}
