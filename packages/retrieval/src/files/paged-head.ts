/** What is read of a file whose lists stay where they are: centroids, sizes, models, and where the rest lies. */
import { type ByteReader, type Core, FormatError, making } from '@sagitta/core-wasm';
import { QUANTIZER_NAMES, type Quantizer } from '@sagitta/quantizers';
import { BLOCK } from '../columns/inverted-lists.ts';
import { ListScan } from '../columns/list-scan.ts';
import { SecondaryCodes } from '../columns/secondary-codes.ts';
import type { SlotIndex } from '../columns/slot-index.ts';
import { graph } from '../graph/graph-method.ts';
import { modelSection } from '../ivf/format.ts';
import { IvfIndex } from '../ivf/ivf-index.ts';
import { CodeLists } from '../lists/code-lists.ts';
import {
  checkKind,
  checkSections,
  type IndexMeta,
  openQuantizer,
  readCentroids,
  readMeta,
  readSizes,
} from './index-head.ts';
import { type Program, reading, type SectionTable } from './program.ts';

export interface PagedHead extends Disposable {
  readonly meta: IndexMeta;
  /** Without lists. */
  readonly index: IvfIndex;
  /** Vectors of each list. */
  readonly sizes: Uint32Array;
  readonly idsAt: number;
  readonly codesAt: number;
  /** Where kept vectors begin, if there are any. */
  readonly keptAt: number | undefined;
  /** Where secondary codes begin, if there are any. */
  readonly secondaryAt: number | undefined;
  /** Of a graph, whose edges and heads are in memory: where tails begin. */
  readonly tailsAt: number | undefined;
}

/** Reads the head; sections behind the rows are left for others. hasRecords — as for checkKind. */
export function* readPagedHead(core: Core, table: SectionTable, hasRecords: boolean): Program<PagedHead> {
  checkKind(table, hasRecords);
  const meta = readMeta(yield { section: 'META' });
  checkSections(table.has, meta);
  const { n, d, nlist } = meta;
  table.sized('CENT', 4 * nlist * d);
  const centroids = readCentroids(yield { section: 'CENT' }, meta);
  const places = {
    keptAt: meta.keepVectors ? table.sized('VECS', 4 * n * d).offset : undefined,
    tailsAt: table.has('TAIL') ? table.entry('TAIL').offset : undefined,
  };
  return yield* reading(function* (keep): Program<PagedHead> {
    const read = meta.kind === 'graph' ? readWalked : readLists;
    const { codes, ...lists } = yield* read(core, table, meta, centroids);
    keep(codes);
    const second = table.has('SECM') ? readSecond(meta, yield { section: 'SECM' }) : undefined;
    const secondBytes = second && Math.ceil(n / BLOCK) * second.layout.blockBytes;
    const secondaryAt = secondBytes === undefined ? undefined : table.sized('SECC', secondBytes).offset;
    const index = making((own) => {
      const secondary =
        second && own(new SecondaryCodes(core, meta.metric, own(new ListScan(core, second)), second.origin));
      const parts = { ...meta, core, centroids, codes, keepVectors: false, pagedVectors: n };
      return new IvfIndex({ ...parts, ...(secondary && { secondary }) });
    });
    const dispose = { [Symbol.dispose]: () => index.dispose() };
    return { meta, index, ...lists, ...places, secondaryAt, ...dispose };
  });
}

interface PagedCodes extends Pick<PagedHead, 'sizes' | 'idsAt' | 'codesAt'> {
  readonly codes: SlotIndex;
}

/** Sizes of lists and the model of their codes. */
function* readLists(
  core: Core,
  table: SectionTable,
  meta: IndexMeta,
  centroids: Float32Array,
): Program<PagedCodes> {
  const { n, nlist, metric } = meta;
  table.sized('SIZE', 4 * nlist);
  const { sizes, blocks } = readSizes(yield { section: 'SIZE' }, meta);
  const idsAt = table.sized('IDS', 4 * n).offset;
  const code = table.entry('CODE');
  const quantizer = yield* readModel(meta);
  const { blockBytes } = quantizer.layout;
  if (code.length !== blocks * blockBytes) {
    throw new FormatError(
      `codes expected ${blocks} blocks of ${blockBytes} bytes, got ${code.length} bytes`,
      code.offset,
    );
  }
  const codes = making((own) => {
    const codec = own(new ListScan(core, quantizer));
    return new CodeLists(core, { metric, centroids, codec });
  });
  return { codes, sizes, idsAt, codesAt: code.offset };
}

/** A graph but the tails of its codes. */
function* readWalked(
  core: Core,
  table: SectionTable,
  meta: IndexMeta,
  origin: Float32Array,
): Program<PagedCodes> {
  const quantizer = yield* readModel(meta);
  const codes = yield* graph.readGraph(core, table, { ...meta, origin, quantizer, isPaged: true });
  return { codes, sizes: new Uint32Array(1), idsAt: 0, codesAt: 0 };
}

function* readModel(meta: IndexMeta): Program<Quantizer> {
  const name = modelSection(meta.quantizer);
  const model = name === undefined ? undefined : yield { section: name };
  return openQuantizer(meta.quantizer, meta, () => model as ByteReader);
}

function readSecond(meta: IndexMeta, reader: ByteReader): ReturnType<typeof openQuantizer> {
  const name = QUANTIZER_NAMES[
    reader.u32In('secondary quantizer', 0, QUANTIZER_NAMES.length - 1)
  ] as IndexMeta['quantizer'];
  if (name === 'float32') reader.end();
  return openQuantizer(name, meta, () => reader);
}
