/** Documents of many vectors in LanceDB: a column of FDEs with its index, token codes beside it, MaxSim here. */
import { checkOptions, type OptionTable, type Vectors } from '@sagitta/core-wasm';
import type { MultiVectorQuery } from '../multi-vector-index/query.ts';
import type { JsonValue } from '../records/json.ts';
import type { MultiVectorCodec } from './codec.ts';
import {
  candidatesOf,
  codedDocuments,
  type EngineDocuments,
  type EngineHit,
  type EngineSearchOptions,
  metadataText,
  rankedHits,
} from './documents.ts';
import { checkEngineLength } from './engines.ts';

/** Is a row of a table. */
export interface LanceRow {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly fde: number[];
  readonly codes: Uint8Array;
  /** JSON as text; empty where there are none, since a column of nothing but null has no type. */
  readonly metadata: string;
}

/** What of a vector query of `@lancedb/lancedb` is used. */
export interface LanceVectorQuery {
  column(name: string): LanceVectorQuery;
  distanceType(type: 'dot'): LanceVectorQuery;
  nprobes(count: number): LanceVectorQuery;
  ef(width: number): LanceVectorQuery;
  refineFactor(factor: number): LanceVectorQuery;
  where(predicate: string): LanceVectorQuery;
  select(columns: string[]): LanceVectorQuery;
  limit(count: number): LanceVectorQuery;
  toArray(): Promise<unknown[]>;
}

/** What of a table of `@lancedb/lancedb` is used. */
export interface LanceTable {
  query(): { nearestTo(vector: Float32Array): LanceVectorQuery };
}

/** Says how LanceDB is searched. */
export interface LanceSearchOptions extends EngineSearchOptions {
  /** Lists to visit, or the width of a search in a graph. Default: LanceDB's own. */
  readonly nprobes?: number;
  readonly ef?: number;
  /** Candidates that are ranked again by FDEs in full, as a multiple of those asked for. Default none. */
  readonly refineFactor?: number;
  /** A condition of SQL on the table's columns. */
  readonly where?: string;
}

const OPTIONS: OptionTable<LanceSearchOptions> = {
  candidates: 'number',
  nprobes: 'number',
  ef: 'number',
  refineFactor: 'number',
  where: 'string',
};

/**
 * Rows for a table of LanceDB, some at a time: createTable and add take them. Make the index on `fde` with distanceType 'dot'.
 * @throws RangeError on an encoder that is too long; as codec.encode does
 */
export function lanceRows<M = JsonValue>(codec: MultiVectorCodec, documents: EngineDocuments<M>): LanceRow[] {
  checkEngineLength('lancedb', codec.length);
  return Array.from(codedDocuments(codec, documents), ({ id, fde, codes, metadata }) => ({
    id,
    fde: Array.from(fde),
    codes: binary(codes),
    metadata: metadataText(metadata) ?? '',
  }));
}

/** The k best documents of a table by MaxSim among the candidates that LanceDB finds by their FDEs. */
export async function searchLance<M = JsonValue>(
  table: LanceTable,
  codec: MultiVectorCodec,
  query: Vectors | MultiVectorQuery,
  k: number,
  options: LanceSearchOptions = {},
): Promise<EngineHit<M>[]> {
  checkOptions('options', options, OPTIONS);
  const { nprobes, ef, refineFactor, where } = options;
  let asked = table.query().nearestTo(codec.encodeQuery(query)).column('fde').distanceType('dot');
  if (nprobes !== undefined) asked = asked.nprobes(nprobes);
  if (ef !== undefined) asked = asked.ef(ef);
  if (refineFactor !== undefined) asked = asked.refineFactor(refineFactor);
  if (where !== undefined) asked = asked.where(where);
  const columns = ['id', 'codes', 'metadata', '_distance'];
  const rows = (await asked.select(columns).limit(candidatesOf(options, k)).toArray()) as LanceRow[];
  const found = rows.map(({ id, codes, metadata }) => ({ id, metadata, codes: Uint8Array.from(codes) }));
  return rankedHits<M>(codec, query, found, k);
}

/** LanceDB takes a Buffer of Node's for binary, and any other Uint8Array for a list of one length. */
function binary(bytes: Uint8Array): Uint8Array {
  const { Buffer } = globalThis as { readonly Buffer?: { from(bytes: Uint8Array): Uint8Array } };
  return Buffer ? Buffer.from(bytes) : bytes;
}
