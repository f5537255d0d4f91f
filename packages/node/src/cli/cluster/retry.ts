/** sagitta cluster retry: jobs that have failed, once more. */
import type { Command } from 'commander';
import { addOutputOptions } from '../arguments.ts';
import { blame } from '../failure.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from '../io.ts';
import { addNatsOptions, collectionOf, type NatsFlags, withNats } from './with-nats.ts';

interface RetryOptions extends NatsFlags, OutputOptions {}

export function addClusterRetryCommand(cluster: Command, io: CommandIo): void {
  const command = cluster
    .command('retry')
    .summary('queue jobs again that have failed')
    .description(
      'Queues jobs again that have failed as often as they may, and forgets that they did. A `sagitta cluster build` that waits goes on with them.',
    )
    .argument('<PLACE>', 's3://bucket/prefix, or a folder')
    .argument('[JOB...]', 'which, as `sagitta cluster status` names them (default: all)');
  addNatsOptions(command);
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
Example:
  sagitta cluster retry s3://bucket/notes --nats nats://a
JSON: queued [names of jobs].`,
    )
    .action((place: string, jobs: readonly string[], options: RetryOptions) =>
      retry(place, jobs, options, reporter(io, options)),
    );
}

async function retry(
  place: string,
  jobs: readonly string[],
  options: RetryOptions,
  report: Reporter,
): Promise<void> {
  const { describeJob } = await import('../../cluster/jobs.ts');
  const { retryJobs } = await import('../../cluster/retry-jobs.ts');
  const collection = collectionOf(options, place);
  await withNats(options, report, { isPatient: false }, async (nats) => {
    const queued = await blame('JOB', () => retryJobs(nats, collection, jobs.length > 0 ? jobs : undefined));
    report.result(
      { queued: queued.map(({ name }) => name) },
      queued.length === 0
        ? ['no job has failed']
        : queued.map(({ name, job }) => `queued ${name}: ${describeJob(job)}`),
    );
  });
}
