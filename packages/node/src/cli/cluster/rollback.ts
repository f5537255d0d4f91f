/** sagitta cluster rollback: an old version becomes what is served. */
import type { Command } from 'commander';
import { addOutputOptions, integer } from '../arguments.ts';
import { blame } from '../failure.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from '../io.ts';
import { manifestLines, manifestValue } from '../publish.ts';
import { addNatsOptions, collectionOf, type NatsFlags, withNats } from './with-nats.ts';

interface RollbackOptions extends NatsFlags, OutputOptions {}

export function addClusterRollbackCommand(cluster: Command, io: CommandIo): void {
  const command = cluster
    .command('rollback')
    .summary('serve an old version again')
    .description(
      'Writes the content of an old version as the next one, which members and clients take in as they do any other. ' +
        'The last 100 versions are known, or those that a sweep has left.',
    )
    .argument('<PLACE>', 's3://bucket/prefix, or a folder')
    .argument('<VERSION>', 'the number of the version', integer(1));
  addNatsOptions(command);
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
Exit status: 0 done, 1 the version is not known, or segments of it are gone, which are named, 2 bad usage, 75 the storage did not answer.
Example:
  sagitta cluster rollback s3://bucket/notes 41 --nats nats://a
JSON: version, parent, build, model, metric, dimensions, index, shards, missing, rows, bytes, isNew.`,
    )
    .action((place: string, version: number, options: RollbackOptions) =>
      rollback(place, version, options, reporter(io, options)),
    );
}

async function rollback(
  place: string,
  version: number,
  options: RollbackOptions,
  report: Reporter,
): Promise<void> {
  const { kvManifests } = await import('../../cluster/kv-manifests.ts');
  const { openPlace } = await import('../../cluster/place.ts');
  const { rollbackManifest } = await import('../../cluster/rollback.ts');
  const collection = collectionOf(options, place);
  const storage = await blame('PLACE', () => openPlace(place));
  await withNats(options, report, { isPatient: false }, async (nats) => {
    const log = await blame('--nats', () => kvManifests(nats, collection, storage));
    const { manifest, isNew } = await blame('VERSION', () => rollbackManifest(log, storage, version));
    report.result(manifestValue(manifest, isNew), manifestLines(manifest, isNew));
  });
}
