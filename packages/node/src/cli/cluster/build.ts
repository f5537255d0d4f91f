/** sagitta cluster build: many workers build an index of a large input. */
import type { Command, Option } from 'commander';
import type { BuildProgress } from '../../cluster/build-cluster.ts';
import { addOutputOptions, addVectorOptions, integer, number, VECTOR_FILE } from '../arguments.ts';
import { blame } from '../failure.ts';
import { givenFlags } from '../given-flags.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from '../io.ts';
import { manifestLines, manifestValue } from '../publish.ts';
import { addQuantizerOptions, quantizerOptions } from '../quantizer-arguments.ts';
import { addTrainFlags, checkKind, type TrainFlags } from '../train-index.ts';
import { addNatsOptions, collectionOf, type NatsFlags, withNats } from './with-nats.ts';

interface ClusterBuildOptions extends TrainFlags, NatsFlags, OutputOptions {
  readonly input: readonly string[];
  readonly shards: number;
  readonly writes?: number;
  readonly allowMissing?: boolean;
  readonly ackWait: number;
  readonly tries: number;
}

export function addClusterBuildCommand(cluster: Command, io: CommandIo): void {
  const command = cluster
    .command('build')
    .summary('build an index of a large input')
    .description(
      'Queues a training and a job for each shard, waits until workers (`sagitta cluster work`) have done them, and publishes the manifest. ' +
        'Interrupted or run twice, it goes on where the build stands.',
    )
    .argument('<PLACE>', 'where all goes: s3://bucket/prefix, or a folder that all machines share')
    .requiredOption(
      '--input <FILE...>',
      `files that all workers see under these paths, or objects, * for any letters; ${VECTOR_FILE}`,
    )
    .requiredOption('--shards <N>', 'shards', integer(1, 1e6))
    .option(
      '--writes <N>',
      'number of the last write that the input has, as `sagitta cluster status` tells it: for collections that were written to',
      integer(0),
    )
    .option('--allow-missing', 'publish also where shards have failed: their rows are not found')
    .option(
      '--ack-wait <S>',
      'seconds without a sign of life of a worker after which another gets its job',
      number(1, 3600),
      60,
    )
    .option('--tries <N>', 'times that a job is given out at most', integer(1, 100), 5);
  addNatsOptions(command);
  const own = command.options.length;
  addTrainFlags(command);
  addQuantizerOptions(command);
  const trainOnly = command.options.slice(own);
  addVectorOptions(command, true);
  const vectors = command.options.slice(own + trainOnly.length);
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
Exit status: 0 published, 1 a job has failed as often as it may, which is named, 2 bad usage, 75 a storage did not answer: try again.
Example:
  sagitta cluster build s3://bucket/notes --nats nats://a,nats://b,nats://c --input /raw/*.npy --index graph --bits 4 --shards 200
JSON: version, parent, build, model, metric, dimensions, index, shards, missing, rows, bytes, isNew.`,
    )
    .action((place: string, options: ClusterBuildOptions) => {
      checkKind(command, options);
      // for what it refuses: workers would find it out one after the other
      quantizerOptions(command, options);
      const flags = (of: readonly Option[]): string[] => givenFlags(command, of);
      const words = { trainFlags: flags([...trainOnly, ...vectors]), encodeFlags: flags(vectors) };
      return build(place, options, words, reporter(io, options));
    });
}

async function build(
  place: string,
  options: ClusterBuildOptions,
  words: { readonly trainFlags: readonly string[]; readonly encodeFlags: readonly string[] },
  report: Reporter,
): Promise<void> {
  const { buildCluster } = await import('../../cluster/build-cluster.ts');
  const { expandInputs, inputFiles } = await import('../../cluster/input-objects.ts');
  const { openPlace } = await import('../../cluster/place.ts');
  const collection = collectionOf(options, place);
  const { shards, writes, allowMissing, ackWait, tries } = options;
  const inputs = await blame('--input', () => expandInputs(options.input));
  const files = await blame('--input', () => inputFiles(inputs));
  const storage = await blame('PLACE', () => openPlace(place));
  await withNats(options, report, { isPatient: true }, async (nats) => {
    const { manifest, isNew } = await report.progress('shards', shards, 'shards', (progress) => {
      let said = '';
      const onProgress = ({ phase, done, failed }: BuildProgress): void => {
        progress.update(phase === 'train' ? 0 : done);
        const now = phase === 'train' ? 'training' : failed > 0 ? `${failed} shards have failed` : 'coding';
        if (now !== said) report.note(now);
        said = now;
      };
      const how = {
        ackWaitMs: 1000 * ackWait,
        tries,
        onProgress,
        ...(allowMissing && { allowMissing }),
        ...(writes !== undefined && { writes }),
      };
      return blame('PLACE', () =>
        buildCluster(nats, storage, { collection, inputs, files, shards, ...words, ...how }),
      );
    });
    report.result(manifestValue(manifest, isNew), manifestLines(manifest, isNew));
  });
}
