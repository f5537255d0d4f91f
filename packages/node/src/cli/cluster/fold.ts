/** sagitta cluster fold: writes become part of segments. */
import { createCore } from '@sagitta/core-wasm';
import type { Command } from 'commander';
import { addOutputOptions, integer, number } from '../arguments.ts';
import { blame, CommandFailure } from '../failure.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from '../io.ts';
import { manifestLines, manifestValue } from '../publish.ts';
import { count, fieldLines } from '../text.ts';
import { addNatsOptions, collectionOf, type NatsFlags, withNats } from './with-nats.ts';

interface FoldOptions extends NatsFlags, OutputOptions {
  readonly ackWait: number;
  readonly tries: number;
  readonly shard?: number;
  readonly of?: number;
  readonly upTo?: number;
}

export function addClusterFoldCommand(cluster: Command, io: CommandIo): void {
  const command = cluster
    .command('fold')
    .summary('make writes part of the segments')
    .description(
      'Queues a job for each shard, waits until workers (`sagitta cluster work`) have made the writes so far part of its segment, and publishes the manifest. ' +
        'Interrupted or run twice, it does no harm. With --shard it does one of these jobs itself.',
    )
    .argument('<PLACE>', 's3://bucket/prefix, or a folder that all machines share')
    .option(
      '--ack-wait <S>',
      'seconds without a sign of life of a worker after which another gets its job',
      number(1, 3600),
      60,
    )
    .option('--tries <N>', 'times that a job is given out at most', integer(1, 100), 5)
    .option('--shard <I>', 'folds shard I alone, and publishes nothing', integer(0))
    .option('--of <VERSION>', 'with --shard: version of the manifest', integer(1))
    .option('--up-to <N>', 'with --shard: number of the last write', integer(1));
  addNatsOptions(command);
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
Exit status: 0 published, or nothing was written; 1 a job has failed as often as it may, which is named, 2 bad usage, 75 a storage did not answer: try again.
Example:
  sagitta cluster fold s3://bucket/notes --nats nats://a,nats://b,nats://c
JSON: as of cluster build; with --shard: segment, rows, bytes.`,
    )
    .action((place: string, options: FoldOptions) => {
      const { shard, of, upTo } = options;
      const report = reporter(io, options);
      if (shard === undefined && of === undefined && upTo === undefined) return fold(place, options, report);
      if (shard === undefined || of === undefined || upTo === undefined) {
        throw new CommandFailure('--shard', 'expected --of and --up-to beside it, and neither without it');
      }
      return foldOne(place, options, { shard, plan: { version: of, writes: upTo } }, report);
    });
}

async function fold(place: string, options: FoldOptions, report: Reporter): Promise<void> {
  const { foldCluster } = await import('../../cluster/fold.ts');
  const { openPlace } = await import('../../cluster/place.ts');
  const collection = collectionOf(options, place);
  const { ackWait, tries } = options;
  const storage = await blame('PLACE', () => openPlace(place));
  await withNats(options, report, { isPatient: true }, async (nats) => {
    const { manifest, isNew } = await report.progress('shards', undefined, 'shards', (progress) =>
      blame('PLACE', () =>
        foldCluster(nats, storage, {
          ...{ collection, ackWaitMs: 1000 * ackWait, tries },
          onProgress: ({ done }) => progress.update(done),
        }),
      ),
    );
    report.result(manifestValue(manifest, isNew), manifestLines(manifest, isNew));
  });
}

async function foldOne(
  place: string,
  options: FoldOptions,
  which: { readonly shard: number; readonly plan: { readonly version: number; readonly writes: number } },
  report: Reporter,
): Promise<void> {
  const { foldShard } = await import('../../cluster/fold.ts');
  const { openPlace } = await import('../../cluster/place.ts');
  const collection = collectionOf(options, place);
  const storage = await blame('PLACE', () => openPlace(place));
  await withNats(options, report, { isPatient: false }, async (nats) => {
    using core = createCore();
    const folded = await blame('PLACE', () => foldShard(nats, storage, core, { collection, ...which }));
    const { segment, rows, bytes } = folded;
    report.result(
      { segment, rows, bytes },
      fieldLines([
        ['segment', segment],
        ['rows', count(rows)],
      ]),
    );
  });
}
