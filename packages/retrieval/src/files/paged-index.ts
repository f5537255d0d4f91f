/**
 * An index whose lists stay where they are, in a file, in the browser's storage or behind HTTP range requests, and come
 * into memory as searches visit them. Centroids, list sizes and the model are read once; then a search costs the codes
 * and ids of the lists it probes, less what is still in memory.
 *
 * The same index in memory gives the same answers: lists are scanned in the same order by the same code. Long lists come
 * in pieces of whole blocks, so any index fits any budget. Header, table and the sections that are read whole are checked
 * by their checksums; of lists, which come in parts, ids and factors are checked for values that no index holds.
 */
import {
  type Block,
  ByteReader,
  type Core,
  checkCore,
  checkInteger,
  checkOptions,
  FormatError,
  longestStored,
  making,
  type Numbers,
  type OptionTable,
  Owner,
  toFloat32,
  type Vectors,
  vectorSet,
} from '@sagitta/core-wasm';
import { BLOCK } from '../columns/inverted-lists.ts';
import type { ListScan } from '../columns/list-scan.ts';
import type { PagedGraph } from '../columns/slot-index.ts';
import type { IvfIndex } from '../ivf/ivf-index.ts';
import type { SearchOptions } from '../ivf/search-options.ts';
import { paddedBatch, putAnswers } from '../search/batch.ts';
import type { BatchSearchResult, SearchResult } from '../search/search-result.ts';
import { type ByteRange, type ByteSource, readRanges } from './byte-source.ts';
import { type PagedHead, readPagedHead } from './paged-head.ts';
import { PieceCache } from './piece-cache.ts';
import { runHead } from './program.ts';

/** Says how much memory an index that is read in parts may keep, and how reads are joined. */
export interface OpenIndexOptions {
  /** Most bytes of lists kept in the core's memory. Default 64 MiB. */
  readonly cacheBytes?: number;
  /** Ranges this near to each other are read as one. Default 32 KiB. */
  readonly gapBytes?: number;
  /** A list longer than this comes in pieces. Default 1 MiB. */
  readonly pieceBytes?: number;
  readonly signal?: AbortSignal;
}

export const OPEN_INDEX_OPTIONS: OptionTable<OpenIndexOptions> = {
  cacheBytes: 'number',
  gapBytes: 'number',
  pieceBytes: 'number',
  signal: 'any',
};

/** Says how a file is searched: the options of IvfIndex.search, and a signal. */
export interface PagedSearchOptions extends Omit<SearchOptions, 'rerank'> {
  /**
   * Scores so many candidates again: exactly from the kept vectors of the file, else from its secondary codes, where the
   * default is ten times k and false leaves them unread.
   */
  readonly rerank?: { readonly candidates: number } | false;
  readonly signal?: AbortSignal;
}

/** What reading has cost since the index was opened. */
export interface ReadStatistics {
  readonly requests: number;
  readonly bytes: number;
  /** Pieces of lists that were in memory when a search wanted them, and pieces that were not. */
  readonly hits: number;
  readonly misses: number;
}

const DEFAULT_CACHE_BYTES = 1 << 26;
const DEFAULT_GAP_BYTES = 1 << 15;
const DEFAULT_PIECE_BYTES = 1 << 20;

/**
 * Opens an index without reading its lists. The source is the index's from now on and closed with it.
 * @throws FormatError on bytes that are no index, what the source rejects with, the signal's reason
 */
export async function openIndex(
  core: Core,
  source: ByteSource,
  options: OpenIndexOptions = {},
): Promise<PagedIndex> {
  checkCore(core);
  checkOptions('options', options, OPEN_INDEX_OPTIONS);
  const head = await runHead((table) => readPagedHead(core, table, false), source, options.signal);
  return pagedIndex(head, source, options);
}

/** An index over a head that was read; both are its own from now on, disposed where its making fails. */
export function pagedIndex(head: PagedHead, source: ByteSource, options: OpenIndexOptions): PagedIndex {
  const { index, meta, sizes, idsAt, codesAt } = head;
  return making((own) => {
    own(index);
    const cache = own(
      new PieceCache({
        core: index.core,
        codec: index.codec,
        n: meta.n,
        sizes,
        idsAt,
        codesAt,
        cacheBytes: checkInteger('cacheBytes', options.cacheBytes ?? DEFAULT_CACHE_BYTES, 0, 2 ** 32),
        pieceBytes: checkInteger('pieceBytes', options.pieceBytes ?? DEFAULT_PIECE_BYTES, 1, 2 ** 31),
      }),
    );
    const gapBytes = checkInteger('gapBytes', options.gapBytes ?? DEFAULT_GAP_BYTES, 0, 2 ** 31);
    return new PagedIndex({ ...head, source, cache, gapBytes });
  });
}

interface PagedParts extends PagedHead {
  readonly source: ByteSource;
  readonly cache: PieceCache;
  readonly gapBytes: number;
}

/** Searches the file of an index of rows, whose lists are read when searches visit them. openIndex makes it. */
export class PagedIndex extends Owner {
  readonly d: number;
  readonly n: number;
  readonly nlist: number;
  readonly metric: IvfIndex['metric'];
  readonly kind: IvfIndex['kind'];
  readonly quantizer: IvfIndex['quantizer'];
  readonly bits: number;
  readonly keepsVectors: boolean;
  /** Bytes of a vector's code and its id, in the file and in memory. */
  readonly bytesPerVector: number;
  readonly #parts: PagedParts;
  #last: Promise<unknown> = Promise.resolve();
  #requests = 0;
  #bytes = 0;

  /** @internal openIndex makes it. */
  constructor(parts: PagedParts) {
    const { index, meta, source, cache } = parts;
    super(index.core);
    this.#parts = parts;
    this.own(() => ({ [Symbol.dispose]: () => void Promise.resolve(source.close?.()).catch(() => {}) }));
    this.own(() => index);
    this.own(() => cache);
    this.d = meta.d;
    this.n = meta.n;
    this.nlist = meta.nlist;
    this.metric = meta.metric;
    this.kind = meta.kind;
    this.quantizer = meta.quantizer;
    this.bits = index.bits;
    this.keepsVectors = meta.keepVectors;
    this.bytesPerVector = index.bytesPerVector;
  }

  get reads(): ReadStatistics {
    const { hits, misses } = this.#parts.cache;
    return { requests: this.#requests, bytes: this.#bytes, hits, misses };
  }
  /** Bytes of lists in the core's memory. */
  get cachedBytes(): number {
    return this.#parts.cache.bytes;
  }

  /**
   * The k best vectors by estimated score, as IvfIndex.search gives them. Searches run one after the other; the query is
   * copied at the call.
   * @throws RangeError as IvfIndex.search does, FormatError on lists that are none, what the source rejects with,
   * the signal's reason
   */
  async search(query: Numbers, k: number, options: PagedSearchOptions = {}): Promise<SearchResult> {
    this.checkLive('index');
    // a copy: it may wait for its turn
    const own = toFloat32('query', query).slice();
    return this.#queued(() => this.#search(own, k, options));
  }

  /** search for every row of queries (nq × d numbers or nq arrays of d); rows short of k end in NO_ID. */
  async searchBatch(
    queries: Vectors,
    k: number,
    options: PagedSearchOptions = {},
  ): Promise<BatchSearchResult> {
    this.checkLive('index');
    const { d } = this;
    const { data, n: nq } = vectorSet(queries, d, 'queries');
    // a copy: the caller may write to its own while we wait
    const own = data.slice();
    const batch = paddedBatch(this.metric, nq, k);
    for (let q = 0; q < nq; q++) {
      putAnswers(batch, q, await this.search(own.subarray(q * d, (q + 1) * d), k, options));
    }
    return batch;
  }

  /** The index in the core is one: a second search waits until the first is through. */
  #queued<T>(body: () => Promise<T>): Promise<T> {
    const result = this.#last.then(body);
    this.#last = result.catch(() => {});
    return result;
  }

  async #search(query: Float32Array, k: number, options: PagedSearchOptions): Promise<SearchResult> {
    const { signal, rerank, ...plain } = options;
    const { index, cache, keptAt, secondaryAt } = this.#parts;
    this.#checkGoesOn(signal);
    if (rerank) checkOptions('rerank', rerank, { candidates: 'number' });
    if (rerank && keptAt === undefined && secondaryAt === undefined) {
      throw new RangeError(
        '"rerank" expected kept vectors (build with keepVectors: true) or secondary codes, got none',
      );
    }
    let vectors: Float32Array = new Float32Array(0);
    const fromVectors = rerank && keptAt !== undefined ? { ...rerank, fetch: () => vectors } : rerank;
    using steps = index.searchSteps(query, k, {
      ...plain,
      ...(fromVectors !== undefined && { rerank: fromVectors }),
    });
    for (let lists = steps.next(); lists.length > 0; lists = steps.next()) {
      for (const group of cache.groups(lists)) {
        await cache.ensure(group, (ranges) => this.#read(ranges, signal));
        this.#checkGoesOn(signal);
        for (const piece of group) steps.scan(piece.list, cache.content(piece));
      }
    }
    const rows = steps.tails();
    if (rows.length > 0) {
      const tails = await this.#tails(rows, signal);
      this.#checkGoesOn(signal);
      steps.take(tails);
    }
    if (steps.rescoring === 'vectors' && keptAt !== undefined) {
      vectors = await this.#vectors(steps.candidates(), keptAt, signal);
    }
    const gather =
      steps.rescoring === 'secondary' && secondaryAt !== undefined
        ? await this.#codes(steps.candidates(), secondaryAt, signal)
        : undefined;
    this.#checkGoesOn(signal);
    return steps.finish(gather);
  }

  /** Reads the blocks in which the secondary codes of ids lie, and puts the codes one after the other. */
  async #codes(
    ids: Uint32Array,
    secondaryAt: number,
    signal: AbortSignal | undefined,
  ): Promise<(blocks: Block) => void> {
    const codec = this.#parts.index.secondary?.codec as ListScan;
    const { layout } = codec;
    const ranges = Array.from(ids, (id) => ({
      offset: secondaryAt + Math.floor(id / BLOCK) * layout.blockBytes,
      length: layout.blockBytes,
    }));
    const read = await this.#read(ranges, signal);
    return (blocks) => {
      this.core.scope((scope) => {
        const block = scope.reserve(layout.blockBytes);
        for (const [i, bytes] of read.entries()) {
          block.u8().set(bytes);
          const defect = codec.defect(block, BLOCK);
          if (defect !== undefined) throw new FormatError(`secondary codes: ${defect}`, ranges[i]?.offset);
          layout.move(block, (ids[i] as number) % BLOCK, blocks, i);
        }
      });
    };
  }

  /** Reads what a graph has of the codes of rows beside their heads. */
  #tails(rows: Uint32Array, signal: AbortSignal | undefined): Promise<Uint8Array[]> {
    const { tailsAt = 0, index } = this.#parts;
    const { tailBytes: length } = index.codes as PagedGraph;
    const ranges = Array.from(rows, (row) => ({ offset: tailsAt + length * row, length }));
    return this.#read(ranges, signal);
  }

  /** Dispose or an abort may come in while a search waits. */
  #checkGoesOn(signal: AbortSignal | undefined): void {
    this.checkLive('index');
    signal?.throwIfAborted();
  }

  async #vectors(ids: Uint32Array, keptAt: number, signal: AbortSignal | undefined): Promise<Float32Array> {
    const { d, metric } = this;
    const ranges = Array.from(ids, (id) => ({ offset: keptAt + 4 * d * id, length: 4 * d }));
    const rows = await this.#read(ranges, signal);
    const out = new Float32Array(ids.length * d);
    for (const [i, bytes] of rows.entries()) {
      out.set(
        new ByteReader(bytes, ranges[i]?.offset).rows('kept vectors', 1, d, longestStored(metric)),
        i * d,
      );
    }
    return out;
  }

  async #read(ranges: readonly ByteRange[], signal: AbortSignal | undefined): Promise<Uint8Array[]> {
    const { source, gapBytes } = this.#parts;
    const { parts, requests, bytes } = await readRanges(source, ranges, { gapBytes, signal });
    this.#requests += requests;
    this.#bytes += bytes;
    return parts;
  }
}
