/** Reads files of multi-vector indexes: whole, and as they arrive. */
import { type Core, checkCore, checkOptions, type OptionTable } from '@sagitta/core-wasm';
import type { ByteChunks } from '../files/byte-stream.ts';
import { LOAD_FROM_OPTIONS, type LoadFromOptions } from '../files/load-index.ts';
import { runFrom, runNow } from '../files/program.ts';
import type { JsonValue } from '../records/json.ts';
import type { Clock } from '../search/statistics.ts';
import type { FdeIndexMethod } from './fde-index-options.ts';
import type { MultiVectorIndex } from './multi-vector-index.ts';
import { readMultiVector } from './read-file.ts';

/**
 * The index that saveMultiVectorIndex wrote. Nothing of bytes is kept; the caller disposes the index.
 * @throws FormatError on bytes that are no such index, CapacityError where the core's memory ends
 */
export function loadMultiVectorIndex<M = JsonValue>(
  core: Core,
  bytes: Uint8Array,
  options: Pick<LoadMultiVectorOptions, 'clock' | 'indexes'> = {},
): MultiVectorIndex<M> {
  checkCore(core);
  checkOptions('options', options, { clock: 'function', indexes: 'any' });
  return runNow((table) => readMultiVector<M>(core, table, options), bytes).index;
}

/** Says how a multi-vector index tells the time, for the statistics of its stages. */
export interface LoadMultiVectorOptions extends LoadFromOptions {
  /** For times in statistics. */
  readonly clock?: Clock;
  /** What reads FDEs in lists and graphs: fdeIndexes; without, such a file is an UnsupportedError. */
  readonly indexes?: FdeIndexMethod;
}

const LOAD_OPTIONS: OptionTable<LoadMultiVectorOptions> = {
  ...LOAD_FROM_OPTIONS,
  clock: 'function',
  indexes: 'any',
};

/**
 * loadMultiVectorIndex of a file that comes in chunks, e.g. of `response.body`: beside the index there is one section of the
 * file at a time. The caller disposes the index.
 * @throws as loadMultiVectorIndex, the signal's reason
 */
export async function loadMultiVectorIndexFrom<M = JsonValue>(
  core: Core,
  chunks: ByteChunks,
  options: LoadMultiVectorOptions = {},
): Promise<MultiVectorIndex<M>> {
  checkCore(core);
  checkOptions('options', options, LOAD_OPTIONS);
  const { clock, indexes } = options;
  const read = await runFrom((table) => readMultiVector<M>(core, table, { clock, indexes }), chunks, options);
  return read.index;
}
