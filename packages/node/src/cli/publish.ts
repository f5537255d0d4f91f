/** sagitta publish: the segments of a build become what is served. */
import { type Command, InvalidArgumentError } from 'commander';
import type { ClusterManifest } from '../cluster/manifest.ts';
import { addOutputOptions } from './arguments.ts';
import { blame, CommandFailure } from './failure.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from './io.ts';
import { count, fieldLines } from './text.ts';

interface PublishOptions extends OutputOptions {
  readonly build?: string;
  readonly allowMissing?: boolean;
}

export function addPublishCommand(program: Command, io: CommandIo): void {
  const command = program
    .command('publish')
    .summary('make the segments of a build what is served')
    .description(
      'Writes the next manifest of PLACE: the segments of a build, whose shards `sagitta encode` has made. Readers and servers take it from there.',
    )
    .argument('<PLACE>', 'a folder, or s3://bucket/prefix')
    .option(
      '--build <ID>',
      'the build, or the beginning of its id (default: the only one there is)',
      idPrefix,
    )
    .option('--allow-missing', 'also where shards are missing: their rows are not found');
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
Exit status: 0 done, 1 shards are missing or do not go together, 2 bad usage, 75 the storage did not answer: try again.
Example:
  sagitta publish s3://bucket/notes
JSON: version, parent, build, model, metric, dimensions, index, shards, missing, rows, bytes, isNew.`,
    )
    .action((place: string, options: PublishOptions) => publish(place, options, reporter(io, options)));
}

function idPrefix(text: string): string {
  if (/^[0-9a-f]{1,64}$/.test(text)) return text;
  throw new InvalidArgumentError('Expected hexadecimal digits.');
}

async function publish(place: string, options: PublishOptions, report: Reporter): Promise<void> {
  const { contentOf } = await import('../cluster/manifest.ts');
  const { publishManifest, storageManifests } = await import('../cluster/manifest-log.ts');
  const { openPlace } = await import('../cluster/place.ts');
  const { listBuilds, listEntries } = await import('../cluster/plan.ts');
  const storage = await blame('PLACE', () => openPlace(place));
  const all = await blame('PLACE', () => listBuilds(storage));
  const builds = all.filter((id) => id.startsWith(options.build ?? ''));
  const [build, ...others] = builds;
  if (build === undefined || others.length > 0) {
    const got = all.length === 0 ? 'none' : all.map((id) => id.slice(0, 12)).join(', ');
    throw new CommandFailure(options.build ? '--build' : 'PLACE', `expected one build, got ${got}`);
  }
  const { allowMissing = false } = options;
  const entries = await blame('PLACE', () => listEntries(storage, build));
  const content = await blame(allowMissing ? 'PLACE' : '--allow-missing', () =>
    contentOf(entries, { allowMissing }),
  );
  const log = storageManifests(storage);
  const { manifest, isNew } = await blame('PLACE', () => publishManifest(log, content));
  report.result(manifestValue(manifest, isNew), manifestLines(manifest, isNew));
}

function totals({ shards }: ClusterManifest): { readonly rows: number; readonly bytes: number } {
  const sum = (of: 'rows' | 'bytes'): number => shards.reduce((total, shard) => total + shard[of], 0);
  return { rows: sum('rows'), bytes: sum('bytes') };
}

/** What --json says of a manifest. */
export function manifestValue(manifest: ClusterManifest, isNew: boolean): object {
  const { version, parent, build, model, metric, dimensions, index, shards, missing } = manifest;
  const head = { version, parent, build, model, metric, dimensions, index };
  return { ...head, shards: shards.length, missing, ...totals(manifest), isNew };
}

/** The same for people. */
export function manifestLines(manifest: ClusterManifest, isNew: boolean): string[] {
  const { version, metric, dimensions, index, shards, missing } = manifest;
  const { rows, bytes } = totals(manifest);
  return fieldLines([
    ['manifest', `version ${version}${isNew ? '' : ', which was there'}`],
    ['shards', `${shards.length}${missing.length > 0 ? `, ${missing.length} missing` : ''}`],
    ['vectors', `${count(rows)} × ${dimensions}, ${metric}, ${index}`],
    ['bytes', count(bytes)],
  ]);
}
