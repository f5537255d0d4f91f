/**
 * A multi-vector index whose tokens stay where they are, in a file, in the browser's storage or behind HTTP range requests:
 * FDE codes, ids and metadata are in memory, tokens of the documents that a search scores come as it wants them. It does
 * not change.
 */
import {
  type Core,
  checkCore,
  checkInteger,
  checkOptions,
  making,
  type OptionTable,
  Owner,
  type TokenSetInput,
  tokenSet,
  type Vectors,
} from '@sagitta/core-wasm';
import { type ByteSource, readRanges } from '../files/byte-source.ts';
import { joinBytes } from '../files/join-bytes.ts';
import { runHead } from '../files/program.ts';
import type { TokenMetric, TokenStore } from '../maxsim/index.ts';
import type { AllowedRecords, RecordFilter } from '../records/filter.ts';
import type { RecordId } from '../records/ids.ts';
import type { JsonValue } from '../records/json.ts';
import type { Records } from '../records/records.ts';
import type { Clock } from '../search/statistics.ts';
import type { MultiVectorSearchOptions } from './documents.ts';
import type { FdeIndexMethod } from './fde-index-options.ts';
import type { SearchProgram, TokenNeed, TokenScorer } from './funnel.ts';
import type { MultiVectorIndex } from './multi-vector-index.ts';
import type { MultiVectorQuery } from './query.ts';
import { type ReadMultiVector, readMultiVector, type TokensElsewhere } from './read-file.ts';
import type { MultiVectorHit, MultiVectorResult } from './results.ts';

/** Says how much memory a multi-vector index that is read in parts may keep. */
export interface OpenMultiVectorOptions {
  /** Ranges this near to each other are read as one. Default 32 KiB. */
  readonly gapBytes?: number;
  /** For times in statistics. */
  readonly clock?: Clock;
  /** What reads FDEs in lists and graphs: fdeIndexes; without, such a file is an UnsupportedError. */
  readonly indexes?: FdeIndexMethod;
  readonly signal?: AbortSignal;
}

const OPEN_OPTIONS: OptionTable<OpenMultiVectorOptions> = {
  gapBytes: 'number',
  clock: 'function',
  indexes: 'any',
  signal: 'any',
};

/** Says how the file of a multi-vector index is searched. */
export interface PagedMultiVectorSearchOptions<M = JsonValue> extends MultiVectorSearchOptions<M> {
  readonly signal?: AbortSignal;
}

const DEFAULT_GAP_BYTES = 1 << 15;
/** A filter that leaves so many documents has the tokens of all of them read. */
const EXACT_BELOW = 100;

/**
 * Opens a multi-vector index without reading its tokens. The source is the index's from now on and closed with it.
 * @throws FormatError on bytes that are no such index, what the source rejects with, the signal's reason
 */
export async function openMultiVectorIndex<M = JsonValue>(
  core: Core,
  source: ByteSource,
  options: OpenMultiVectorOptions = {},
): Promise<PagedMultiVectorIndex<M>> {
  checkCore(core);
  checkOptions('options', options, OPEN_OPTIONS);
  const { clock, signal, indexes } = options;
  const gapBytes = checkInteger('gapBytes', options.gapBytes ?? DEFAULT_GAP_BYTES, 0, 2 ** 31);
  const program = { clock, isPaged: true, indexes };
  const read = await runHead((table) => readMultiVector<M>(core, table, program), source, signal);
  return making((own) => new PagedMultiVectorIndex<M>(own(read), source, gapBytes));
}

/** Where each set begins, and where the last one ends: as numbers that do not wrap. */
export function startsOf(lengths: Uint32Array): Float64Array {
  const starts = new Float64Array(lengths.length + 1);
  for (const [i, length] of lengths.entries()) starts[i + 1] = (starts[i] as number) + length;
  return starts;
}

/** Tokens in a file. */
class DistantTokens {
  readonly #tokens: TokensElsewhere;
  /** Token at which each document begins. */
  readonly #starts: Float64Array;

  constructor(tokens: TokensElsewhere) {
    this.#tokens = tokens;
    this.#starts = startsOf(tokens.parameters.lengths);
  }

  /** Tokens of a document. */
  lengthOf(slot: number): number {
    return this.#tokens.parameters.lengths[slot] as number;
  }

  ranges(slots: Uint32Array): { offset: number; length: number }[] {
    const { offset, parameters } = this.#tokens;
    const { rowBytes } = parameters;
    return Array.from(slots, (slot) => ({
      offset: offset + rowBytes * (this.#starts[slot] as number),
      length: rowBytes * (parameters.lengths[slot] as number),
    }));
  }

  /** Scores the documents of slots, whose codes these are. */
  scorer(core: Core, slots: Uint32Array, codes: readonly Uint8Array[]): TokenScorer {
    const joined = joinBytes(codes);
    const places = slots.map((_, i) => i);
    return (query) => {
      using store = this.#load(core, slots, joined);
      return store.scores(query, places);
    };
  }

  /** What the codes of slots stand for. */
  decoded(core: Core, slots: Uint32Array, codes: readonly Uint8Array[]): Float32Array[] {
    using store = this.#load(core, slots, joinBytes(codes));
    return Array.from(slots, (_, i) => store.decode(i));
  }

  #load(core: Core, slots: Uint32Array, codes: Uint8Array): TokenStore {
    const { parameters, offset } = this.#tokens;
    const lengths = slots.map((slot) => parameters.lengths[slot] as number);
    return parameters.load(core, lengths, codes, offset);
  }
}

/** Searches the file of a multi-vector index by MaxSim. openMultiVectorIndex makes it. */
export class PagedMultiVectorIndex<M = JsonValue> extends Owner {
  readonly metric: TokenMetric;
  readonly d: number;
  readonly #index: MultiVectorIndex<M>;
  readonly #source: ByteSource;
  readonly #gapBytes: number;
  readonly #tokens: DistantTokens;
  readonly #finest: DistantTokens;
  #requests = 0;
  #bytes = 0;

  /** @internal openMultiVectorIndex makes it. */
  constructor({ index, tokens, finerTokens }: ReadMultiVector<M>, source: ByteSource, gapBytes: number) {
    super(index.core);
    this.own(() => ({ [Symbol.dispose]: () => void Promise.resolve(source.close?.()).catch(() => {}) }));
    this.#index = this.own(() => index);
    this.#source = source;
    this.#gapBytes = gapBytes;
    this.#tokens = new DistantTokens(tokens as TokensElsewhere);
    this.#finest = finerTokens ? new DistantTokens(finerTokens) : this.#tokens;
    this.metric = index.metric;
    this.d = index.d;
  }

  /** Documents, those without tokens included. */
  get n(): number {
    return this.#index.n;
  }
  /** Documents of the file that are dead: none, since files are written without them. */
  get dead(): number {
    return this.#index.dead;
  }
  /** Of the encoder: queries encoded elsewhere must carry the same. */
  get parameterHash(): string {
    return this.#index.parameterHash;
  }
  /** What reading tokens has cost since the index was opened. */
  get reads(): { readonly requests: number; readonly bytes: number } {
    return { requests: this.#requests, bytes: this.#bytes };
  }

  has(id: RecordId): boolean {
    this.checkLive('index');
    return this.#index.has(id);
  }
  /** Ids and metadata by slot. @internal */
  get records(): Records<M> {
    return this.#index.records;
  }
  /** Takes documents out of what is found; the file stays as it is. @internal */
  delete(ids: readonly RecordId[]): number {
    this.checkLive('index');
    let gone = 0;
    for (const id of ids) if (this.#index.records.delete(id)) gone++;
    return gone;
  }
  /** The tokens of slots as their codes have them, tokens × d each. finest — or, where that is false, the others. @internal */
  async decode(slots: Uint32Array, isFinest = true): Promise<Float32Array[]> {
    this.checkLive('index');
    const tokens = isFinest ? this.#finest : this.#tokens;
    const gap = { gapBytes: this.#gapBytes };
    const { parts } = await readRanges(this.#source, tokens.ranges(slots), gap);
    this.checkLive('index');
    return tokens.decoded(this.core, slots, parts);
  }

  /** As MultiVectorIndex.get. */
  get(id: RecordId): { readonly tokens: number; readonly metadata: M | undefined } | undefined {
    this.checkLive('index');
    const { records } = this.#index;
    const slot = records.slotOf(id);
    return slot === undefined
      ? undefined
      : { tokens: this.#tokens.lengthOf(slot), metadata: records.metadataAt(slot) };
  }
  /** Ids of all documents, in the order they were added or last given tokens. */
  ids(): RecordId[] {
    this.checkLive('index');
    return this.#index.ids();
  }
  /** As MultiVectorIndex.filter. */
  filter(filter: Exclude<RecordFilter<M>, AllowedRecords>): AllowedRecords {
    this.checkLive('index');
    return this.#index.filter(filter);
  }

  /**
   * The k best documents, as MultiVectorIndex.search gives them; exactBelow is 100 by default, since the tokens of so many
   * documents are read.
   * @throws as MultiVectorIndex.search does, FormatError on tokens that are none, what the source rejects with, the
   * signal's reason
   */
  async search(
    query: Vectors | MultiVectorQuery,
    k: number,
    options: PagedMultiVectorSearchOptions<M> = {},
  ): Promise<MultiVectorHit<M>[]> {
    this.checkLive('index');
    const { signal, ...plain } = options;
    const searching = this.#index.searching(query, k, { exactBelow: EXACT_BELOW, ...plain });
    return this.#index.hitsOf((await this.#run(searching, signal)).found);
  }

  /** search without objects: ids and similarities, with statistics where asked for. @throws as search does */
  async searchIds(
    query: Vectors | MultiVectorQuery,
    k: number,
    options: PagedMultiVectorSearchOptions<M> = {},
  ): Promise<MultiVectorResult> {
    this.checkLive('index');
    const { signal, ...plain } = options;
    const searching = this.#index.searching(query, k, { exactBelow: EXACT_BELOW, ...plain });
    const { found, statistics } = await this.#run(searching, signal);
    const ids = this.#index.hitsOf(found).map(({ id }) => id);
    return { ids, scores: found.scores, ...(options.statistics && { statistics }) };
  }

  /** The hits of each set of tokens, one after the other, as search gives them. @throws as search does */
  async searchBatch(
    queries: TokenSetInput,
    k: number,
    options: PagedMultiVectorSearchOptions<M> = {},
  ): Promise<MultiVectorHit<M>[][]> {
    this.checkLive('index');
    const { data, offsets, n, d } = tokenSet(queries.data, queries.offsets, queries.d, 'queries');
    if (d !== this.d) throw new RangeError(`"queries" expected d = ${this.d}, got ${d}`);
    const found: MultiVectorHit<M>[][] = [];
    for (let q = 0; q < n; q++) {
      const tokens = data.subarray((offsets[q] as number) * d, (offsets[q + 1] as number) * d);
      found.push(await this.search(tokens, k, options));
    }
    return found;
  }

  async #run<T>(program: SearchProgram<T>, signal: AbortSignal | undefined): Promise<T> {
    let step = program.next();
    while (!step.done) {
      const scorer = await this.#fetch(step.value, signal);
      this.checkLive('index');
      signal?.throwIfAborted();
      step = program.next(scorer);
    }
    return step.value;
  }

  async #fetch({ slots, isFinest }: TokenNeed, signal: AbortSignal | undefined): Promise<TokenScorer> {
    const tokens = isFinest ? this.#finest : this.#tokens;
    const gap = { gapBytes: this.#gapBytes, signal };
    const { parts, requests, bytes } = await readRanges(this.#source, tokens.ranges(slots), gap);
    this.#requests += requests;
    this.#bytes += bytes;
    return tokens.scorer(this.core, slots, parts);
  }
}
