/** sagitta train: the model that all shards of an input share, an index file without vectors. */
import { createCore } from '@sagitta/core-wasm';
import type { Command } from 'commander';
import { saveIndexFile } from '../index-file.ts';
import { addOutputOptions, addVectorOptions, integer, outputPath, VECTOR_FILE } from './arguments.ts';
import { blame } from './failure.ts';
import { checkOutputs, withAllVectors } from './inputs.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from './io.ts';
import { addQuantizerOptions, quantizerOptions } from './quantizer-arguments.ts';
import { bytesOf, count, fieldLines, kindText, quantizerText, seconds } from './text.ts';
import { addTrainFlags, type Compression, checkKind, type TrainFlags, trainOn } from './train-index.ts';

interface TrainOptions extends TrainFlags, OutputOptions {
  readonly out: string;
  readonly shards: number;
}

export function addTrainCommand(program: Command, io: CommandIo): void {
  const command = program
    .command('train')
    .summary('train the model that shards share')
    .description(
      'Trains an index on a sample of INPUT and writes it without vectors: a model, with which `sagitta encode` codes the shards of INPUT, ' +
        'so that scores of all of them compare.',
    )
    .argument('<INPUT...>', `files whose rows are numbered through, in this order; ${VECTOR_FILE}`)
    .requiredOption('--out <FILE>', 'the model to write', outputPath)
    .option(
      '--shards <N>',
      'shards that there will be, for the default of --nlist: √(n/N)',
      integer(1, 1e6),
      1,
    );
  addTrainFlags(command);
  addQuantizerOptions(command);
  addVectorOptions(command, true);
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
Of files whose rows can be read anywhere (.npy, .fvecs, .fbin and others) a large one is not read as a whole.
Example:
  sagitta train part-*.npy --out model.sgta --index graph --bits 4 --metric cosine --shards 200
JSON: file, n, d, index, metric, nlist, quantizer, bits, seed, shards, bytesPerVector, trainSeconds, fileBytes.`,
    )
    .action((inputs: string[], options: TrainOptions) => {
      checkKind(command, options);
      return train(inputs, options, quantizerOptions(command, options), reporter(io, options));
    });
}

async function train(
  given: readonly string[],
  options: TrainOptions,
  compression: Compression,
  report: Reporter,
): Promise<void> {
  const { expandInputs } = await import('../cluster/input-objects.ts');
  const { trainingQueries, shards, out } = options;
  const inputs = await blame('INPUT', () => expandInputs(given));
  const read = trainingQueries === undefined ? inputs : [...inputs, trainingQueries];
  await checkOutputs([['--out', out]], read, report);
  await withAllVectors('INPUT', inputs, options, async (source) => {
    using core = createCore();
    const input = { argument: 'INPUT', source };
    const { index, n, trainSeconds } = await trainOn(core, input, options, compression, report, { shards });
    using model = index;
    const fileBytes = await blame('--out', () => saveIndexFile(out, model));
    const { d, kind, metric, nlist, quantizer, bits } = model;
    const bytesPerVector = bytesOf(model);
    report.result(
      {
        ...{ file: out, n, d, index: kind, metric, nlist, quantizer, bits },
        ...{ seed: options.seed, shards, bytesPerVector, trainSeconds, fileBytes },
      },
      fieldLines([
        ['trained for', `${count(n)} × ${d}, ${metric}`],
        ['index', kind === 'ivf' ? `ivf, ${count(nlist)} lists` : kindText(model)],
        ['quantizer', quantizerText(model)],
        ['bytes a vector', `${count(bytesPerVector)} (float32: ${count(4 * d)})`],
        ['training', seconds(trainSeconds)],
        ['file', `${out}, ${count(fileBytes)} bytes`],
      ]),
    );
  });
}
