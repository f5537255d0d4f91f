/** sagitta info: what an index file holds. */
import { stat } from 'node:fs/promises';
import type { IvfIndex } from '@sagitta/retrieval';
import type { Command } from 'commander';
import { addOutputOptions } from './arguments.ts';
import { withIndex } from './inputs.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from './io.ts';
import { bytesOf, count, fieldLines, kindText, planText, quantizerText } from './text.ts';

export function addInfoCommand(program: Command, io: CommandIo): void {
  const command = program
    .command('info')
    .summary('describe an index file')
    .description('Reads and checks an index file and says what it holds.')
    .argument('<FILE>', 'an index file');
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
JSON: n, d, index, metric, nlist, quantizer, bits, secondary, secondaryBits, bytesPerVector, plan, keepsVectors, lists {empty, median, largest}
(degree of a graph), fileBytes, memoryBytes.`,
    )
    .action((file: string, options: OutputOptions) => info(file, reporter(io, options)));
}

async function info(file: string, report: Reporter): Promise<void> {
  await withIndex(file, async (index, core) => {
    const { n, d, kind, metric, nlist, quantizer, bits, keepsVectors } = index;
    const { size: fileBytes } = await stat(file);
    const memoryBytes = core.bytesUsed();
    const { degree, secondary } = index;
    const bytesPerVector = bytesOf(index);
    const plan = index.plan.map((segment) => ({
      start: segment.start,
      dims: segment.dims,
      bits: segment.bits,
    }));
    const lists = degree === undefined ? listSizes(index) : undefined;
    const isSaq = quantizer === 'saq';
    const whole = (bytes: number, of: string): string =>
      n > 0 ? `, ${count(Math.round(bytes / n))} of ${of}` : '';
    report.result(
      {
        file,
        n,
        d,
        index: kind,
        metric,
        nlist,
        quantizer,
        bits,
        ...(secondary && { secondary: secondary.quantizer, secondaryBits: secondary.codec.bits }),
        bytesPerVector,
        plan,
        keepsVectors,
        ...(lists ? { lists } : { degree }),
        fileBytes,
        memoryBytes,
      },
      fieldLines([
        ['vectors', `${count(n)} × ${d}, ${metric}`],
        ['index', kindText(index)],
        ...(kind === 'ivf' && lists
          ? ([
              [
                'lists',
                `${count(nlist)}: ${lists.empty} empty, median ${lists.median}, largest ${lists.largest}`,
              ],
            ] as const)
          : []),
        ['quantizer', quantizerText(index)],
        ...(secondary ? ([['secondary', quantizerText(secondary.codec)]] as const) : []),
        ...(isSaq ? ([['plan', planText(plan)]] as const) : []),
        [
          'bytes a vector',
          `${count(bytesPerVector)} of codes (float32: ${count(4 * d)})${whole(fileBytes, 'file')}${whole(memoryBytes, 'memory')}`,
        ],
        ['keeps vectors', keepsVectors ? 'yes' : 'no'],
        ['file', `${count(fileBytes)} bytes, model and row numbers included`],
        ['memory', `${count(memoryBytes)} bytes of WebAssembly`],
      ]),
    );
  });
}

function listSizes(index: IvfIndex): { empty: number; median: number; largest: number } {
  const sizes = index.lists.sizes().sort();
  return {
    empty: sizes.filter((size) => size === 0).length,
    median: sizes[sizes.length >> 1] as number,
    largest: sizes.at(-1) as number,
  };
}
