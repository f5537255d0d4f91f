/** Documents of many vectors in PostgreSQL with pgvector: FDEs as halfvec with their index, token codes as bytea, MaxSim here. */
import { checkInteger, checkOptions, type OptionTable, type Vectors } from '@sagitta/core-wasm';
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

/** What of a client is used: those of `pg` and `@electric-sql/pglite` have it. */
export interface SqlClient {
  query(text: string, parameters?: unknown[]): Promise<{ readonly rows: unknown[] }>;
}

/** Says how PostgreSQL is searched. */
export interface PgvectorSearchOptions extends EngineSearchOptions {
  /** A condition of SQL on the table's columns, with parameters from $3 on. */
  readonly where?: string;
  readonly parameters?: readonly unknown[];
}

const OPTIONS: OptionTable<PgvectorSearchOptions> = {
  candidates: 'number',
  where: 'string',
  parameters: 'any',
};
/** Documents of one statement. */
const BATCH = 50;
/** The widest search of pgvector. */
const MAX_EF = 1000;

/** A name in SQL. @throws RangeError on one that is too long, or empty */
function quoted(table: string): string {
  const bytes = typeof table === 'string' ? new TextEncoder().encode(table).length : 0;
  if (bytes >= 1 && bytes <= 63 && !table.includes('\0')) return `"${table.replaceAll('"', '""')}"`;
  throw new RangeError(`"table" expected a name of 1 to 63 bytes, got ${JSON.stringify(table)}`);
}

/**
 * Statements that make a table for the documents of a codec, and its index; run the second when the documents are in.
 * @throws RangeError on an encoder that is too long for pgvector
 */
export function pgvectorSchema(
  codec: MultiVectorCodec,
  table: string,
): { readonly table: string; readonly index: string } {
  checkEngineLength('pgvector', codec.length);
  const name = quoted(table);
  return {
    table: `create table ${name} (id text primary key, fde halfvec(${codec.length}) not null, codes bytea not null, metadata jsonb)`,
    index: `create index on ${name} using hnsw (fde halfvec_ip_ops)`,
  };
}

/** Writes documents into a table; those whose ids are there are replaced. */
export async function insertPgvector<M = JsonValue>(
  client: SqlClient,
  table: string,
  codec: MultiVectorCodec,
  documents: EngineDocuments<M>,
): Promise<void> {
  checkEngineLength('pgvector', codec.length);
  const name = quoted(table);
  const all = [...codedDocuments(codec, documents)];
  for (let first = 0; first < all.length; first += BATCH) {
    const some = all.slice(first, first + BATCH);
    const places = some.map((_, i) => `($${4 * i + 1}, $${4 * i + 2}, $${4 * i + 3}, $${4 * i + 4})`);
    const parameters = some.flatMap(({ id, fde, codes, metadata }) => [
      id,
      vectorText(fde),
      codes,
      metadataText(metadata),
    ]);
    await client.query(
      `insert into ${name} (id, fde, codes, metadata) values ${places.join(', ')} on conflict (id) do update set fde = excluded.fde, codes = excluded.codes, metadata = excluded.metadata`,
      parameters,
    );
  }
}

/**
 * The k best documents of a table by MaxSim among the candidates that pgvector finds by their FDEs. It sets hnsw.ef_search and
 * hnsw.iterative_scan for the session, so that as many candidates come as were asked for, also under a condition.
 */
export async function searchPgvector<M = JsonValue>(
  client: SqlClient,
  table: string,
  codec: MultiVectorCodec,
  query: Vectors | MultiVectorQuery,
  k: number,
  options: PgvectorSearchOptions = {},
): Promise<EngineHit<M>[]> {
  checkOptions('options', options, OPTIONS);
  const name = quoted(table);
  const candidates = checkInteger('candidates', candidatesOf(options, k), 1, MAX_EF);
  const { where, parameters = [] } = options;
  await client.query(`set hnsw.ef_search = ${candidates}`);
  await client.query('set hnsw.iterative_scan = relaxed_order');
  // the vector as a parameter: of a subquery the planner would read the whole table
  const { rows } = await client.query(
    `select id, codes, metadata from ${name} ${where === undefined ? '' : `where ${where} `}order by fde <#> $1 limit $2`,
    [vectorText(codec.encodeQuery(query)), candidates, ...parameters],
  );
  const found = rows as { readonly id: string; readonly codes: Uint8Array; readonly metadata: unknown }[];
  return rankedHits<M>(codec, query, found, k);
}

function vectorText(fde: Float32Array): string {
  return `[${fde.join(',')}]`;
}
