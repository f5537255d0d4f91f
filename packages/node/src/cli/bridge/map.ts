/** sagitta bridge map: the collection's vectors in the space of a bridge that changes them, or queries. */
import { createCore } from '@sagitta/core-wasm';
import { type Command, Option } from 'commander';
import { readAll } from '../../readers/vector-source.ts';
import { writeNpy } from '../../writers/npy.ts';
import {
  addOutputOptions,
  addVectorOptions,
  outputPath,
  VECTOR_FILE,
  type VectorOptions,
} from '../arguments.ts';
import { blame, CommandFailure } from '../failure.ts';
import { checkOutputs, withVectors } from '../inputs.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from '../io.ts';
import { count } from '../text.ts';
import { openBridge } from './read-bridge.ts';

interface MapOptions extends VectorOptions, OutputOptions {
  readonly out: string;
  readonly side: 'base' | 'queries';
}

export function addBridgeMapCommand(group: Command, io: CommandIo): void {
  const command = group
    .command('map')
    .summary('take vectors over a bridge')
    .description('Maps vectors of the collection (or queries) to the space that is searched, as float32.')
    .argument('<BRIDGE>', 'what `bridge fit` wrote')
    .argument('<VECTORS>', VECTOR_FILE)
    .requiredOption('--out <M>', 'where they go, as .npy', outputPath)
    .addOption(
      new Option('--side <NAME>', 'what the vectors are').choices(['base', 'queries']).default('base'),
    );
  addVectorOptions(command, false);
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
Example:
  sagitta bridge map models.sgb base.npy --out mapped.npy
JSON: n, d, side, out.`,
    )
    .action((bridge: string, vectors: string, options: MapOptions) =>
      map(bridge, vectors, options, reporter(io, options)),
    );
}

async function map(path: string, vectors: string, options: MapOptions, report: Reporter): Promise<void> {
  const { out, side } = options;
  await checkOutputs([['--out', out]], [path, vectors], report);
  using core = createCore();
  const bridge = await openBridge(core, path, 'BRIDGE');
  const rows = await withVectors('VECTORS', vectors, options, (source) => readAll(source));
  const wanted = side === 'base' ? bridge.dBase : bridge.dQuery;
  if (rows.d !== wanted) {
    throw new CommandFailure(
      'VECTORS',
      `expected ${wanted} dimensions for ${side}, ${vectors} has ${rows.d}`,
    );
  }
  const mapped = await blame('VECTORS', () => bridge[side](rows.data));
  await blame('--out', () => writeNpy(out, mapped, bridge.d));
  report.result({ n: rows.n, d: bridge.d, side, out }, [
    `${count(rows.n)} × ${rows.d} → ${bridge.d} dimensions in ${out}`,
  ]);
}
