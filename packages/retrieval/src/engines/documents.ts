/** Documents on their way into an engine, and hits on their way out. */
import type { TokenSetInput, Vectors } from '@sagitta/core-wasm';
import type { MultiVectorQuery } from '../multi-vector-index/query.ts';
import type { JsonValue } from '../records/json.ts';
import type { CodedCandidate, MultiVectorCodec } from './codec.ts';

/** Holds documents for an engine: strings as ids, which all of them take. */
export interface EngineDocuments<M = JsonValue> {
  readonly ids: readonly string[];
  readonly tokens: TokenSetInput;
  /** One a document, as JSON has it. */
  readonly metadata?: readonly (M | undefined)[];
}

/** A document that was found in an engine. */
export interface EngineHit<M = JsonValue> {
  readonly id: string;
  /** MaxSim. */
  readonly similarity: number;
  readonly metadata: M | undefined;
}

/** Says how many candidates an engine is asked for, and which. */
export interface EngineSearchOptions {
  /** Documents that the engine finds by their FDEs, ranked by MaxSim here. Default 100, at least k. */
  readonly candidates?: number;
}

const CANDIDATES = 100;

/** Documents one by one, coded. @throws RangeError where there is not one id and, if any, one value of metadata for each */
export function* codedDocuments<M>(
  codec: MultiVectorCodec,
  { ids, tokens, metadata }: EngineDocuments<M>,
): Generator<{
  readonly id: string;
  readonly fde: Float32Array;
  readonly codes: Uint8Array;
  readonly metadata: M | undefined;
}> {
  const { fdes, codes } = codec.encode(tokens);
  for (const [name, given] of Object.entries({ ids, metadata })) {
    if (given === undefined || given.length === codes.length) continue;
    throw new RangeError(`"${name}" expected one for each of ${codes.length} documents, got ${given.length}`);
  }
  for (const [i, id] of ids.entries()) {
    if (typeof id !== 'string') throw new TypeError(`"ids[${i}]" expected a string, got ${typeof id}`);
    yield {
      id,
      fde: fdes.subarray(i * codec.length, (i + 1) * codec.length),
      codes: codes[i] as Uint8Array,
      metadata: metadata?.[i],
    };
  }
}

/** The k best of what an engine found. */
export function rankedHits<M>(
  codec: MultiVectorCodec,
  query: Vectors | MultiVectorQuery,
  found: readonly (CodedCandidate & { readonly id: string; readonly metadata: unknown })[],
  k: number,
): EngineHit<M>[] {
  return codec.rerank(query, found, k).map(({ id, metadata, similarity }) => ({
    id,
    similarity,
    metadata: metadataOf<M>(metadata),
  }));
}

export function candidatesOf({ candidates }: EngineSearchOptions, k: number): number {
  return Math.max(k, candidates ?? CANDIDATES);
}

/** Metadata as text, which columns of every engine hold. */
export function metadataText(metadata: unknown): string | null {
  return metadata === undefined ? null : JSON.stringify(metadata);
}

function metadataOf<M>(text: unknown): M | undefined {
  if (text === null || text === undefined || text === '') return undefined;
  return (typeof text === 'string' ? JSON.parse(text) : text) as M;
}
