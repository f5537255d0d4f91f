/** Flags of the quantizer family. */
import {
  CODE_NAMES,
  type CodeName,
  LEANVEC_SOLVERS,
  type LeanVecSolver,
  PRIMARY_NAMES,
  type PrimaryName,
  quantizerOptionNames,
  type ScalarRanges,
} from '@sagitta/quantizers';
import type { IndexOptions } from '@sagitta/retrieval';
import { type Command, Option } from 'commander';
import { integer, number, bits as saqBits } from './arguments.ts';

export interface QuantizerFlags {
  readonly quantizer: CodeName;
  readonly bits?: number;
  readonly mode?: 'fast' | 'optimal';
  readonly nbits?: '4' | '8';
  readonly secondBits?: number;
  readonly rotate?: boolean;
  readonly ratio?: boolean;
  readonly clip?: number;
  readonly sketch?: boolean;
  readonly clusterDims?: number;
  readonly means?: number;
  readonly ranges?: ScalarRanges;
  readonly primary?: PrimaryName;
  readonly dims?: number;
  readonly solver?: LeanVecSolver;
  readonly secondary?: CodeName;
  readonly secondaryBits?: number;
}

/** SAQ's, where --bits is not given; others have defaults of their own. */
const SAQ_BITS = 4;

export function addQuantizerOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--quantizer <NAME>', 'the compression; none keeps float32')
        .choices(CODE_NAMES)
        .default('saq'),
    )
    .option(
      '--bits <B>',
      'average code bits a dimension; saq: 0.25 to 12 in steps of 0.25 (default: 4)',
      number(1 / 16, 16),
    )
    .addOption(new Option('--mode <NAME>', 'codes of rabitq (default: fast)').choices(['fast', 'optimal']))
    .addOption(new Option('--nbits <N>', 'bits of one code of pq and opq (default: 8)').choices(['4', '8']))
    .option('--second-bits <N>', 'bits of the second level of lvq', integer(0, 8))
    .option('--rotate', 'lvq in a random rotation')
    .option('--ratio', 'lvq and turboquant scaled so that inner products have no bias')
    .option('--clip <SHARE>', 'share of values beyond the grid at each end (scalar)', number(0, 0.49))
    .addOption(
      new Option('--ranges <NAME>', 'grids of scalar by (default: dimension)').choices([
        'dimension',
        'vector',
      ]),
    )
    .option(
      '--means <M>',
      'means of lvq, of which each vector takes the nearest (default: 1)',
      integer(1, 256),
    )
    .option('--sketch', "turboquant with the paper's unbiased sketch of signs in one of its bits")
    .option('--cluster-dims <N>', 'dims of the shared codebook of low-rank-pq (default: chosen)', integer(1))
    .addOption(
      new Option('--primary <NAME>', 'what codes the kept dimensions of leanvec (default: lvq)').choices(
        PRIMARY_NAMES,
      ),
    )
    .option('--dims <N>', 'dimensions that leanvec (default: half) or pca keeps', integer(1))
    .option('--training-queries <FILE>', 'queries that leanvec suits its projection to')
    .addOption(
      new Option('--solver <NAME>', 'leanvec with training queries (default: sphering)').choices(
        LEANVEC_SOLVERS,
      ),
    )
    .addOption(
      new Option(
        '--secondary <NAME>',
        'a second code of all dimensions that scores candidates again',
      ).choices(CODE_NAMES),
    )
    .option('--secondary-bits <B>', 'bits a dimension of the second code', number(1 / 16, 16));
}

/**
 * What the flags say to an index.
 * @throws CommanderError on bits that SAQ does not have, and on flags that the quantizer does not have
 */
export function quantizerOptions(
  command: Command,
  flags: QuantizerFlags,
): Pick<IndexOptions, 'quantizer' | 'bits' | 'quantizerOptions' | 'secondary'> {
  const { quantizer, mode, nbits, secondBits, rotate, ratio, clip, secondary, secondaryBits } = flags;
  if (secondaryBits !== undefined && secondary === undefined) {
    return command.error("error: option '--secondary-bits <B>' expected --secondary beside it.");
  }
  const second = secondary && {
    secondary: { quantizer: secondary, ...(secondaryBits !== undefined && { bits: secondaryBits }) },
  };
  const own = {
    ...(mode && { mode }),
    ...(nbits && { nbits: nbits === '4' ? (4 as const) : (8 as const) }),
    ...(secondBits !== undefined && { secondBits }),
    ...(rotate && { rotate }),
    ...(ratio && { ratio }),
    ...(clip !== undefined && { clip }),
    ...newerOptions(flags),
  };
  const known =
    quantizer === 'saq' || quantizer === 'none' ? [] : quantizerOptionNames(quantizer, own.primary);
  for (const name of Object.keys(own)) {
    if (known.includes(name)) continue;
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return command.error(`error: option '--${flag}' is none of the quantizer ${quantizer}.`);
  }
  if (quantizer === 'saq') {
    try {
      return { quantizer, bits: saqBits(String(flags.bits ?? SAQ_BITS)), ...second };
    } catch (error) {
      return command.error(
        `error: option '--bits <B>' argument '${flags.bits}' is invalid. ${error instanceof Error ? error.message : ''}`,
      );
    }
  }
  return {
    quantizer,
    ...second,
    // float32 has its bits
    ...(flags.bits !== undefined && quantizer !== 'none' && { bits: flags.bits }),
    quantizerOptions: own,
  };
}

function newerOptions(flags: QuantizerFlags): IndexOptions['quantizerOptions'] {
  const { sketch, clusterDims, means, ranges, primary, dims, solver } = flags;
  return {
    ...(sketch && { sketch }),
    ...(clusterDims !== undefined && { clusterDims }),
    ...(means !== undefined && { means }),
    ...(ranges && { ranges }),
    ...(primary && { primary }),
    ...(dims !== undefined && { dims }),
    ...(solver && { solver }),
  };
}
