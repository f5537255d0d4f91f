/** Reads files of vector indexes, and of indexes of rows as vector indexes whose ids are row numbers. */
import {
  type ByteReader,
  type Core,
  checkCore,
  checkOptions,
  FormatError,
  UnsupportedError,
} from '@sagitta/core-wasm';
import type { ByteSource } from '../files/byte-source.ts';
import type { ByteChunks } from '../files/byte-stream.ts';
import { openQuantizer } from '../files/index-head.ts';
import { readLive } from '../files/live-rows.ts';
import { LOAD_FROM_OPTIONS, type LoadFromOptions } from '../files/load-index.ts';
import { type Program, reading, runFrom, runHead, runNow, type SectionTable } from '../files/program.ts';
import { type ReadOptions, readRows } from '../files/read-index.ts';
import { graph } from '../graph/graph-method.ts';
import type { IvfIndex } from '../ivf/ivf-index.ts';
import { RECORD_SECTIONS, readRecords } from '../records/format.ts';
import type { JsonValue } from '../records/json.ts';
import type { Records } from '../records/records.ts';
import { listSlots } from '../search/slot-set.ts';
import { trainerOf } from './create.ts';
import { readPlan, type SavedPlan } from './format.ts';
import { planOf } from './options.ts';
import { VectorIndex } from './vector-index.ts';

/**
 * The index that saveIndex wrote; the caller disposes it. Nothing of bytes is kept. Files of indexes of rows come as indexes
 * whose ids are row numbers.
 * @throws FormatError on bytes that are no such index, CapacityError where the core's memory ends
 */
export function loadVectorIndex<M = JsonValue>(core: Core, bytes: Uint8Array): VectorIndex<M> {
  checkCore(core);
  return runNow((table) => readVectorIndex<M>(core, table, {}), bytes);
}

/**
 * loadVectorIndex of a file that comes in chunks, e.g. of `response.body`.
 * @throws as loadVectorIndex, the signal's reason
 */
export async function loadVectorIndexFrom<M = JsonValue>(
  core: Core,
  chunks: ByteChunks,
  options: LoadFromOptions = {},
): Promise<VectorIndex<M>> {
  checkCore(core);
  checkOptions('options', options, LOAD_FROM_OPTIONS);
  const isWhole = options.size !== undefined;
  return runFrom((table) => readVectorIndex<M>(core, table, { isWhole }), chunks, options);
}

/**
 * The index of a file of which the kept vectors, where it has some, stay where they are: all else is in memory.
 * @throws as loadVectorIndexFrom, what the source rejects with
 */
export async function loadWithoutVectors<M>(
  core: Core,
  source: ByteSource,
  signal?: AbortSignal,
): Promise<VectorIndex<M>> {
  const how = { isWhole: true, leavesVectors: true };
  return runHead((table) => readVectorIndex<M>(core, table, how), source, signal);
}

/** What stands behind the rows of a file. */
export interface ReadRecords<M> {
  /** Live rows, ascending: row i of the records is the i-th of them. */
  readonly live: Uint32Array;
  readonly records: Records<M>;
  readonly saved: SavedPlan | undefined;
}

/** Reads what stands behind n rows. */
export function* readExtras<M>(table: SectionTable, n: number): Program<ReadRecords<M>> {
  const readers = new Map<string, ByteReader>();
  for (const id of ['LIVE', ...RECORD_SECTIONS, 'PLAN']) {
    if (table.has(id)) readers.set(id, yield { section: id });
  }
  const live = listSlots(readLive(readers.get('LIVE'), n));
  const has = (id: string): boolean => readers.has(id);
  const reader = (id: string): ByteReader => {
    const found = readers.get(id);
    if (!found) throw new FormatError(`expected a section "${id}", got none`, 32);
    return found;
  };
  const records = readRecords<M>({ has, reader }, live.length);
  const saved = has('PLAN') ? readPlan(reader('PLAN'), records.indexed) : undefined;
  return { live, records, saved };
}

function* readVectorIndex<M>(
  core: Core,
  table: SectionTable,
  how: Pick<ReadOptions, 'isWhole' | 'leavesVectors'>,
): Program<VectorIndex<M>> {
  return yield* reading(function* (own): Program<VectorIndex<M>> {
    const rows = own(yield* readRows(core, table, { open: openQuantizer, graph, hasRecords: true, ...how }));
    const { live, records, saved } = yield* readExtras<M>(table, rows.n);
    if (live.length < rows.n) rows.compaction(live).commit();
    return assemble(core, rows, records, saved);
  });
}

/** A plan that fits rows of which nothing else is known: to become what they are. */
function derivedPlan(rows: IvfIndex): SavedPlan {
  const { d, metric, kind, quantizer, bits, nlist, keepsVectors, n } = rows;
  const plan = planOf({
    d,
    metric,
    index: kind,
    quantizer,
    keepVectors: keepsVectors,
    ...(quantizer === 'saq' && { bits }),
    ...(kind === 'ivf' && { nlist }),
  });
  // codes of an index without rows are trained as well
  return { plan, trainedOn: Math.max(1, n), lost: undefined };
}

/** A file of rows alone does not say what codes were made with; of these two nothing is left to say. */
const isPlain = (name: IvfIndex['quantizer']): boolean => name === 'saq' || name === 'float32';

function refuseToTrain(): never {
  throw new UnsupportedError(
    '"index" expected options to train with, got a file of row numbers, which holds none: build a vector index',
  );
}

function assemble<M>(
  core: Core,
  rows: IvfIndex,
  records: Records<M>,
  saved: SavedPlan | undefined,
): VectorIndex<M> {
  const { plan, trainedOn, lost } = saved ?? derivedPlan(rows);
  if (plan.d !== rows.d || plan.metric !== rows.metric) {
    throw new FormatError(
      `options expected d = ${rows.d} and ${rows.metric}, got ${plan.d} and ${plan.metric}`,
      32,
    );
  }
  return new VectorIndex<M>({
    rows,
    records,
    plan,
    isDerived: saved === undefined,
    train: saved || isPlain(rows.quantizer) ? trainerOf(core, plan) : refuseToTrain,
    trainedOn,
    ...(lost !== undefined && { lost }),
  });
}
