/** Reads the file of an index of rows that is in memory, or as it arrives. */
import { type Core, checkCore, checkOptions, type OptionTable } from '@sagitta/core-wasm';
import type { ModelReader } from '@sagitta/quantizers/internal';
import { type GraphMethod, graph } from '../graph/graph-method.ts';
import type { IvfIndex } from '../ivf/ivf-index.ts';
import type { ByteChunks } from './byte-stream.ts';
import { openerOf, openQuantizer } from './index-head.ts';
import { runFrom, runNow } from './program.ts';
import { readRows } from './read-index.ts';

/**
 * The index that saveIndex wrote. Nothing of bytes is kept; the caller disposes the index.
 * @throws FormatError on bytes that are no index, CapacityError where the core's memory ends
 */
export function loadIndex(core: Core, bytes: Uint8Array): IvfIndex {
  checkCore(core);
  return runNow((table) => readRows(core, table, { open: openQuantizer, graph }), bytes);
}

/** Is what reads a part of a file: a quantizer that it may be of, or graph. */
export type IndexReader = ModelReader | GraphMethod;

function isGraph(reader: IndexReader): reader is GraphMethod {
  return reader?.name === 'graph';
}

/**
 * Loads as loadIndex does, but only indexes of these methods, secondary codes with them: an app carries no other. `graph`
 * among them reads graphs too.
 * @example
 * import { float32, saq } from '@sagitta/quantizers';
 * const index = readIndex(core, bytes, [saq, float32]);
 * @throws FormatError and CapacityError as loadIndex; UnsupportedError for an index of another quantizer
 */
export function readIndex(core: Core, bytes: Uint8Array, methods: readonly IndexReader[]): IvfIndex {
  checkCore(core);
  if (
    !Array.isArray(methods) ||
    methods.length === 0 ||
    methods.some((one) => !isGraph(one) && typeof one?.read !== 'function')
  ) {
    throw new TypeError('"methods" expected an array of methods, such as [saq, float32], got another');
  }
  const graph = methods.find(isGraph);
  const models = methods.filter((one): one is ModelReader => !isGraph(one));
  return runNow((table) => readRows(core, table, { open: openerOf(models), graph }), bytes);
}

/** Says what is known of a file that comes in chunks, and how its reading is watched and ended. */
export interface LoadFromOptions {
  /** Bytes of the file, if known: compared with what the file says, and then reserved at once. */
  readonly size?: number;
  readonly signal?: AbortSignal;
  /** Called as bytes come in. */
  readonly onProgress?: (done: number, total: number) => void;
}

export const LOAD_FROM_OPTIONS: OptionTable<LoadFromOptions> = {
  size: 'number',
  signal: 'any',
  onProgress: 'function',
};

/**
 * The index of a file that comes in chunks, e.g. of `response.body`. The caller disposes the index.
 * @throws FormatError on bytes that are no index, CapacityError where the core's memory ends, the signal's reason
 */
export async function loadIndexFrom(
  core: Core,
  chunks: ByteChunks,
  options: LoadFromOptions = {},
): Promise<IvfIndex> {
  checkCore(core);
  checkOptions('options', options, LOAD_FROM_OPTIONS);
  const isWhole = options.size !== undefined;
  return runFrom((table) => readRows(core, table, { open: openQuantizer, graph, isWhole }), chunks, options);
}
