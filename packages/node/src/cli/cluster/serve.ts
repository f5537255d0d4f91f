/** sagitta cluster serve: answers for shards of what is published, until it is interrupted. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCore } from '@sagitta/core-wasm';
import { type Command, InvalidArgumentError } from 'commander';
import type { ServeEvent } from '../../cluster/serve-shards.ts';
import { addOutputOptions, integer } from '../arguments.ts';
import { blame } from '../failure.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from '../io.ts';
import { addNatsOptions, collectionOf, type NatsFlags, withNats } from './with-nats.ts';

interface ServeOptions extends NatsFlags, OutputOptions {
  readonly shards: number | 'auto';
  readonly replicas: number;
  readonly bytes: number;
  readonly cache: string;
}

export function addClusterServeCommand(cluster: Command, io: CommandIo): void {
  const command = cluster
    .command('serve')
    .summary('answer for shards of what is published')
    .description(
      'Takes shards of the last manifest that have too few members, loads their segments and answers queries for them, until it is interrupted: ' +
        'then those that came are answered first. A new manifest is taken in beside the old one.',
    )
    .argument('<PLACE>', 's3://bucket/prefix, or a folder')
    .option('--shards <N>', 'shards at most, or auto: as long as their files fit --bytes', shards, 'auto')
    .option('--replicas <R>', 'members that a shard has at most', integer(1, 100), 2)
    .option('--bytes <B>', 'bytes of segments, with --shards auto', integer(1), 2 ** 30)
    .option('--cache <FOLDER>', 'copies of segments', join(tmpdir(), 'sagitta-segments'));
  addNatsOptions(command);
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
A line of JSON for each shard that it begins or ends to serve goes to stderr, unless --quiet: what (serving, left, error), version, shard, error.
Example:
  sagitta cluster serve s3://bucket/notes --nats nats://a,nats://b,nats://c`,
    )
    .action((place: string, options: ServeOptions) => serve(place, options, io, reporter(io, options)));
}

function shards(text: string): number | 'auto' {
  if (text === 'auto') return text;
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a number from 1, or auto.');
}

async function serve(place: string, options: ServeOptions, io: CommandIo, report: Reporter): Promise<void> {
  const interrupted = io.interrupted?.() ?? new Promise<never>(() => {});
  const { kvManifests } = await import('../../cluster/kv-manifests.ts');
  const { openPlace } = await import('../../cluster/place.ts');
  const { serveShards } = await import('../../cluster/serve-shards.ts');
  const end = new AbortController();
  void interrupted.then(() => end.abort());
  const onEvent = (event: ServeEvent): void =>
    void io.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`);
  const collection = collectionOf(options, place);
  const storage = await blame('PLACE', () => openPlace(place));
  const { replicas, bytes, cache: folder, shards: most } = options;
  const serving = withNats(options, report, { isPatient: true, signal: end.signal }, (nats) =>
    blame('PLACE', async () => {
      const manifests = await kvManifests(nats, collection, storage);
      using core = createCore();
      const limits = { replicas, bytes, shards: most, signal: end.signal };
      await serveShards({
        ...{ nats, storage, manifests, collection, core, folder, ...limits },
        ...(!options.quiet && { onEvent }),
      });
    }),
  );
  await serving.catch((error: unknown) => {
    if (!end.signal.aborted) throw error;
  });
  report.note('ended; queries that came were answered');
}
