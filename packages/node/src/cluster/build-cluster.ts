/**
 * A build by many workers: a training, then a job a shard, then the manifest. All that is done lies in the storage, under names that
 * follow from what was asked: whoever asks for the same build again goes on where it stands, also when another does so meanwhile.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { modelKey } from './content.ts';
import { inFlight } from './in-flight.ts';
import { type DeadLetter, JobQueue, type QueueOptions } from './job-queue.ts';
import { checkCollection, type Job, type TrainJob, trainingId } from './jobs.ts';
import { kvManifests } from './kv-manifests.ts';
import { type ClusterManifest, contentOf } from './manifest.ts';
import { publishManifest } from './manifest-log.ts';
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
} from './plan.ts';
import { getTraining, type Training } from './trainings.ts';

/** Says what is built. */
export interface ClusterBuild extends QueueOptions {
  /** What the index is called: letters, digits, "_" and "-". */
  readonly collection: string;
  /** Paths of the input's files, as workers see them, and what they are. */
  readonly inputs: readonly string[];
  readonly files: readonly InputFile[];
  /** Words for `sagitta train`, and for `sagitta encode`. */
  readonly trainFlags: readonly string[];
  readonly encodeFlags: readonly string[];
  readonly shards: number;
  /** Publishes also where shards have failed. Default false. */
  readonly allowMissing?: boolean;
  /** Milliseconds between two looks at what is done. Default 1,000. */
  readonly pollMs?: number;
  readonly onProgress?: (progress: BuildProgress) => void;
  readonly signal?: AbortSignal;
}

/** Says how far a build is. */
export interface BuildProgress {
  readonly phase: 'train' | 'encode';
  readonly done: number;
  readonly failed: number;
  readonly total: number;
}

/** Says that jobs of a build have failed as often as they may. The others are done, and stay. */
export class FailedJobsError extends Error {
  readonly code = 'SAGITTA_FAILED_JOBS';
  readonly letters: readonly DeadLetter[];

  constructor(letters: readonly DeadLetter[]) {
    const [first] = letters;
    const more = letters.length > 1 ? ` (and ${letters.length - 1} more)` : '';
    super(`expected all jobs to be done, got a failure after ${first?.tries} tries: ${first?.error}${more}`);
    this.name = 'FailedJobsError';
    this.letters = letters;
  }
}

const POLL_MS = 1000;
/** Looks after which jobs that are not done are queued again, for when the queue has lost them. */
const LOOKS_BETWEEN = 30;
/** Objects that are asked for at a time. */
const AT_ONCE = 16;

/**
 * Builds and publishes.
 * @throws RangeError on a name that is none, FailedJobsError, UnavailableError, the signal's reason
 */
export async function buildCluster(
  nats: Nats,
  storage: ObjectStorage,
  build: ClusterBuild,
): Promise<{ readonly manifest: ClusterManifest; readonly isNew: boolean }> {
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
  const letters = await encoded(queue, storage, plan, build);
  if (letters.length > 0 && !allowMissing) throw new FailedJobsError(letters);
  const content = contentOf(await listEntries(storage, buildId(plan)), { allowMissing });
  return publishManifest(log, content);
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
  { collection, inputs, encodeFlags, pollMs = POLL_MS, onProgress, signal }: ClusterBuild,
): Promise<DeadLetter[]> {
  const id = buildId(plan);
  const all = Array.from({ length: plan.shards }, (_, shard) => shard);
  const jobOf = (shard: number): Job => ({
    ...{ kind: 'encode', collection, place: storage.name, inputs, flags: encodeFlags, plan, shard },
  });
  const listed = await listShards(storage, id);
  const there = await inFlight(AT_ONCE, listed, (shard) => getEntry(storage, id, shard));
  // whose segment is gone
  const lost = listed.filter((_, i) => there[i] === undefined);
  await inFlight(AT_ONCE, lost, (shard) => storage.remove(entryKey(id, shard)));
  const built = new Set(there.map((entry) => entry?.shard));
  let missing = all.filter((shard) => !built.has(shard));
  await inFlight(AT_ONCE, missing, (shard) => queue.unbury(jobOf(shard)));
  const failed = new Map<number, DeadLetter>();
  for (let look = 0; ; look++) {
    const open = missing.filter((shard) => !failed.has(shard));
    if (look % LOOKS_BETWEEN === 0) await inFlight(AT_ONCE, open, (shard) => queue.publish(jobOf(shard)));
    onProgress?.({
      ...{ phase: 'encode', done: plan.shards - missing.length, failed: failed.size, total: plan.shards },
    });
    if (open.length === 0) return [...failed.values()];
    await wait(pollMs, undefined, { signal });
    const done = new Set(await listShards(storage, id));
    missing = missing.filter((shard) => !done.has(shard));
    await queue.buryLost();
    failed.clear();
    for (const letter of await queue.deadLetters(collection)) {
      const { job } = letter;
      if (job.kind !== 'encode' || buildId(job.plan) !== id || done.has(job.shard)) continue;
      failed.set(job.shard, letter);
    }
  }
}
