/**
 * What goes over of an index of records' arguments. Numbers are packed into arrays that are moved, metadata are copied as the
 * index would copy them, and what no message can hold is refused here by the name that the caller gave it.
 */
import {
  checkOptions,
  type Numbers,
  type OptionTable,
  shapedSet,
  type TokenSetInput,
  toFloat32,
  toUint32,
  type Vectors,
} from '@sagitta/core-wasm';
import { AllowedRecords, type MultiVectorQuery } from '../index.ts';
import { isExpression, parseExpression } from '../records/expression.ts';
import { checkRecordId, type RecordId } from '../records/ids.ts';
import { kindOf } from '../records/json.ts';
import { copyMetadata } from '../records/records.ts';
import { packed, rowsOf } from './vector-input.ts';

/** Numbers on their way. */
export interface Posted<T> {
  readonly value: T;
  readonly transfer: Transferable[];
  /** Numbers that each row had, where rows were given as arrays of their own. */
  readonly rowLength?: number | undefined;
}

/** Vectors of which only the worker knows the d. */
export function postedVectors(label: string, vectors: Vectors): Posted<Float32Array> {
  const { view, transfer } = packed(rowsOf(label, vectors));
  const first: unknown = Array.isArray(vectors) ? vectors[0] : undefined;
  const rowLength =
    typeof first === 'object' && first !== null && 'length' in first ? Number(first.length) : undefined;
  return { value: view, transfer, rowLength };
}

/** Numbers of one vector. */
export function postedNumbers(label: string, numbers: Numbers): Posted<Float32Array> {
  const { view, transfer } = packed(toFloat32(label, numbers));
  return { value: view, transfer };
}

/**
 * Rows that were arrays of their own are one array by now.
 * @throws RangeError where they had not d numbers, as the index would say
 */
export function checkRowLength(label: string, rowLength: number | undefined, d: number | undefined): void {
  if (rowLength === undefined || d === undefined || rowLength === d) return;
  throw new RangeError(`"${label}[0]" expected d = ${d} numbers, got ${rowLength}`);
}

export function postedTokens(label: string, tokens: TokenSetInput): Posted<TokenSetInput> {
  const { data, d } = shapedSet(tokens?.data, tokens?.d, label);
  const { view, transfer } = packed(data);
  return {
    value: { data: view, offsets: toUint32(`${label} offsets`, tokens.offsets).slice(), d },
    transfer,
  };
}

/** Tokens alone, or with weights and an FDE. */
export function postedQuery(query: Vectors | MultiVectorQuery): Posted<MultiVectorQuery> {
  const isPlain = ArrayBuffer.isView(query) || Array.isArray(query);
  const { tokens, weights, encoded } = isPlain ? { tokens: query as Vectors } : (query as MultiVectorQuery);
  const { value, transfer, rowLength } = postedVectors('query.tokens', tokens);
  const more = {
    ...(weights && { weights: toFloat32('query.weights', weights).slice() }),
    ...(encoded && { encoded: { ...encoded, fde: toFloat32('query.encoded.fde', encoded.fde).slice() } }),
  };
  return { value: { tokens: value, ...more }, transfer, rowLength };
}

/** @throws TypeError on what is no id; the index checks the rest */
export function postedId(label: string, id: RecordId): RecordId {
  return ['string', 'number', 'bigint'].includes(typeof id) ? id : checkRecordId(label, id);
}

/** An id, or ids of any iterable. */
export function postedIds(ids: RecordId | Iterable<RecordId>): RecordId | RecordId[] {
  return typeof ids === 'object' && ids !== null
    ? Array.from(ids, (id) => postedId('ids', id))
    : postedId('ids', ids);
}

/** Ids and metadata of rows. */
export function postedRecords<M>({
  ids,
  metadata,
}: {
  readonly ids?: readonly RecordId[];
  readonly metadata?: readonly (M | undefined)[];
}): { readonly ids?: readonly RecordId[]; readonly metadata?: readonly (M | undefined)[] } {
  return {
    ...(ids && { ids: Array.isArray(ids) ? ids.map((id: RecordId, i) => postedId(`ids[${i}]`, id)) : ids }),
    ...(metadata && {
      metadata: Array.isArray(metadata)
        ? Array.from(metadata, (one: M | undefined, i) => copyMetadata(`metadata[${i}]`, one))
        : metadata,
    }),
  };
}

/**
 * A filter as the worker understands it.
 * @throws TypeError on a predicate and on what index.filter made, which are in this thread alone; TypeError, RangeError on
 * what is no filter, naming its part
 */
export function postedFilter(filter: unknown): object {
  if (typeof filter === 'function') {
    throw new TypeError(
      '"filter" expected an expression or ids, got a predicate: functions cannot be sent to a worker',
    );
  }
  if (filter instanceof AllowedRecords) {
    throw new TypeError(
      '"filter" expected an expression or ids, got what an index of this thread made of them',
    );
  }
  if (typeof filter !== 'object' || filter === null) throw noFilter(filter);
  if (Symbol.iterator in filter) {
    return Array.from(filter as Iterable<RecordId>, (id) => postedId('filter', id));
  }
  if (!isExpression(filter)) throw noFilter(filter);
  parseExpression('filter', filter);
  return filter;
}

function noFilter(filter: unknown): TypeError {
  return new TypeError(`"filter" expected an expression or ids, got ${kindOf(filter)}`);
}

/** Options of a search: those that are the call's own, and those that go over. */
export function splitSearch<
  C extends { readonly filter?: unknown; readonly signal?: AbortSignal; readonly onProgress?: unknown },
>(given: C, table: OptionTable<C>): { readonly plain: object; readonly signal: AbortSignal | undefined } {
  checkOptions('options', given, table);
  const { signal, onProgress: _, filter, ...rest } = given;
  return { plain: { ...rest, ...(filter !== undefined && { filter: postedFilter(filter) }) }, signal };
}
