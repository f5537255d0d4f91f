/** The operations of the protocol on indexes of records, on one index at a time: what SearchService does with its own. */
import {
  ByteReader,
  type Core,
  type TokenSetInput,
  tokenSet,
  type Vectors,
  vectorSet,
} from '@sagitta/core-wasm';
import {
  AllowedRecords,
  type ByteSource,
  buildMultiVectorIndex,
  buildVectorIndex,
  createMultiVectorIndex,
  createVectorIndex,
  fdeIndexes,
  loadMultiVectorIndexFrom,
  loadVectorIndexFrom,
  MultiVectorIndex,
  openMultiVectorIndex,
  openVectorIndex,
  PagedMultiVectorIndex,
  PagedVectorIndex,
  type RecordFilter,
  readFdeEncoder,
  trainMultiVectorIndex,
  VectorIndex,
} from '../index.ts';
import { turn } from './job-queue.ts';
import { type Context, naming, progressOf } from './load.ts';
import { openChunks } from './locations.ts';
import type { WorkerPlace } from './place.ts';
import type { IndexKind, Making, Operations } from './protocol.ts';
import { MULTI_VECTOR_CALLS, VECTOR_CALLS } from './record-calls.ts';
import { describeError } from './transfer-error.ts';

export type RecordKind = Exclude<IndexKind, 'rows'>;
export type PagedRecords = PagedVectorIndex | PagedMultiVectorIndex;
export type RecordIndex = VectorIndex | MultiVectorIndex | PagedRecords;

/** Queries of a batch that are answered before messages are looked at. */
export const QUERIES_PER_TURN = 16;

export function isPagedRecords(index: unknown): index is PagedRecords {
  return index instanceof PagedVectorIndex || index instanceof PagedMultiVectorIndex;
}

export function isRecords(index: unknown): index is RecordIndex {
  return index instanceof VectorIndex || index instanceof MultiVectorIndex || isPagedRecords(index);
}

/** @throws as createVectorIndex, buildVectorIndex and their like for documents */
export function makeRecords(core: Core, making: Making): RecordIndex {
  if (making.kind === 'vectors') {
    const { options, rows } = making;
    return rows ? buildVectorIndex(core, rows, options) : createVectorIndex(core, options);
  }
  const { encoder, of } = making;
  const options = {
    ...making.options,
    indexes: fdeIndexes,
    ...(encoder && { encoder: readFdeEncoder(new ByteReader(encoder)) }),
  };
  if ('documents' in of) return buildMultiVectorIndex(core, of.documents, options);
  if ('sample' in of) return trainMultiVectorIndex(core, of.sample, options);
  return createMultiVectorIndex(core, { ...options, d: of.d });
}

/** Reads a whole file of records. @throws FormatError, which names the file where there is one; CapacityError, the signal's reason */
export async function loadRecords(
  core: Core,
  { kind, from }: { readonly kind: RecordKind; readonly from: object },
  place: WorkerPlace,
  context: Context,
): Promise<RecordIndex> {
  const { signal } = context;
  const { size, chunks, close } = await openChunks(from, place, signal);
  const options = { ...(size !== undefined && { size }), signal, onProgress: progressOf(context) };
  try {
    return await (kind === 'vectors'
      ? loadVectorIndexFrom(core, chunks, options)
      : loadMultiVectorIndexFrom(core, chunks, { ...options, indexes: fdeIndexes }));
  } catch (error) {
    throw naming(from, error);
  } finally {
    await close();
  }
}

/** Opens a file of records, to be read in parts. */
export function openRecords(
  core: Core,
  kind: RecordKind,
  source: ByteSource,
  options: Operations['open']['in']['options'] & { readonly signal: AbortSignal },
): Promise<PagedRecords> {
  return kind === 'vectors'
    ? openVectorIndex(core, source, options)
    : openMultiVectorIndex(core, source, { ...options, indexes: fdeIndexes });
}

type Method = (...args: readonly unknown[]) => unknown;

function methodOf(index: RecordIndex, name: string): Method {
  const isOfVectors = index instanceof VectorIndex || index instanceof PagedVectorIndex;
  const names: readonly string[] = isOfVectors ? VECTOR_CALLS : MULTI_VECTOR_CALLS;
  const method: unknown = names.includes(name) ? Reflect.get(index, name) : undefined;
  if (typeof method === 'function') return (...args) => Reflect.apply(method, index, args) as unknown;
  if (isPagedRecords(index)) throw notWhole(isOfVectors ? 'lists' : 'tokens');
  throw new RangeError(`"index" expected one that can ${name}, got one of another kind`);
}

export function notWhole(what: string): RangeError {
  return new RangeError(`"index" expected one in memory (load), got one whose ${what} are elsewhere (open)`);
}

/** Calls a method of the index. @throws as the method does */
export function callRecords(
  index: RecordIndex,
  { method: name, args }: Operations['call']['in'],
  context: Context,
): unknown {
  if (name === 'searchBatch') return searchBatch(index, args, context);
  const method = methodOf(index, name);
  if (name === 'train' && index instanceof VectorIndex) {
    const total = index.n;
    context.progress({ phase: 'train', done: 0, total });
    index.train();
    context.progress({ phase: 'train', done: total, total });
    return undefined;
  }
  if (name === 'report' && index instanceof VectorIndex) {
    const { trainingError, ...report } = index.report();
    return { ...report, trainingError: trainingError && describeError(trainingError) };
  }
  return method(...withSignal(index, args, context));
}

/** Arguments of a search, which ends at the signal where it waits for bytes. */
function withSignal(
  index: RecordIndex,
  args: readonly unknown[],
  { signal }: Pick<Context, 'signal'>,
): readonly unknown[] {
  const [query, k, options] = args;
  if (!isPagedRecords(index) || typeof options !== 'object') return args;
  return [query, k, { ...options, signal }];
}

interface Runs {
  /** Queries in all. */
  readonly n: number;
  /** Gives queries from one on, as many as a run has. */
  run(first: number): unknown;
}

/** @throws as the index does on queries that are none */
function runsOf(index: RecordIndex, queries: unknown): Runs {
  if (index instanceof VectorIndex || index instanceof PagedVectorIndex) {
    const { data, n, d } = vectorSet(queries as Vectors, index.d, 'queries');
    return { n, run: (first) => data.subarray(first * d, (first + QUERIES_PER_TURN) * d) };
  }
  const given = queries as TokenSetInput;
  const { data, offsets, n, d } = tokenSet(given.data, given.offsets, given.d, 'queries');
  if (d !== index.d) throw new RangeError(`"queries" expected d = ${index.d}, got ${d}`);
  const run = (first: number): TokenSetInput => {
    const some = offsets.subarray(first, first + QUERIES_PER_TURN + 1);
    const [begin = 0] = some;
    const rows = data.subarray(begin * d, (some[some.length - 1] as number) * d);
    return { data: rows, offsets: some.map((offset) => offset - begin), d };
  };
  return { n, run };
}

/** A batch with looks at messages in between; its filter is evaluated once. */
async function searchBatch(
  index: RecordIndex,
  [queries, k, given]: readonly unknown[],
  context: Context,
): Promise<unknown[]> {
  const method = methodOf(index, 'searchBatch');
  const { n, run } = runsOf(index, queries);
  let options = given as { readonly filter?: RecordFilter };
  const found: unknown[] = [];
  for (let first = 0; first === 0 || first < n; first += QUERIES_PER_TURN) {
    if (first > 0) {
      context.progress({ phase: 'search', done: first, total: n });
      await turn();
      context.signal.throwIfAborted();
    }
    const some = await method(...withSignal(index, [run(first), k, options], context));
    found.push(...(some as unknown[]));
    const { filter } = options;
    if (first + QUERIES_PER_TURN < n && filter && !(filter instanceof AllowedRecords)) {
      options = { ...options, filter: index.filter(filter) };
    }
  }
  context.progress({ phase: 'search', done: n, total: n });
  return found;
}
