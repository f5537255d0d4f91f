/** Waits until workers have done a job of each shard, and queues what is not done. */
import { setTimeout as wait } from 'node:timers/promises';
import { AT_ONCE, inFlight } from './in-flight.ts';
import type { DeadLetter, JobQueue } from './job-queue.ts';
import { type Job, jobName } from './jobs.ts';

/** Says how far jobs are. */
export interface JobsProgress {
  readonly done: number;
  readonly failed: number;
  readonly total: number;
}

/** Says which jobs are waited for. */
export interface AwaitedJobs {
  readonly collection: string;
  readonly shards: readonly number[];
  readonly jobOf: (shard: number) => Job;
  /** Numbers of the shards whose jobs are done. */
  readonly listDone: () => Promise<readonly number[]>;
  /** Milliseconds between two looks at what is done. Default 1,000. */
  readonly pollMs?: number;
  readonly onProgress?: (progress: JobsProgress) => void;
  readonly signal?: AbortSignal;
}

/** Says that jobs have failed as often as they may. The others are done, and stay. */
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

export const POLL_MS = 1000;
/** Looks after which jobs that are not done are queued again, for when the queue has lost them. */
const LOOKS_BETWEEN = 30;

/** @returns why jobs have failed, when all others are done */
export async function allDone(queue: JobQueue, jobs: AwaitedJobs): Promise<DeadLetter[]> {
  const { collection, shards, jobOf, listDone, pollMs = POLL_MS, onProgress, signal } = jobs;
  const built = new Set(await listDone());
  let missing = shards.filter((shard) => !built.has(shard));
  const byName = new Map(missing.map((shard) => [jobName(jobOf(shard)), shard]));
  // what has failed before is tried anew
  await inFlight(AT_ONCE, missing, (shard) => queue.unbury(jobOf(shard)));
  const failed = new Map<number, DeadLetter>();
  for (let look = 0; ; look++) {
    const open = missing.filter((shard) => !failed.has(shard));
    if (look % LOOKS_BETWEEN === 0) await inFlight(AT_ONCE, open, (shard) => queue.publish(jobOf(shard)));
    onProgress?.({ done: shards.length - missing.length, failed: failed.size, total: shards.length });
    if (open.length === 0) return [...failed.values()];
    await wait(pollMs, undefined, { signal });
    const done = new Set(await listDone());
    missing = missing.filter((shard) => !done.has(shard));
    await queue.buryLost();
    failed.clear();
    for (const letter of await queue.deadLetters(collection)) {
      const shard = byName.get(jobName(letter.job));
      if (shard !== undefined && !done.has(shard)) failed.set(shard, letter);
    }
  }
}
