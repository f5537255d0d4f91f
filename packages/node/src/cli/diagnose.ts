/** sagitta diagnose: how hard a collection is to search, in figures, sentences and a page. */
import { createCore, type Metric } from '@sagitta/core-wasm';
import { compareModels, diagnose, type ModelDifference } from '@sagitta/retrieval/diagnosis';
import { type Command, Option } from 'commander';
import { writeFileAtomic } from '../atomic-file.ts';
import { figuresOf } from '../diagnosis/figures.ts';
import { diagnosisHtml } from '../diagnosis/report.ts';
import { readAll } from '../readers/vector-source.ts';
import {
  addOutputOptions,
  addVectorOptions,
  integer,
  outputPath,
  VECTOR_FILE,
  type VectorOptions,
} from './arguments.ts';
import { blame, CommandFailure } from './failure.ts';
import { checkOutputs, readQueries, withVectors } from './inputs.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from './io.ts';
import { count, fieldLines } from './text.ts';

interface DiagnoseCommandOptions extends VectorOptions, OutputOptions {
  readonly metric: Metric;
  readonly queries?: string;
  readonly against?: string;
  readonly rows: number;
  readonly k: number;
  readonly seed: number;
  readonly limit: number;
  readonly html?: string;
}

export function addDiagnoseCommand(program: Command, io: CommandIo): void {
  const command = program
    .command('diagnose')
    .summary('tell how hard vectors are to search')
    .description(
      'Measures intrinsic dimensions, spectrum, hubs and contrast of a sample of BASE and says what follows. With --against ' +
        'it says too what another version of the model changed.',
    )
    .argument('<BASE>', VECTOR_FILE)
    .addOption(new Option('--metric <NAME>', 'what is near').choices(['l2', 'ip', 'cosine']).default('l2'))
    .option('--queries <Q>', 'vectors to search for: are they of the same kind?')
    .option('--against <NEW>', 'the same items, row by row, by another version of the model')
    .option('--rows <N>', 'vectors that are looked at, drawn from BASE', integer(30, 65_536), 4000)
    .option('-k <K>', 'neighbours that local dimensions come from', integer(3, 1000), 20)
    .option('--seed <S>', 'seed of what is drawn', integer(0), 1)
    .option('--limit <N>', 'only the first N vectors of BASE', integer(1), 100_000)
    .option('--html <PAGE>', 'write figures and charts as a page of its own', outputPath);
  addVectorOptions(command, true);
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
Example:
  sagitta diagnose base.fvecs --queries queries.fvecs --html diagnosis.html
JSON: n, d, duplicates, zeroRows, longRows, intrinsic, spectrum, neighbours, queries, advice [{what, text, figure}]; against
{intruders, subspaceOverlap, cka, neighbourOverlap, mixedOverlap, meanCosine, without, advice, reason}.`,
    )
    .action((base: string, options: DiagnoseCommandOptions) => run(base, options, reporter(io, options)));
}

async function run(path: string, options: DiagnoseCommandOptions, report: Reporter): Promise<void> {
  const { metric, html, k, seed, queries: queryPath, against } = options;
  const inputs = [path, queryPath, against].filter((one) => one !== undefined);
  await checkOutputs([['--html', html]], inputs, report);
  await withVectors('BASE', path, options, async (source) => {
    const rows = await readAll(source, options.limit);
    const queries =
      queryPath === undefined ? undefined : await readQueries(queryPath, options, rows.d, path, options.rows);
    using core = createCore();
    const diagnosis = await report.progress('diagnose', 100, '%', (progress) =>
      blame('BASE', () =>
        diagnose(core, rows, {
          metric,
          rows: options.rows,
          k,
          seed,
          ...(queries && { queries }),
          progress: (share) => progress.update(Math.round(100 * share)),
        }),
      ),
    );
    let difference: ModelDifference | undefined;
    if (against !== undefined) {
      const other = await readQueries(against, options, rows.d, path, rows.n, '--against');
      if (other.n !== rows.n) {
        throw new CommandFailure(
          '--against',
          `expected the ${count(rows.n)} items of ${path}, ${against} has ${other.n}`,
        );
      }
      difference = await blame('--against', () => compareModels(core, rows, other, { seed }));
    }
    if (html !== undefined) {
      const page = diagnosisHtml(diagnosis, {
        title: `${path}: ${count(rows.n)} × ${rows.d}, ${metric}`,
        difference,
      });
      await blame('--html', () => writeFileAtomic(html, [new TextEncoder().encode(page)]));
    }
    const { intruders = [], ...rest } = difference ?? {};
    report.result(
      {
        ...diagnosis,
        metric,
        ...(difference && {
          against: {
            ...rest,
            intruders: intruders.map((one) => ({ ...one, direction: [...one.direction] })),
          },
        }),
        ...(html !== undefined && { html }),
      },
      [
        ...fieldLines(figuresOf(diagnosis)),
        ...diagnosis.advice.map(({ text }) => text),
        ...(difference === undefined ? [] : [difference.reason]),
      ],
    );
  });
}
