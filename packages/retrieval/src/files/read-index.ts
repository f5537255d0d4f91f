/**
 * The program that reads the file of an index of rows, with records or without: lists go straight into the core's
 * memory, so that beside the index there is a chunk of the file and no second copy. Everything is checked against the bytes
 * there are, so a hostile file costs a few times its own size at most, and ends in FormatError.
 */
import {
  type ByteReader,
  type Core,
  FormatError,
  making,
  type SectionEntry,
  UnsupportedError,
} from '@sagitta/core-wasm';
import { QUANTIZER_NAMES, type QuantizerName } from '@sagitta/quantizers';
import { BLOCK, InvertedLists } from '../columns/inverted-lists.ts';
import { ListScan } from '../columns/list-scan.ts';
import { SecondaryCodes } from '../columns/secondary-codes.ts';
import type { SlotIndex } from '../columns/slot-index.ts';
import type { GraphMethod } from '../graph/graph-method.ts';
import { modelSection } from '../ivf/format.ts';
import { IvfIndex } from '../ivf/ivf-index.ts';
import { CodeLists } from '../lists/code-lists.ts';
import {
  checkCodes,
  checkKind,
  checkSections,
  type IndexMeta,
  type QuantizerOpener,
  readCentroids,
  readMeta,
  readSizes,
} from './index-head.ts';
import { type Program, reading, type SectionTable } from './program.ts';
import { keptNeed, placesIn, pourInto, ReadPieces } from './read-lists.ts';

/** What is allocated beside lists, centroids (twice) and model (its matrix): the query's tables. It rounds the reservation. */
const CODEC_BYTES = 1 << 20;

export interface ReadOptions {
  readonly open: QuantizerOpener;
  /** What reads a graph; without, one is refused. */
  readonly graph?: GraphMethod | undefined;
  /** All of the file is there, or will be: memory is taken at once, which keeps it from growing by more than is needed. */
  readonly isWhole?: boolean;
  /** Ids and metadata are read behind the rows; otherwise a file that has them is refused. */
  readonly hasRecords?: boolean;
  /** Kept vectors stay in the file: the index has none. Only where sections are read at places, not one after the other. */
  readonly leavesVectors?: boolean;
}

/** Reads rows; sections behind theirs are left for others. */
export function* readRows(core: Core, table: SectionTable, options: ReadOptions): Program<IvfIndex> {
  checkKind(table, options.hasRecords ?? false);
  const inFile = readMeta(yield { section: 'META' });
  checkSections(table.has, inFile);
  const meta = options.leavesVectors ? { ...inFile, keepVectors: false } : inFile;
  const { nlist, d } = meta;
  table.sized('CENT', 4 * nlist * d);
  const centroids = readCentroids(yield { section: 'CENT' }, meta);
  return yield* reading(function* (keep): Program<IvfIndex> {
    const read = meta.kind === 'graph' ? readWalked : readLists;
    const codes = keep(yield* read(core, table, meta, centroids, options));
    const kept: Float32Array[] = [];
    if (meta.keepVectors) yield keptNeed(table, meta, kept);
    const secondary = table.has('SECM')
      ? keep(yield* readSecondary(core, table, meta, options.open))
      : undefined;
    const filled = { n: meta.n, kept };
    // where this fails, what the index took over is disposed twice and freed once
    return new IvfIndex({ ...meta, core, centroids, codes, filled, ...(secondary && { secondary }) });
  });
}

/** The model of a graph, then the graph. */
function* readWalked(
  core: Core,
  table: SectionTable,
  meta: IndexMeta,
  origin: Float32Array,
  { open, graph }: ReadOptions,
): Program<SlotIndex> {
  if (!graph) throw new UnsupportedError('the index expected graph among the methods, got none');
  const model = modelSection(meta.quantizer);
  const reader = model === undefined ? undefined : yield { section: model };
  const quantizer = open(meta.quantizer, meta, () => reader as ByteReader);
  return yield* graph.readGraph(core, table, { ...meta, origin, quantizer });
}

/** Sizes, ids and codes of lists, and their model. */
function* readLists(
  core: Core,
  table: SectionTable,
  meta: IndexMeta,
  centroids: Float32Array,
  options: ReadOptions,
): Program<CodeLists> {
  const { nlist, n, metric } = meta;
  table.sized('SIZE', 4 * nlist);
  const { sizes, blocks } = readSizes(yield { section: 'SIZE' }, meta);
  const code = table.entry('CODE');
  const blockBytes = blocks === 0 ? 0 : code.length / blocks;
  if (!Number.isInteger(blockBytes) || (blocks === 0 && code.length > 0)) {
    throw new FormatError(
      `codes expected ${blocks} blocks of one size, got ${code.length} bytes`,
      code.offset,
    );
  }
  const model = modelSection(meta.quantizer);
  if (options.isWhole) reserve(core, sizes, blockBytes, meta, model && table.entry(model));
  return yield* reading(function* (keep): Program<CodeLists> {
    const pieces = keep(new ReadPieces(core, sizes, blockBytes));
    yield pieces.idNeed(table, n);
    yield pieces.codeNeed(table, blockBytes);
    const reader = model === undefined ? undefined : yield { section: model };
    const quantizer = options.open(meta.quantizer, meta, () => reader as ByteReader);
    if (n > 0 && quantizer.layout.blockBytes !== blockBytes) {
      throw new FormatError(
        `codes expected blocks of ${quantizer.layout.blockBytes} bytes, got ${blockBytes}`,
        code.offset,
      );
    }
    return making((own) => {
      const codec = own(new ListScan(core, quantizer));
      const lists = own(new InvertedLists(core, nlist, codec.layout));
      pieces.moveTo(lists, sizes);
      checkCodes(lists, codec);
      return own(new CodeLists(core, { metric, centroids, codec, lists }));
    });
  });
}

/** One growth of the memory instead of many, each of which takes a quarter too much. */
function reserve(
  core: Core,
  sizes: Uint32Array,
  blockBytes: number,
  { nlist, d }: IndexMeta,
  model: SectionEntry | undefined,
): void {
  let bytes = CODEC_BYTES + 8 * nlist * d + (model?.length ?? 0);
  for (const n of sizes) bytes += Math.ceil(n / BLOCK) * (blockBytes + 4 * BLOCK) + 256;
  core.allocate(bytes).dispose();
}

/** The secondary codes of a file. */
function* readSecondary(
  core: Core,
  table: SectionTable,
  meta: IndexMeta,
  open: QuantizerOpener,
): Program<SecondaryCodes> {
  const reader = yield { section: 'SECM' };
  const number = reader.u32In('secondary quantizer', 0, QUANTIZER_NAMES.length - 1);
  const name = QUANTIZER_NAMES[number] as QuantizerName;
  if (name === 'float32') reader.end();
  const quantizer = open(name, meta, () => reader);
  const { offset, length } = table.entry('SECC');
  const wanted = Math.ceil(meta.n / BLOCK) * quantizer.layout.blockBytes;
  if (length !== wanted)
    throw new FormatError(`secondary codes expected ${wanted} bytes, got ${length}`, offset);
  return yield* reading(function* (own): Program<SecondaryCodes> {
    const codec = own(new ListScan(core, quantizer));
    const secondary = own(new SecondaryCodes(core, meta.metric, codec, quantizer.origin));
    secondary.reserve(meta.n);
    yield pourInto('SECC', placesIn(secondary.list), offset);
    const defect = secondary.defect();
    if (defect !== undefined) throw new FormatError(`secondary codes: ${defect}`, offset);
    return secondary;
  });
}
