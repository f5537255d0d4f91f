/** sagitta encode: one shard of an input as a segment, by a model that was trained before. Any scheduler can run it. */
import { readFile } from 'node:fs/promises';
import { createCore } from '@sagitta/core-wasm';
import { type Command, InvalidArgumentError } from 'commander';
import type { BuildPlan, ShardEntry } from '../cluster/plan.ts';
import { readBatches, rowsWithin } from '../readers/batches.ts';
import { rowRange } from '../readers/row-range.ts';
import type { VectorSource } from '../readers/vector-source.ts';
import { addOutputOptions, addVectorOptions, VECTOR_FILE, type VectorOptions } from './arguments.ts';
import { blame, CommandFailure } from './failure.ts';
import { withAllVectors } from './inputs.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from './io.ts';
import { count, fieldLines, seconds } from './text.ts';
import { encodeRows } from './train-index.ts';

interface Share {
  readonly shard: number;
  readonly shards: number;
}

interface EncodeOptions extends VectorOptions, OutputOptions {
  readonly model: string;
  readonly shard: Share;
  readonly out: string;
}

const READ_BYTES = 1 << 24;

export function addEncodeCommand(program: Command, io: CommandIo): void {
  const command = program
    .command('encode')
    .summary('code one shard of a large input')
    .description(
      'Codes the rows of one shard of INPUT by a model of `sagitta train` and puts the segment into PLACE under the hash of its bytes. ' +
        'Shards are contiguous ranges of rows; ids are the row numbers of the whole INPUT. Done already, it does nothing.',
    )
    .argument('<INPUT...>', `the files that the model was trained on, in the same order; ${VECTOR_FILE}`)
    .requiredOption('--model <FILE>', 'what `sagitta train` wrote')
    .requiredOption('--shard <I/N>', 'shard I of N, from 0/N to N−1/N', share)
    .requiredOption('-o, --out <PLACE>', 'where segments go: a folder, or s3://bucket/prefix');
  addVectorOptions(command, true);
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
Exit status: 0 the shard is built, 1 its input or model is wrong, 2 bad usage, 75 the storage did not answer: try again.
Examples:
  sagitta encode part-*.npy --model model.sgta --shard 17/200 --out s3://bucket/notes
  seq 0 199 | parallel --retries 3 sagitta encode part-*.npy --model model.sgta --shard {}/200 --out /mnt/shared/notes
  sagitta publish /mnt/shared/notes
JSON: build, model, shard, shards, firstId, rows, totalRows, segment, bytes, dimensions, metric, index, encodeSeconds (0: it was there).`,
    )
    .action((inputs: string[], options: EncodeOptions) => encode(inputs, options, reporter(io, options)));
}

/** "17/200" */
function share(text: string): Share {
  const [, shard, shards] = /^(\d{1,7})\/(\d{1,7})$/.exec(text)?.map(Number) ?? [];
  if (shard !== undefined && shards !== undefined && shard < shards) return { shard, shards };
  throw new InvalidArgumentError('Expected I/N, a shard and how many there are, I from 0 to N−1.');
}

async function encode(given: readonly string[], options: EncodeOptions, report: Reporter): Promise<void> {
  const { hashOf } = await import('../cluster/content.ts');
  const { loadModel, putShard } = await import('../cluster/encode-shard.ts');
  const { expandInputs, inputFiles } = await import('../cluster/input-objects.ts');
  const { objectBytes } = await import('../cluster/object-storage.ts');
  const { openPlace } = await import('../cluster/place.ts');
  const { buildId, getEntry, putEntry } = await import('../cluster/plan.ts');
  const { shardRange } = await import('../cluster/shard-range.ts');
  const { model: modelPath, shard: share, out } = options;
  const storage = await blame('--out', () => openPlace(out));
  const modelBytes = await blame('--model', () => readFile(modelPath));
  const inputs = await blame('INPUT', () => expandInputs(given));
  await withAllVectors('INPUT', inputs, options, async (source) => {
    const plan: BuildPlan = {
      model: hashOf(objectBytes(modelBytes)),
      input: await blame('INPUT', () => inputFiles(inputs)),
      rows: source.n ?? (await countRows(source, report)),
      shards: share.shards,
    };
    const { firstId, rows } = await blame('--shard', () => shardRange(plan.rows, share.shard, plan.shards));
    const there = await blame('--out', () => getEntry(storage, buildId(plan), share.shard));
    if (there) {
      // what is used again is new to a sweep
      await blame('--out', () => putEntry(storage, there));
      report.note('the segment is there');
      return printEntry(there, 0, storage.name, report);
    }
    using core = createCore();
    using index = await blame('--model', () => loadModel(core, modelBytes));
    if (index.d !== source.d) {
      throw new CommandFailure(
        '--model',
        `expected ${source.d} dimensions as ${source.path} has, got ${index.d}`,
      );
    }
    const input = { argument: 'INPUT', source: rowRange(source, firstId, rows) };
    const encodeSeconds = await encodeRows(index, input, rows, report);
    const entry = await blame('--out', () => putShard(storage, plan, share.shard, index));
    printEntry(entry, encodeSeconds, storage.name, report);
  });
}

function countRows(source: VectorSource, report: Reporter): Promise<number> {
  return report.progress('count', undefined, 'vectors', async (progress) => {
    let seen = 0;
    for await (const { n } of readBatches(source, rowsWithin(READ_BYTES, source.d))) {
      seen += n;
      progress.update(seen);
    }
    return seen;
  });
}

function printEntry(entry: ShardEntry, encodeSeconds: number, place: string, report: Reporter): void {
  const { format: _, ...rest } = entry;
  const { shard, shards, rows, firstId, segment, bytes } = entry;
  const speed = encodeSeconds > 0 ? [['encoding', seconds(encodeSeconds)] as const] : [];
  report.result(
    { ...rest, encodeSeconds },
    fieldLines([
      ['shard', `${shard} of ${shards}: ${count(rows)} rows from ${count(firstId)} on`],
      ...speed,
      ['segment', `${place}/segments/${segment}.sgta, ${count(bytes)} bytes`],
      ['build', entry.build],
    ]),
  );
}
