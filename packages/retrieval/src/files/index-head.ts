/**
 * What the file of an index says before its lists: read and checked alike whether the file is in memory, comes as a
 * stream or is fetched in parts.
 */
import {
  ByteReader,
  FormatError,
  longestStored,
  MAX_DIMENSION,
  METRICS,
  UnsupportedError,
} from '@sagitta/core-wasm';
import { QUANTIZER_NAMES, type Quantizer, type QuantizerName } from '@sagitta/quantizers';
import { type ModelReader, modelReaders } from '@sagitta/quantizers/internal';
import { BLOCK, type InvertedLists } from '../columns/inverted-lists.ts';
import type { ListScan } from '../columns/list-scan.ts';
import { INDEX_KIND, INDEX_KINDS, INDEX_VERSION, modelSection, RECORDS_VERSION } from '../ivf/format.ts';
import type { IvfParts } from '../ivf/ivf-parts.ts';
import { NO_ID } from '../search/search-result.ts';

const MAX_LISTS = 1_048_576;
const LIST_SECTIONS = ['SIZE', 'IDS', 'CODE'];
const GRAPH_SECTIONS = ['GRPH', 'EDGE', 'HEAD', 'TAIL'];

export interface IndexMeta extends Pick<IvfParts, 'metric' | 'd' | 'kind' | 'keepVectors'> {
  readonly n: number;
  readonly nlist: number;
  readonly quantizer: QuantizerName;
}

/**
 * Checks the head of a file. hasRecords — the reader takes ids and metadata too.
 * @throws FormatError if it is no index of a version that is known, UnsupportedError if it has records and the reader
 * takes none
 */
export function checkKind(
  { kind, version }: { readonly kind: string; readonly version: number },
  hasRecords: boolean,
): void {
  if (kind !== INDEX_KIND) throw new FormatError(`kind expected "${INDEX_KIND}", got "${kind}"`, 8);
  if (version !== INDEX_VERSION && version !== RECORDS_VERSION) {
    throw new FormatError(`version expected ${INDEX_VERSION} or ${RECORDS_VERSION}, got ${version}`, 6);
  }
  if (version === RECORDS_VERSION && !hasRecords) {
    throw new UnsupportedError(
      '"file" expected an index of row numbers, got one with ids: load it as a vector index',
    );
  }
}

/** reader — of the section META */
export function readMeta(reader: ByteReader): IndexMeta {
  const n = reader.u32In('n', 0, NO_ID);
  const d = reader.u32In('d', 1, MAX_DIMENSION);
  const metric = METRICS[reader.u32In('metric', 0, METRICS.length - 1)] as IndexMeta['metric'];
  const kind = INDEX_KINDS[reader.u32In('kind', 0, INDEX_KINDS.length - 1)] as IndexMeta['kind'];
  const quantizer = QUANTIZER_NAMES[
    reader.u32In('quantizer', 0, QUANTIZER_NAMES.length - 1)
  ] as QuantizerName;
  const nlist = reader.u32In('nlist', 1, kind === 'ivf' ? MAX_LISTS : 1);
  const keepVectors = reader.u32In('kept vectors', 0, 1) === 1;
  reader.end();
  return { n, d, metric, kind, quantizer, nlist, keepVectors };
}

/** Refuses sections that such an index does not have. */
export function checkSections(has: (id: string) => boolean, meta: IndexMeta): void {
  for (const [id, isWanted] of [
    ['SAQM', modelSection(meta.quantizer) === 'SAQM'],
    ['QNTZ', modelSection(meta.quantizer) === 'QNTZ'],
    ['VECS', meta.keepVectors],
    ...LIST_SECTIONS.map((id) => [id, meta.kind !== 'graph'] as const),
    ...GRAPH_SECTIONS.map((id) => [id, meta.kind === 'graph'] as const),
    ['SECC', has('SECM')],
    ['SECM', has('SECC')],
  ] as const) {
    if (has(id) && !isWanted) throw new FormatError(`expected no section "${id}", got one`, 32);
  }
}

/** reader — of the section CENT */
export function readCentroids(reader: ByteReader, { nlist, d, metric }: IndexMeta): Float32Array {
  const centroids = reader.rows('centroids', nlist, d, longestStored(metric));
  reader.end();
  return centroids;
}

/**
 * reader — of the section SIZE
 * @returns vectors of each list, and blocks of 32 of all lists
 */
export function readSizes(
  reader: ByteReader,
  { n, nlist }: IndexMeta,
): { sizes: Uint32Array; blocks: number } {
  const sizes = reader.u32Array(nlist);
  let total = 0;
  let blocks = 0;
  for (const size of sizes) {
    total += size;
    blocks += Math.ceil(size / BLOCK);
  }
  if (total !== n) reader.fail(`list sizes expected ${n} vectors together, got ${total}`);
  reader.end();
  return { sizes, blocks };
}

/** Ids of 0…n - 1 that were met; the second meeting of one is a defect. */
export class IdsOnce {
  readonly #n: number;
  readonly #seen: Uint8Array;

  constructor(n: number) {
    this.#n = n;
    this.#seen = new Uint8Array(Math.ceil(n / 8));
  }

  /** What is wrong with these ids, or undefined. */
  defect(ids: Uint32Array): string | undefined {
    for (const id of ids) {
      const bit = 1 << (id & 7);
      if (id >= this.#n) return `"id" expected a number below ${this.#n}, got ${id}`;
      if ((this.#seen[id >> 3] as number) & bit) return `id ${id} expected once, got it twice`;
      this.#seen[id >> 3] = (this.#seen[id >> 3] as number) | bit;
    }
    return undefined;
  }
}

/** A quantizer by name; `model` gives the reader of its model, which it ends with, and is not called for float32. */
export type QuantizerOpener = (
  wanted: QuantizerName,
  meta: Pick<IndexMeta, 'd' | 'metric'>,
  model: () => ByteReader,
) => Quantizer;

/** Opens quantizers of these methods. */
export function openerOf(readers: readonly ModelReader[]): QuantizerOpener {
  return (wanted, { d, metric }, model) => {
    const method = readers.find(({ name }) => name === wanted);
    if (!method) {
      const names = readers.map(({ name }) => name).join(' or ');
      throw new UnsupportedError(`the index expected ${names} for its quantizer, got ${wanted}`);
    }
    const reader = modelSection(wanted) === undefined ? new ByteReader(new Uint8Array(0)) : model();
    return method.read(reader, { d, metric, readers });
  };
}

/** Opens any quantizer. */
export const openQuantizer: QuantizerOpener = (wanted, meta, model) =>
  openerOf(modelReaders())(wanted, meta, model);

/** @throws FormatError if lists hold numbers that no vectors within range give */
export function checkCodes(lists: InvertedLists, codec: ListScan): void {
  for (let list = 0; list < lists.nlist; list++) {
    for (const { blocks, n } of lists.pieces(list)) {
      const defect = codec.defect(blocks, n);
      if (defect !== undefined) throw new FormatError(`list ${list}: ${defect}`);
    }
  }
}
