/** Budgets and filters of searches in multi-vector indexes. */
import type { MultiVectorSearchOptions } from '@sagitta/retrieval';
import type { Command } from 'commander';
import { integer, MAX_COUNT, number } from '../arguments.ts';
import { filterOf } from './token-inputs.ts';

export interface FunnelOptions {
  readonly rerank?: number;
  readonly fdeRescore?: number;
  readonly nprobe: number;
  readonly ef?: number;
  readonly ballCarving?: number;
  readonly filter: readonly string[];
}

export function addFunnelOptions(command: Command): Command {
  return command
    .option('--rerank <N>', 'candidates ranked by MaxSim (default: 4·K, at least 100)', integer(1, MAX_COUNT))
    .option(
      '--fde-rescore <N>',
      'candidates scored again by finer FDEs, where the index has them',
      integer(1, MAX_COUNT),
    )
    .option('--nprobe <P>', 'lists to visit, where FDEs are in lists', integer(1, MAX_COUNT), 16)
    .option('--ef <E>', 'width of the search, where FDEs are in a graph', integer(1, MAX_COUNT))
    .option('--ball-carving <T>', 'join query tokens of at least this similarity before MaxSim', number(0, 1))
    .option(
      '--filter <KEY=VALUE>',
      'only documents whose metadata have it; several must all hold',
      (pair: string, before: readonly string[]) => [...before, pair],
      [],
    );
}

export function funnelSettings(
  options: FunnelOptions,
  candidates: number | undefined,
): MultiVectorSearchOptions {
  const filter = filterOf(options.filter);
  const rerank = options.rerank ?? candidates;
  return {
    nprobe: options.nprobe,
    ...(options.ef !== undefined && { ef: options.ef }),
    ...(candidates !== undefined && { candidates }),
    ...(rerank !== undefined && { rerank }),
    ...(options.fdeRescore !== undefined && { fdeRescore: options.fdeRescore }),
    ...(options.ballCarving !== undefined && { ballCarving: options.ballCarving }),
    ...(filter && { filter }),
  };
}
