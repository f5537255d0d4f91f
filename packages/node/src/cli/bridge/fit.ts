/** sagitta bridge fit: the map from one model's space to another's, and how good it is on pairs held out. */
import { createCore } from '@sagitta/core-wasm';
import { BRIDGE_METHODS, type BridgeMethod, trainBridge, writeBridge } from '@sagitta/retrieval/bridge';
import { type Command, Option } from 'commander';
import { writeFileAtomic } from '../../atomic-file.ts';
import { readAll } from '../../readers/vector-source.ts';
import {
  addOutputOptions,
  addVectorOptions,
  integer,
  outputPath,
  VECTOR_FILE,
  type VectorOptions,
} from '../arguments.ts';
import { blame, CommandFailure } from '../failure.ts';
import { checkOutputs, withVectors } from '../inputs.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from '../io.ts';
import { count, tableLines } from '../text.ts';

interface FitOptions extends VectorOptions, OutputOptions {
  readonly query: string;
  readonly base: string;
  readonly out: string;
  readonly method: BridgeMethod | 'auto';
  readonly folds: number;
  readonly seed: number;
}

export function addBridgeFitCommand(group: Command, io: CommandIo): void {
  const command = group
    .command('fit')
    .summary('fit a bridge from pairs')
    .description(
      'Fits a bridge from the same items as both models embed them: row i of both files is one item.',
    )
    .requiredOption('--query <A>', `items by the model that queries come from; ${VECTOR_FILE}`)
    .requiredOption('--base <B>', 'items by the model of the collection')
    .requiredOption('--out <FILE>', 'where the bridge goes', outputPath)
    .addOption(
      new Option('--method <NAME>', 'how the spaces are joined; auto tries them on pairs held out')
        .choices(['auto', ...BRIDGE_METHODS])
        .default('auto'),
    )
    .option('--folds <N>', 'parts of the pairs, each held out once', integer(2, 20), 5)
    .option('--seed <S>', 'seed of the parts', integer(0), 1);
  addVectorOptions(command, false);
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
Example:
  sagitta bridge fit --query new-model.npy --base old-model.npy --out models.sgb
  sagitta search base.sag --queries new-queries.npy --bridge models.sgb
JSON: method, regularization, dQuery, dBase, d, changesBase, report {pairs, duplicates, mateReciprocalRank, mateAtOne,
overlapAtTen, tried [{method, regularization, heldOutOverlap, mateReciprocalRank}], advice, reason}, out.`,
    )
    .action((options: FitOptions) => fit(options, reporter(io, options)));
}

async function fit(options: FitOptions, report: Reporter): Promise<void> {
  const { query: queryPath, base: basePath, out, method, folds, seed } = options;
  await checkOutputs([['--out', out]], [queryPath, basePath], report);
  const query = await withVectors('--query', queryPath, options, (source) => readAll(source));
  const base = await withVectors('--base', basePath, options, (source) => readAll(source));
  if (query.n !== base.n) {
    throw new CommandFailure(
      '--base',
      `expected the ${query.n} items of ${queryPath}, ${basePath} has ${base.n}`,
    );
  }
  using core = createCore();
  report.note(`${count(query.n)} pairs, ${query.d} and ${base.d} dimensions`);
  const bridge = await blame('--query', () => trainBridge(core, { query, base }, { method, folds, seed }));
  await blame('--out', () => writeFileAtomic(out, [writeBridge(bridge)]));
  const { regularization, dQuery, dBase, d, changesBase, report: figures } = bridge;
  report.result(
    { method: bridge.method, regularization, dQuery, dBase, d, changesBase, report: figures, out },
    [
      ...tableLines(
        ['method', 'λ', 'held-out overlap', "mate's 1/rank", ''],
        figures.tried.map((trial) => [
          trial.method,
          trial.regularization === 0 ? '' : String(trial.regularization),
          trial.heldOutOverlap.toFixed(3),
          trial.mateReciprocalRank.toFixed(3),
          trial.method === bridge.method && trial.regularization === regularization ? '← taken' : '',
        ]),
      ),
      `${count(figures.pairs)} pairs (${count(figures.duplicates)} came again); the models agree on ${figures.overlapAtTen.toFixed(3)} of ten nearest pairs`,
      `${figures.advice}: ${figures.reason}`,
      changesBase
        ? `The collection has to be coded again: sagitta bridge map ${out} <BASE> --out mapped.npy, then build from that.`
        : `${dQuery} → ${d} dimensions; the index stays as it is: sagitta search <FILE> --queries <Q> --bridge ${out}`,
    ],
  );
}
