/** Jobs that have failed as often as they may, once more. */
import { JobQueue } from './job-queue.ts';
import { checkCollection, type Job, jobName } from './jobs.ts';
import type { Nats } from './nats.ts';

/**
 * Queues jobs of a collection again that have failed, and forgets that they did. names — which, as `sagitta cluster status` names them;
 * without it all.
 * @returns the jobs that are queued now
 * @throws RangeError on a name of none that has failed, UnavailableError
 */
export async function retryJobs(
  nats: Nats,
  collection: string,
  names?: readonly string[],
): Promise<{ readonly name: string; readonly job: Job }[]> {
  checkCollection(collection);
  const queue = await JobQueue.open(nats);
  await queue.buryLost();
  const failed = new Map((await queue.deadLetters(collection)).map(({ job }) => [jobName(job), job]));
  const wanted = names === undefined ? [...failed.keys()] : [...new Set(names)];
  const jobs = wanted.map((name) => {
    const job = failed.get(name);
    if (job) return { name, job };
    const got = failed.size === 0 ? 'none has' : [...failed.keys()].join(', ');
    throw new RangeError(`"names" expected jobs that have failed (${got}), got ${JSON.stringify(name)}`);
  });
  for (const { job } of jobs) {
    // first: a letter of its next failure must not be forgotten
    await queue.unbury(job);
    await queue.publish(job);
  }
  return jobs;
}
