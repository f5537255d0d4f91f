/**
 * Which encoding to take, by measuring: queries held out of the sample search the rest of it by FDEs in every candidate
 * encoding and code, and by exact MaxSim. No guess without figures.
 */
import {
  boundedTokenSet,
  type Core,
  checkCore,
  checkInteger,
  checkNumber,
  checkOptions,
  type OptionTable,
  RandomStream,
  type TokenSet,
  type TokenSetInput,
  tokenSet,
} from '@sagitta/core-wasm';
import { sampleIndices } from '@sagitta/quantizers/training';
import type { RecommendProgress } from '../advice/recommend.ts';
import { candidatesAtSize, depthFor, recallAtSize } from '../evaluation/recall-at-size.ts';
import type { Clock } from '../search/statistics.ts';
import type { FdeStoreOptions } from './create-fde-store.ts';
import { fdeCandidates, LEAST_FILL, STORES } from './fde-candidates.ts';
import { FDE_KINDS, type FdeEncoder, type FdeKind, type FdeSession } from './fde-encoder.ts';
import { type FdeHealth, fdeHealth } from './fde-health.ts';
import type { FdeStore } from './fde-store.ts';
import { writeFdeEncoder } from './format.ts';
import {
  bestOfRows,
  encodeAll,
  encodeToStore,
  exactMaxSim,
  gatherSets,
  rankTable,
  setAt,
} from './measure-fde.ts';

/** Says what is wanted, bytes or recall, and how it is measured. */
export interface RecommendFdeOptions {
  /** The most bytes a document's code may cost: ranked by the candidates needed among those that fit. */
  readonly bytes?: number;
  /**
   * The least share of the exact top k among the first `candidates`: ranked by bytes among those that reach it with the lower
   * end of their interval.
   */
  readonly recall?: number;
  /** Default 100. */
  readonly candidates?: number;
  /** Documents of the collection that the sample is of; figures are for that many. Default: those of the sample. */
  readonly collectionSize?: number;
  /** Exact neighbours that are looked for. Default 10. */
  readonly k?: number;
  /** Queries as they will be asked; default: runs of 12 tokens of documents held out of the sample. */
  readonly queries?: TokenSetInput;
  /** Held-out documents that queries are cut from, at most a fifth of the sample. Default 60. */
  readonly numQueries?: number;
  /** Only encoders of these kinds. Default all. */
  readonly kinds?: readonly FdeKind[];
  /** Measure regression with trained features too, which takes minutes. Default false. */
  readonly trained?: boolean;
  readonly seed?: number;
  /** For times: milliseconds since any moment, e.g. `() => performance.now()`. */
  readonly clock?: Clock;
  /** Called after each encoder and code that was measured or passed over; its bits are those of a number. */
  readonly onProgress?: (progress: RecommendProgress) => void;
  /** Looked at before each encoder and code; its reason is thrown. */
  readonly signal?: AbortSignal;
}

const RECOMMEND_FDE_OPTIONS: OptionTable<RecommendFdeOptions> = {
  bytes: 'number',
  recall: 'number',
  candidates: 'number',
  collectionSize: 'number',
  k: 'number',
  queries: 'any',
  numQueries: 'number',
  kinds: 'any',
  trained: 'boolean',
  seed: 'number',
  clock: 'function',
  onProgress: 'function',
  signal: 'any',
};

/** Is an encoder and a code of its FDEs, with their figures. */
export interface FdeRecommendation {
  /** As a reader of a table knows it. */
  readonly label: string;
  /** Trained on the sample, ready to be used. */
  readonly encoder: FdeEncoder;
  readonly store: Pick<FdeStoreOptions, 'encoding' | 'bits'>;
  /** Code and factors of a document. */
  readonly bytesPerDocument: number;
  /** What the FDEs of the whole collection take in a file: encoder, model of the codes, codes. Tokens are the same for all. */
  readonly fileBytes: number;
  /** What they take in WebAssembly: what encodes a query, and codes. */
  readonly memoryBytes: number;
  /** With a clock: to train on the sample, and to encode a query and scan the whole collection, one thread. */
  readonly milliseconds?: { readonly training: number; readonly query: number };
  /** Share of the exact top k among the first `candidates` of a collection of that size (see recallAtSize). */
  readonly recall: number;
  /** Of nine estimates of ten the true share is between these. */
  readonly low: number;
  readonly high: number;
  /** Candidates that hold nine tenths of the exact top k. */
  readonly candidatesFor90: number;
  readonly isEnough: boolean;
  /** One sentence with the figures. */
  readonly reason: string;
}

/** Ranks encoders and codes, and says what they were measured on. */
export interface FdeRecommendations {
  /** Best first: those that meet what is asked, then the others by how near they come. */
  readonly ranked: readonly FdeRecommendation[];
  readonly health: FdeHealth;
  /** Documents that figures are for. */
  readonly collectionSize: number;
  /** Documents and queries that were measured on. */
  readonly documents: number;
  readonly queries: number;
}

const LEAST_DOCUMENTS = 50;
/** FDEs of so many bytes are made once for all codes; of more, once for each. */
const MOST_ENCODED = 1 << 26;
const QUERY_TOKENS = 12;
/**
 * Measures encoders and codes on a sample and ranks them, with figures and reasons: where a recall is asked, those of each kind that
 * take no more bytes than the fewest that reach it.
 * @throws RangeError unless exactly one of bytes and recall is given, or on a sample of fewer than 50 documents
 */
export function recommendFde(
  core: Core,
  sample: TokenSetInput,
  options: RecommendFdeOptions,
): FdeRecommendations {
  checkCore(core);
  checkOptions('options', options, RECOMMEND_FDE_OPTIONS);
  const set = boundedTokenSet(sample.data, sample.offsets, sample.d, 'sample', { isSample: true });
  if (set.n < LEAST_DOCUMENTS) {
    throw new RangeError(`"sample" expected at least ${LEAST_DOCUMENTS} documents, got ${set.n}`);
  }
  const { bytes, recall } = options;
  if ((bytes === undefined) === (recall === undefined)) {
    throw new RangeError(
      `"options" expected either bytes or recall, got ${bytes === undefined ? 'neither' : 'both'}`,
    );
  }
  if (bytes !== undefined) checkNumber('bytes', bytes, 1, 2 ** 32);
  if (recall !== undefined) checkNumber('recall', recall, 0, 1);
  const candidates = checkInteger('candidates', options.candidates ?? 100, 1, 2 ** 32 - 1);
  const seed = checkInteger('seed', options.seed ?? 1, 0, Number.MAX_SAFE_INTEGER);
  const { documents, queries } = split(set, options, seed);
  const k = checkInteger('k', options.k ?? 10, 1, documents.n);
  const size = checkInteger('collectionSize', options.collectionSize ?? documents.n, 1, 2 ** 32 - 1);
  if (options.collectionSize !== undefined && size < set.n) {
    throw new RangeError(
      `"collectionSize" expected at least the ${set.n} documents of the sample, got ${size}`,
    );
  }
  const depth = depthFor(documents.n, k);
  const order = bestOfRows(exactMaxSim(core, queries, documents), documents.n, depth);
  const measured: FdeRecommendation[] = [];
  const { kinds = FDE_KINDS, trained = false, clock } = options;
  const tried = fdeCandidates(core, documents, { kinds, bytes, trained, seed });
  // where a recall is asked: the fewest bytes of each kind that reach it. What needs more is no choice
  const reached = new Map<FdeKind, number>();
  let done = 0;
  for (const { kind, label, length, make } of tried) {
    let made: MadeEncoder | undefined;
    for (const { bytes: perNumber, ...store } of STORES) {
      options.signal?.throwIfAborted();
      // a code's factors come on top, a tenth at most
      if (length * perNumber <= Math.min(bytes ?? Infinity, reached.get(kind) ?? Infinity)) {
        made ??= timed(make);
        const one = measureOne(made, store, label);
        if (one) measured.push(one);
        if (one?.isEnough && bytes === undefined) {
          reached.set(kind, Math.min(one.bytesPerDocument, reached.get(kind) ?? Infinity));
        }
      }
      done++;
      options.onProgress?.({ done, total: tried.length * STORES.length, label, bits: 8 * perNumber });
    }
  }
  measured.sort((a, b) => {
    if (a.isEnough !== b.isEnough) return a.isEnough ? -1 : 1;
    const byBytes = (recall !== undefined) === a.isEnough;
    const order = byBytes
      ? a.bytesPerDocument - b.bytesPerDocument || a.candidatesFor90 - b.candidatesFor90
      : a.candidatesFor90 - b.candidatesFor90 || b.recall - a.recall;
    return order || a.bytesPerDocument - b.bytesPerDocument;
  });
  return {
    ranked: measured,
    health: fdeHealth(core, documents),
    collectionSize: size,
    documents: documents.n,
    queries: queries.n,
  };

  function timed(make: () => FdeEncoder): MadeEncoder {
    const start = clock?.() ?? 0;
    const encoder = make();
    const training = clock && clock() - start;
    const isSmall = 4 * documents.n * encoder.length <= MOST_ENCODED;
    return { encoder, training, encoded: isSmall ? encodeAll(core, encoder, documents) : undefined };
  }

  function measureOne(
    { encoder, training, encoded }: MadeEncoder,
    store: FdeRecommendation['store'],
    label: string,
  ): FdeRecommendation | undefined {
    using codes = encodeToStore(core, encoder, documents, { ...store, seed }, encoded);
    const { bytesPerDocument } = codes;
    if (bytes !== undefined && bytesPerDocument < LEAST_FILL * bytes) return undefined;
    const ranks = rankTable(core, encoder, codes, queries, order);
    const table = { ranks, depth, queries: queries.n, n: documents.n };
    const { sure: _, ...found } = recallAtSize(table, { k, candidates, size, seed });
    const needed = candidatesAtSize(table, 0.9, { k, size });
    const isEnough = bytes === undefined ? found.low >= (recall as number) : bytesPerDocument <= bytes;
    const name = `${label}, ${store.encoding}${store.bits ? ` ${store.bits} bits` : ''}`;
    const [share, low, high] = [found.recall, found.low, found.high].map((value) => value.toFixed(3));
    const figures = `finds ${share} (${low} to ${high}) of the exact top ${k} among ${candidates} and nine tenths among ${needed} of ${size} documents, at ${bytesPerDocument} bytes a document`;
    const asked = bytes === undefined ? `a share of ${recall}` : `${bytes} bytes`;
    const before = core.bytesUsed();
    using session = encoder.createSession(core);
    const whole = size * bytesPerDocument;
    const model = codes.parameters(new Uint32Array(0)).length;
    return {
      label: name,
      encoder,
      store,
      bytesPerDocument,
      fileBytes: writeFdeEncoder(encoder).length + model + whole,
      memoryBytes: core.bytesUsed() - before + model + whole,
      ...(clock &&
        training !== undefined && {
          milliseconds: { training, query: queryMilliseconds(session, codes, clock) },
        }),
      ...found,
      candidatesFor90: needed,
      isEnough,
      reason: `${name} ${figures}: ${isEnough ? 'enough' : 'not enough'} for ${asked}`,
    };
  }

  /** Of encoding, and of a scan as many times longer as the collection is larger. */
  function queryMilliseconds(session: FdeSession, codes: FdeStore, clock: Clock): number {
    const start = clock();
    const fdes = Array.from({ length: queries.n }, (_, q) => session.encodeQuery(setAt(queries, q)));
    const encoded = clock();
    for (const fde of fdes) codes.search(fde, Math.min(candidates, documents.n));
    const scanned = clock();
    return (encoded - start + ((scanned - encoded) * size) / documents.n) / queries.n;
  }
}

interface MadeEncoder {
  readonly encoder: FdeEncoder;
  /** Milliseconds. */
  readonly training: number | undefined;
  /** FDEs of all documents. */
  readonly encoded: Float32Array | undefined;
}

/** Queries given, or runs of tokens of held-out documents. */
function split(
  set: TokenSet,
  options: RecommendFdeOptions,
  seed: number,
): { documents: TokenSet; queries: TokenSet } {
  const { d } = set;
  if (options.queries) {
    const queries = boundedTokenSet(options.queries.data, options.queries.offsets, d, 'queries');
    if (queries.n === 0) throw new RangeError('"queries" expected at least 1 query, got 0');
    return { documents: set, queries };
  }
  const wanted = checkInteger('numQueries', options.numQueries ?? 60, 1, 2 ** 20);
  const random = new RandomStream(seed, 'fde/recommend');
  const held = sampleIndices(set.n, Math.min(wanted, Math.floor(set.n / 5)), random.fork('queries'));
  const isHeld = new Set(held);
  const rest = Array.from({ length: set.n }, (_, i) => i).filter((i) => !isHeld.has(i));
  const starts = random.fork('starts');
  const rows: number[] = [];
  const offsets = [0];
  for (const i of held) {
    const first = set.offsets[i] as number;
    const m = (set.offsets[i + 1] as number) - first;
    if (m === 0) continue;
    const length = Math.min(m, QUERY_TOKENS);
    const start = first + starts.nextBelow(m - length + 1);
    for (let t = start; t < start + length; t++) rows.push(t);
    offsets.push(rows.length);
  }
  const data = new Float32Array(rows.length * d);
  for (const [i, row] of rows.entries()) data.set(set.data.subarray(row * d, (row + 1) * d), i * d);
  return { documents: gatherSets(set, rest), queries: tokenSet(data, Uint32Array.from(offsets), d) };
}
