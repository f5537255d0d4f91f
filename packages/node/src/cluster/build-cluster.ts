/**
 * A build by many workers: a training, then a job a shard, then the manifest. All that is done lies in the storage, under names that
 * follow from what was asked: whoever asks for the same build again goes on where it stands, also when another does so meanwhile.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { checkInteger } from '@sagitta/core-wasm';
import { modelKey } from './content.ts';
import { AT_ONCE, inFlight } from './in-flight.ts';
import { type DeadLetter, JobQueue, type QueueOptions } from './job-queue.ts';
import { checkCollection, type TrainJob, trainingId } from './jobs.ts';
import { allDone, FailedJobsError, type JobsProgress, POLL_MS } from './jobs-done.ts';
import { kvManifests } from './kv-manifests.ts';
import { contentOf } from './manifest.ts';
import { type ManifestLog, type Published, publishManifest } from './manifest-log.ts';
import type { Nats } from './nats.ts';
import type { ObjectStorage } from './object-storage.ts';
import {
  type BuildPlan,
  buildId,
  entryKey,
  getEntry,
  type InputFile,
  listEntries,
  listShards,
  putEntry,
} from './plan.ts';
import { getTraining, putTraining, type Training } from './trainings.ts';
import { WriteStream } from './write-stream.ts';

/** Says what is built. */
export interface ClusterBuild extends QueueOptions {
  /** What the index is called: letters, digits, "_" and "-". */
  readonly collection: string;
  /** Paths of the input's files, as workers see them, or names of objects, and what they are: expandInputs and inputFiles tell both. */
  readonly inputs: readonly string[];
  readonly files: readonly InputFile[];
  /** Words for `sagitta train`, and for `sagitta encode`. */
  readonly trainFlags: readonly string[];
  readonly encodeFlags: readonly string[];
  readonly shards: number;
  /**
   * Number of the last write that the input has, 0 for none: those that follow are applied to what is built. It has to be said
   * where the collection was written to, unless what is built is what is published.
   */
  readonly writes?: number;
  /** Publishes also where shards have failed. Default false. */
  readonly allowMissing?: boolean;
  /** Milliseconds between two looks at what is done. Default 1,000. */
  readonly pollMs?: number;
  readonly onProgress?: (progress: BuildProgress) => void;
  readonly signal?: AbortSignal;
}

/** Says how far a build is. */
export interface BuildProgress extends JobsProgress {
  readonly phase: 'train' | 'encode';
}

/**
 * Builds and publishes.
 * @throws RangeError on a name that is none, FailedJobsError, UnavailableError, the signal's reason
 */
export async function buildCluster(
  nats: Nats,
  storage: ObjectStorage,
  build: ClusterBuild,
): Promise<Published> {
  const collection = checkCollection(build.collection);
  const { ackWaitMs, tries, inputs, files, shards, allowMissing = false } = build;
  const queue = await JobQueue.open(nats, {
    ...(ackWaitMs !== undefined && { ackWaitMs }),
    ...(tries !== undefined && { tries }),
  });
  // made now: in the midst of the work a server may be away whose place a new bucket would want
  const log = await kvManifests(nats, collection, storage);
  const training = await trained(
    queue,
    storage,
    {
      ...{ kind: 'train', collection, place: storage.name, inputs, files, shards, flags: build.trainFlags },
    },
    build,
  );
  const plan: BuildPlan = { model: training.model, input: files, rows: training.rows, shards };
  const writes = await checkedWrites(nats, log, plan, build);
  const letters = await encoded(queue, storage, plan, build);
  if (letters.length > 0 && !allowMissing) throw new FailedJobsError(letters);
  const content = contentOf(await listEntries(storage, buildId(plan)), { allowMissing });
  return publishManifest(log, { ...content, ...(writes > 0 && { writes }) });
}

/** The number of the last write that what is built has. @throws RangeError where it has to be said, or the writes since are not there any more */
async function checkedWrites(
  nats: Nats,
  log: ManifestLog,
  plan: BuildPlan,
  { collection, writes }: ClusterBuild,
): Promise<number> {
  const { first, last } = await (await WriteStream.open(nats, collection)).numbers();
  if (writes !== undefined) {
    checkInteger('writes', writes, 0, last);
    if (writes + 1 >= first) return writes;
    throw new RangeError(
      `"writes" expected ${first - 1} or more, since earlier writes are folded or swept, got ${writes}`,
    );
  }
  const head = await log.head();
  const isPublished = head?.build === buildId(plan) && head.shards.every(({ span }) => span === undefined);
  if (isPublished) return head.writes ?? 0;
  if (last === 0) return 0;
  throw new RangeError(
    `"writes" expected the number of the last write that the input has, 0 to ${last}, since the collection was written to, got none`,
  );
}

async function trained(
  queue: JobQueue,
  storage: ObjectStorage,
  job: TrainJob,
  { pollMs = POLL_MS, onProgress, signal }: ClusterBuild,
): Promise<Training> {
  let isFirst = true;
  for (;;) {
    const training = await getTraining(storage, trainingId(job));
    if (training && (await storage.size(modelKey(training.model))) !== undefined) {
      // what is used again is new to a sweep
      await putTraining(storage, trainingId(job), training);
      onProgress?.({ phase: 'train', done: 1, failed: 0, total: 1 });
      return training;
    }
    // what has failed before is tried anew
    if (isFirst) await queue.unbury(job);
    const letter = await queue.deadLetter(job);
    if (letter) throw new FailedJobsError([letter]);
    if (isFirst) await queue.publish(job);
    isFirst = false;
    onProgress?.({ phase: 'train', done: 0, failed: 0, total: 1 });
    await wait(pollMs, undefined, { signal });
    await queue.buryLost();
  }
}

/** @returns why shards have failed, when all others are done */
async function encoded(
  queue: JobQueue,
  storage: ObjectStorage,
  plan: BuildPlan,
  { collection, inputs, encodeFlags, ...how }: ClusterBuild,
): Promise<DeadLetter[]> {
  const id = buildId(plan);
  const listed = await listShards(storage, id);
  const there = await inFlight(AT_ONCE, listed, (shard) => getEntry(storage, id, shard));
  // whose segment is gone
  const lost = listed.filter((_, i) => there[i] === undefined);
  await inFlight(AT_ONCE, lost, (shard) => storage.remove(entryKey(id, shard)));
  // what is used again is new to a sweep
  await inFlight(AT_ONCE, there, async (entry) => entry && putEntry(storage, entry));
  return allDone(queue, {
    ...how,
    collection,
    shards: Array.from({ length: plan.shards }, (_, shard) => shard),
    jobOf: (shard) => ({
      ...{ kind: 'encode', collection, place: storage.name, inputs, flags: encodeFlags, plan, shard },
    }),
    listDone: () => listShards(storage, id),
    onProgress: (progress) => how.onProgress?.({ phase: 'encode', ...progress }),
  });
}
