/** sagitta bridge anchors: which vectors of a collection to embed by the other model too. */
import { createCore } from '@sagitta/core-wasm';
import { type AnchorOptions, selectAnchors } from '@sagitta/retrieval/bridge';
import { type Command, Option } from 'commander';
import { readAll } from '../../readers/vector-source.ts';
import {
  addOutputOptions,
  addVectorOptions,
  integer,
  outputPath,
  VECTOR_FILE,
  type VectorOptions,
} from '../arguments.ts';
import { blame } from '../failure.ts';
import { checkOutputs, withVectors } from '../inputs.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from '../io.ts';
import { writeIds } from '../write-results.ts';

interface AnchorsOptions extends VectorOptions, OutputOptions {
  readonly n: number;
  readonly strategy: NonNullable<AnchorOptions['strategy']>;
  readonly seed: number;
  readonly limit?: number;
  readonly out?: string;
}

export function addBridgeAnchorsCommand(group: Command, io: CommandIo): void {
  const command = group
    .command('anchors')
    .summary('choose vectors to embed by the other model')
    .description(
      'Chooses N rows of BASE that stand for it: embed their items by the other model, then `bridge fit`.',
    )
    .argument('<BASE>', VECTOR_FILE)
    .option('-n <N>', 'how many', integer(1), 300)
    .addOption(
      new Option('--strategy <NAME>', 'rows nearest to centres of k-means, far from one another, or any')
        .choices(['prototypes', 'farthest', 'random'])
        .default('prototypes'),
    )
    .option('--seed <S>', 'seed of the choice', integer(0), 1)
    .option('--limit <N>', 'only the first N vectors of BASE', integer(1))
    .option('--out <A>', 'write row numbers to A.npy or A.ivecs; without it they are printed', outputPath);
  addVectorOptions(command, true);
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
Example:
  sagitta bridge anchors base.npy -n 300 > rows.txt
JSON: ids, ascending row numbers from 0; n, d, strategy.`,
    )
    .action((base: string, options: AnchorsOptions) => anchors(base, options, reporter(io, options)));
}

async function anchors(path: string, options: AnchorsOptions, report: Reporter): Promise<void> {
  const { n: count, strategy, seed, out } = options;
  await checkOutputs([['--out', out]], [path], report);
  await withVectors('BASE', path, options, async (source) => {
    const rows = await readAll(source, options.limit);
    using core = createCore();
    report.note(`${strategy} of ${rows.n} × ${rows.d}`);
    const ids = await blame('-n', () => selectAnchors(core, rows, count, { strategy, seed }));
    if (out !== undefined) await blame('--out', () => writeIds(out, ids, 1));
    report.result(
      { n: rows.n, d: rows.d, strategy, ids: [...ids], ...(out !== undefined && { out }) },
      out === undefined ? [...ids].map(String) : [`${ids.length} rows in ${out}`],
    );
  });
}
