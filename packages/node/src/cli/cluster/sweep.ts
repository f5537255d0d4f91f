/** sagitta cluster sweep: what nobody needs any more goes. */
import type { Command } from 'commander';
import { addOutputOptions, integer, number } from '../arguments.ts';
import { blame } from '../failure.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from '../io.ts';
import { count } from '../text.ts';
import { addNatsOptions, collectionOf, type NatsFlags, withNats } from './with-nats.ts';

interface SweepCommandOptions extends NatsFlags, OutputOptions {
  readonly keep: number;
  readonly olderThan: number;
  readonly dryRun?: boolean;
}

const HOUR_MS = 3600 * 1000;

export function addClusterSweepCommand(cluster: Command, io: CommandIo): void {
  const command = cluster
    .command('sweep')
    .summary('remove what no version needs any more')
    .description(
      'Removes versions beyond the last ones, and entries, models, segments and writes that none of those needs. Whatever is younger ' +
        'than --older-than by the clock of the storage stays, with what it names, and so does what jobs in the queue need.',
    )
    .argument('<PLACE>', 's3://bucket/prefix, or a folder')
    .option('--keep <K>', 'last versions that stay', integer(1, 100), 5)
    .option('--older-than <HOURS>', 'age from which on things may go', number(0, 1e6), 24)
    .option('--dry-run', 'tell what would go, and remove nothing');
  addNatsOptions(command);
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
After it there is no way back to versions beyond the last K. Copies in the folders of members are not looked at.
Example:
  sagitta cluster sweep s3://bucket/notes --nats nats://a --dry-run
JSON: kept [versions], removed [{key, bytes}], bytes, writes (number of the last that is forgotten), isDryRun.`,
    )
    .action((place: string, options: SweepCommandOptions) => sweep(place, options, reporter(io, options)));
}

async function sweep(place: string, options: SweepCommandOptions, report: Reporter): Promise<void> {
  const { openPlace } = await import('../../cluster/place.ts');
  const { sweepCluster } = await import('../../cluster/sweep-cluster.ts');
  const collection = collectionOf(options, place);
  const storage = await blame('PLACE', () => openPlace(place));
  const { keep, olderThan, dryRun: isDryRun = false } = options;
  await withNats(options, report, { isPatient: false }, async (nats) => {
    const swept = await report.progress('sweep', undefined, 'objects', (progress) => {
      let gone = 0;
      const onRemoved = (): void => progress.update(++gone);
      const how = { keep, olderThanMs: olderThan * HOUR_MS, isDryRun, onRemoved };
      return blame('PLACE', () => sweepCluster(nats, collection, storage, how));
    });
    const { kept, bytes, writes } = swept;
    const removed = swept.removed.map((one) => ({ key: one.key, bytes: one.bytes }));
    const what = `${count(removed.length)} objects, ${count(bytes)} bytes`;
    report.result({ kept, removed, bytes, writes, isDryRun }, [
      ...removed.map((one) => `${one.key}  ${count(one.bytes)}`),
      `${isDryRun ? 'would go' : 'gone'}: ${what}; versions that stay: ${kept.join(', ')}`,
      ...(writes > 0 ? [`writes up to ${count(writes)} ${isDryRun ? 'would be' : 'are'} forgotten`] : []),
    ]);
  });
}
