/** What requests hold and answers look like: what is validated by, and what the OpenAPI document is made of. */
import type { Metric } from '@sagitta/core-wasm';
import * as v from 'valibot';
import type { WireId, WireNumbers, WireRows } from './wire.ts';

/** Results of one query at most. */
export const MOST_K = 10_000;
/** Queries of a batch at most, and results of all of them together. */
export const MOST_QUERIES = 1024;
export const MOST_RESULTS = 100_000;
/** Results where the request does not say. */
export const DEFAULT_K = 10;

/** Says how a search is done: the options of a collection's search that JSON can hold. */
export interface WireSearchOptions {
  readonly k?: number;
  readonly filter?: Readonly<Record<string, unknown>>;
  readonly nprobe?: number;
  readonly ef?: number;
  readonly gamma?: number;
  readonly precision?: 'full' | 'head';
  /** Of token sets how many documents are scored by all tokens. */
  readonly rerank?: { readonly candidates: number } | number | false;
  /** Of token sets: documents that FDEs find; MaxSim with all of them. */
  readonly candidates?: number;
  readonly exact?: boolean;
  /** Hits have the texts of their records. */
  readonly withTexts?: boolean;
}
export interface SearchBody extends WireSearchOptions {
  readonly query?: WireNumbers | WireRows;
  /** Of the tokens of a query. */
  readonly weights?: readonly number[];
  readonly id?: WireId;
  /** Words, where there is a text model. */
  readonly text?: string;
}
export interface BatchBody extends WireSearchOptions {
  readonly queries?: WireRows | readonly WireRows[];
  readonly texts?: readonly string[];
}
export interface RecordOptions {
  readonly ids?: readonly WireId[];
  readonly metadata?: readonly unknown[];
  /** One a record, null where it has none. */
  readonly texts?: readonly (string | null)[];
}
export interface RecordsBody extends RecordOptions {
  readonly vectors?: WireRows;
  readonly tokens?: readonly WireRows[];
}
export interface DeleteBody {
  readonly ids: readonly WireId[];
}
export interface RecordQuery {
  readonly type?: 'string' | 'number' | 'bigint';
  readonly vector?: 'true' | 'false';
}

/** A schema whose value is T. */
export type SchemaOf<T> = v.GenericSchema<unknown, T>;

function isPlain(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An expression; the collection checks what is in it. */
export const FILTER: SchemaOf<Readonly<Record<string, unknown>>> = v.custom<
  Readonly<Record<string, unknown>>
>(isPlain, 'expected an object of conditions');

const COUNT = v.pipe(v.number(), v.integer(), v.minValue(1));
const ID = v.union([
  v.string(),
  v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  v.strictObject({ bigint: v.pipe(v.string(), v.regex(/^-?\d{1,20}$/)) }),
]);
const NUMBERS = v.union([v.array(v.number()), v.string()]);
const ROWS = v.union([v.array(v.array(v.number())), v.string()]);
const HOW = {
  k: v.exactOptional(v.pipe(COUNT, v.maxValue(MOST_K))),
  filter: v.exactOptional(FILTER),
  nprobe: v.exactOptional(COUNT),
  ef: v.exactOptional(COUNT),
  gamma: v.exactOptional(v.number()),
  precision: v.exactOptional(v.picklist(['full', 'head'])),
  rerank: v.exactOptional(v.union([v.literal(false), v.strictObject({ candidates: COUNT })])),
  withTexts: v.exactOptional(v.boolean()),
};
const TOKEN_HOW = {
  k: HOW.k,
  filter: HOW.filter,
  nprobe: HOW.nprobe,
  ef: HOW.ef,
  candidates: v.exactOptional(COUNT),
  rerank: v.exactOptional(COUNT),
  exact: v.exactOptional(v.boolean()),
  withTexts: HOW.withTexts,
};
const WHICH = {
  ids: v.exactOptional(v.array(ID)),
  metadata: v.exactOptional(v.array(v.unknown())),
  texts: v.exactOptional(v.array(v.nullable(v.string()))),
};

export const SEARCH_OPTIONS: SchemaOf<WireSearchOptions> = v.strictObject(HOW);
export const SEARCH: SchemaOf<SearchBody> = v.strictObject({
  query: v.exactOptional(NUMBERS),
  id: v.exactOptional(ID),
  text: v.exactOptional(v.string()),
  ...HOW,
});
export const BATCH: SchemaOf<BatchBody> = v.strictObject({
  queries: v.exactOptional(ROWS),
  texts: v.exactOptional(v.array(v.string())),
  ...HOW,
});
export const RECORD_OPTIONS: SchemaOf<RecordOptions> = v.strictObject(WHICH);
export const RECORDS: SchemaOf<RecordsBody> = v.strictObject({
  vectors: v.exactOptional(ROWS),
  ...WHICH,
});
export const TOKEN_SEARCH_OPTIONS: SchemaOf<WireSearchOptions> = v.strictObject(TOKEN_HOW);
export const TOKEN_SEARCH: SchemaOf<SearchBody> = v.strictObject({
  query: v.exactOptional(ROWS),
  weights: v.exactOptional(v.array(v.number())),
  id: v.exactOptional(ID),
  text: v.exactOptional(v.string()),
  ...TOKEN_HOW,
});
export const TOKEN_BATCH: SchemaOf<BatchBody> = v.strictObject({
  queries: v.exactOptional(v.array(ROWS)),
  texts: v.exactOptional(v.array(v.string())),
  ...TOKEN_HOW,
});
export const TOKEN_RECORDS: SchemaOf<RecordsBody> = v.strictObject({
  tokens: v.exactOptional(v.array(ROWS)),
  ...WHICH,
});
export const DELETE: SchemaOf<DeleteBody> = v.strictObject({ ids: v.array(ID) });
export const RECORD_QUERY: SchemaOf<RecordQuery> = v.strictObject({
  type: v.exactOptional(v.picklist(['string', 'number', 'bigint'])),
  vector: v.exactOptional(v.picklist(['true', 'false'])),
});

export const FAILURE: v.GenericSchema = v.strictObject({
  error: v.strictObject({ code: v.string(), message: v.string(), requestId: v.string() }),
});
export const IDS: v.GenericSchema = v.strictObject({ ids: v.array(ID) });
export const DELETED: v.GenericSchema = v.strictObject({ deleted: v.number() });
export const HEALTH: v.GenericSchema = v.strictObject({ status: v.literal('ok') });
const RECORD_PARTS = { id: ID, metadata: v.exactOptional(v.unknown()), text: v.exactOptional(v.string()) };
export const RECORD: v.GenericSchema = v.strictObject({
  ...RECORD_PARTS,
  vector: v.exactOptional(v.array(v.number())),
});
export const TOKEN_RECORD: v.GenericSchema = v.strictObject({
  ...RECORD_PARTS,
  tokens: v.exactOptional(v.array(v.array(v.number()))),
});
export const REPORT: v.GenericSchema = v.strictObject({
  kind: v.picklist(['vectors', 'tokens']),
  metric: v.picklist(['l2', 'ip', 'cosine']),
  d: v.number(),
  n: v.number(),
  isReadOnly: v.boolean(),
  keepsTexts: v.boolean(),
  hasTextModel: v.boolean(),
  tail: v.number(),
  segments: v.array(
    v.strictObject({
      name: v.string(),
      n: v.number(),
      dead: v.number(),
      bytes: v.number(),
      isTrained: v.boolean(),
    }),
  ),
  foldError: v.nullable(v.string()),
  memoryBytes: v.number(),
});

/** The answers of searches, whose scores have the name that the metric gives them. */
export function hitsSchema(metric: Metric): v.GenericSchema {
  return metric === 'l2'
    ? v.array(v.strictObject({ ...RECORD_PARTS, distance: v.number() }))
    : v.array(v.strictObject({ ...RECORD_PARTS, similarity: v.number() }));
}
