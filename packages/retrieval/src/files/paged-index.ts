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
  ByteReader,
  type ContainerTable,
  type Core,
  checkCore,
  checkInteger,
  checkOptions,
  crc32,
  FormatError,
  longestStored,
  MAX_HEADER_BYTES,
  making,
  type Numbers,
  type OptionTable,
  Owner,
  readContainerTable,
  toFloat32,
  type Vectors,
  vectorSet,
} from '@sagitta/core-wasm';
import { modelSection } from '../ivf/format.ts';
import { IvfIndex } from '../ivf/ivf-index.ts';
import { ListScan } from '../ivf/list-scan.ts';
import type { SearchOptions } from '../ivf/search-options.ts';
import { paddedBatch, putAnswers } from '../search/batch.ts';
import type { BatchSearchResult, SearchResult } from '../search/search-result.ts';
import { type ByteRange, type ByteSource, readRanges } from './byte-source.ts';
import {
  checkKind,
  checkSections,
  type IndexMeta,
  openPrimary,
  openQuantizer,
  readCentroids,
  readMeta,
  readSizes,
  refuseSecondaryCodes,
} from './index-head.ts';
import { PieceCache } from './piece-cache.ts';

export interface OpenIndexOptions {
  /** Most bytes of lists kept in the core's memory. Default 64 MiB. */
  readonly cacheBytes?: number;
  /** Ranges this near to each other are read as one. Default 32 KiB. */
  readonly gapBytes?: number;
  /** A list longer than this comes in pieces. Default 1 MiB. */
  readonly pieceBytes?: number;
  readonly signal?: AbortSignal;
}

const OPEN_INDEX_OPTIONS: OptionTable<OpenIndexOptions> = {
  cacheBytes: 'number',
  gapBytes: 'number',
  pieceBytes: 'number',
  signal: 'any',
};

export interface PagedSearchOptions extends Omit<SearchOptions, 'rerank'> {
  /** Scores so many candidates exactly, from the kept vectors of the file. */
  readonly rerank?: { readonly candidates: number };
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
/** The first request: table, and of most indexes the small sections too. */
const FIRST_BYTES: number = 1 << 16;

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
  const { signal } = options;
  const first = await source.read(0, Math.min(Math.max(FIRST_BYTES, MAX_HEADER_BYTES), source.size), signal);
  const table = readContainerTable(first);
  if (table.length !== source.size) {
    throw new FormatError(`expected ${table.length} bytes as the header says, got ${source.size}`, 24);
  }
  checkKind(table, false);
  const whole = async (id: string): Promise<ByteReader> => {
    const entry = sectionOf(table, id);
    const end = entry.offset + entry.length;
    const bytes =
      end <= first.length
        ? first.subarray(entry.offset, end)
        : await source.read(entry.offset, entry.length, signal);
    if (bytes.length !== entry.length || crc32(bytes) !== entry.checksum) {
      throw new FormatError(`section "${id}" does not match its checksum`, entry.offset);
    }
    return new ByteReader(bytes, entry.offset);
  };
  const meta = readMeta(await whole('META'));
  const has = (id: string): boolean => table.sections.some((section) => section.id === id);
  checkSections(has, meta);
  refuseSecondaryCodes(has);
  const centroids = readCentroids(await whole('CENT'), meta);
  const { sizes, blocks } = readSizes(await whole('SIZE'), meta);
  for (const [id, bytes] of [
    ['IDS', 4 * meta.n],
    ...(meta.keepVectors ? [['VECS', 4 * meta.n * meta.d] as const] : []),
  ] as const) {
    const { length, offset } = sectionOf(table, id);
    if (length !== bytes)
      throw new FormatError(`section "${id}" expected ${bytes} bytes, got ${length}`, offset);
  }
  const name = modelSection(meta.quantizer);
  const model = name === undefined ? undefined : await whole(name);
  return making((own) => {
    const quantizer = openPrimary(openQuantizer, meta, () => model as ByteReader);
    const codec = own(new ListScan(core, quantizer));
    const { blockBytes } = codec.layout;
    const index = own(
      new IvfIndex({ ...meta, core, centroids, codec, keepVectors: false, pagedVectors: meta.n }),
    );
    const code = sectionOf(table, 'CODE');
    if (code.length !== blocks * blockBytes) {
      throw new FormatError(
        `codes expected ${blocks} blocks of ${blockBytes} bytes, got ${code.length} bytes`,
        code.offset,
      );
    }
    const cache = new PieceCache({
      core,
      codec,
      n: meta.n,
      sizes,
      idsAt: sectionOf(table, 'IDS').offset,
      codesAt: code.offset,
      cacheBytes: checkInteger('cacheBytes', options.cacheBytes ?? DEFAULT_CACHE_BYTES, 0, 2 ** 32),
      pieceBytes: checkInteger('pieceBytes', options.pieceBytes ?? DEFAULT_PIECE_BYTES, 1, 2 ** 31),
    });
    const gapBytes = checkInteger('gapBytes', options.gapBytes ?? DEFAULT_GAP_BYTES, 0, 2 ** 31);
    const keptAt = meta.keepVectors ? sectionOf(table, 'VECS').offset : undefined;
    return new PagedIndex({ index, meta, source, cache, gapBytes, keptAt });
  });
}

function sectionOf(table: ContainerTable, id: string): ContainerTable['sections'][number] {
  const found = table.sections.find((section) => section.id === id);
  if (!found) throw new FormatError(`expected a section "${id}", got none`, 32);
  return found;
}

interface PagedParts {
  readonly index: IvfIndex;
  readonly meta: IndexMeta;
  readonly source: ByteSource;
  readonly cache: PieceCache;
  readonly gapBytes: number;
  /** Where kept vectors begin, if there are any. */
  readonly keptAt: number | undefined;
}

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
    const { index, cache, keptAt } = this.#parts;
    this.#checkGoesOn(signal);
    if (rerank) checkOptions('rerank', rerank, { candidates: 'number' });
    if (rerank && keptAt === undefined) {
      throw new RangeError('"rerank" expected kept vectors (build with keepVectors: true), got none');
    }
    let vectors: Float32Array = new Float32Array(0);
    using steps = index.searchSteps(query, k, {
      ...plain,
      ...(rerank && { rerank: { ...rerank, fetch: () => vectors } }),
    });
    for (let lists = steps.next(); lists.length > 0; lists = steps.next()) {
      for (const group of cache.groups(lists)) {
        await cache.ensure(group, (ranges) => this.#read(ranges, signal));
        this.#checkGoesOn(signal);
        for (const piece of group) steps.scan(piece.list, cache.content(piece));
      }
    }
    if (rerank && keptAt !== undefined) {
      vectors = await this.#vectors(steps.candidates(), keptAt, signal);
      this.#checkGoesOn(signal);
    }
    return steps.finish();
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
