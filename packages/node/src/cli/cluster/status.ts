/** sagitta cluster status: what is queued, what has failed, what is published. */
import type { Command } from 'commander';
import { addOutputOptions } from '../arguments.ts';
import { blame } from '../failure.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from '../io.ts';
import { count, fieldLines } from '../text.ts';
import { addNatsOptions, collectionOf, type NatsFlags, withNats } from './with-nats.ts';

interface StatusOptions extends NatsFlags, OutputOptions {}

export function addClusterStatusCommand(cluster: Command, io: CommandIo): void {
  const command = cluster
    .command('status')
    .summary('tell what is queued, failed and published')
    .description('Tells jobs of a collection that wait or run, those that have failed, and the manifest.')
    .argument('<PLACE>', 's3://bucket/prefix, or a folder');
  addNatsOptions(command);
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
Example:
  sagitta cluster status s3://bucket/notes --nats nats://a
JSON: queued, failed [{job, tries, error}], builds [{build, built}], version, rows, shards, missing, writes (number of the last), folded (number of the last that segments have).`,
    )
    .action((place: string, options: StatusOptions) => status(place, options, reporter(io, options)));
}

async function status(place: string, options: StatusOptions, report: Reporter): Promise<void> {
  const { JobQueue } = await import('../../cluster/job-queue.ts');
  const { jobName } = await import('../../cluster/jobs.ts');
  const { kvManifests } = await import('../../cluster/kv-manifests.ts');
  const { openPlace } = await import('../../cluster/place.ts');
  const { listBuilds, listShards } = await import('../../cluster/plan.ts');
  const { WriteStream } = await import('../../cluster/write-stream.ts');
  const collection = collectionOf(options, place);
  const storage = await blame('PLACE', () => openPlace(place));
  await withNats(options, report, { isPatient: false }, (nats) =>
    blame('PLACE', async () => {
      const queue = await JobQueue.open(nats);
      await queue.buryLost();
      const queued = await queue.queued(collection);
      const failed = (await queue.deadLetters(collection)).map(({ job, tries, error }) => ({
        job: jobName(job),
        tries,
        error,
      }));
      const builds: { readonly build: string; readonly built: number }[] = [];
      for (const build of await listBuilds(storage)) {
        builds.push({ build, built: (await listShards(storage, build)).length });
      }
      const head = await (await kvManifests(nats, collection, storage)).head();
      const rows = head?.shards.reduce((sum, shard) => sum + shard.rows, 0) ?? 0;
      const shards = head?.shards.length ?? 0;
      const missing = head?.missing ?? [];
      const { last: writes } = await (await WriteStream.open(nats, collection)).numbers();
      const folded = head?.writes ?? 0;
      report.result(
        { queued, failed, builds, version: head?.version ?? 0, rows, shards, missing, writes, folded },
        fieldLines([
          ['queued', count(queued)],
          ['failed', count(failed.length)],
          ...failed.map(({ job, error, tries }) => ['', `${job}: ${error} (${tries} tries)`] as const),
          ...builds.map(
            ({ build, built }) => ['build', `${build.slice(0, 16)}: ${count(built)} shards built`] as const,
          ),
          [
            'published',
            head ? `version ${head.version}: ${count(rows)} rows in ${count(shards)} shards` : 'nothing',
          ],
          ['writes', `${count(writes)}, ${count(writes - folded)} of them since the segments were made`],
        ]),
      );
    }),
  );
}
