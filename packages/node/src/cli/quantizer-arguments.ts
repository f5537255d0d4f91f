/** Flags of the quantizer family. */
import type { IndexOptions, IndexQuantizer } from '@sagitta/retrieval';
import { INDEX_QUANTIZERS } from '@sagitta/retrieval';
import { type Command, Option } from 'commander';
import { integer, number, bits as saqBits } from './arguments.ts';

export interface QuantizerFlags {
  readonly quantizer: IndexQuantizer;
  readonly bits?: number;
  readonly mode?: 'fast' | 'optimal';
  readonly nbits?: '4' | '8';
  readonly secondBits?: number;
  readonly rotate?: boolean;
  readonly ratio?: boolean;
  readonly clip?: number;
}

/** SAQ's, where --bits is not given; others have defaults of their own. */
const SAQ_BITS = 4;

export function addQuantizerOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--quantizer <NAME>', 'the compression; none keeps float32')
        .choices(INDEX_QUANTIZERS)
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
    .option('--clip <SHARE>', 'share of values beyond the grid at each end (scalar)', number(0, 0.49));
}

/**
 * What the flags say to an index.
 * @throws CommanderError on bits that SAQ does not have
 */
export function quantizerOptions(
  command: Command,
  flags: QuantizerFlags,
): Pick<IndexOptions, 'quantizer' | 'bits' | 'quantizerOptions'> {
  const { quantizer, mode, nbits, secondBits, rotate, ratio, clip } = flags;
  if (quantizer === 'saq') {
    try {
      return { quantizer, bits: saqBits(String(flags.bits ?? SAQ_BITS)) };
    } catch (error) {
      return command.error(
        `error: option '--bits <B>' argument '${flags.bits}' is invalid. ${error instanceof Error ? error.message : ''}`,
      );
    }
  }
  return {
    quantizer,
    ...(flags.bits !== undefined && { bits: flags.bits }),
    quantizerOptions: {
      ...(mode && { mode }),
      ...(nbits && { nbits: nbits === '4' ? 4 : 8 }),
      ...(secondBits !== undefined && { secondBits }),
      ...(rotate && { rotate }),
      ...(ratio && { ratio }),
      ...(clip !== undefined && { clip }),
    },
  };
}
