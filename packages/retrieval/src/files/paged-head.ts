/** What is read of a file whose lists stay where they are: centroids, sizes, models, and where the rest lies. */
import { type ByteReader, type Core, FormatError, making, UnsupportedError } from '@sagitta/core-wasm';
import { QUANTIZER_NAMES } from '@sagitta/quantizers';
import { BLOCK } from '../columns/inverted-lists.ts';
import { ListScan } from '../columns/list-scan.ts';
import { SecondaryCodes } from '../columns/secondary-codes.ts';
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
import type { Program, SectionTable } from './program.ts';

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
}

/** Reads the head; sections behind the rows are left for others. hasRecords — as for checkKind. */
export function* readPagedHead(core: Core, table: SectionTable, hasRecords: boolean): Program<PagedHead> {
  checkKind(table, hasRecords);
  const meta = readMeta(yield { section: 'META' });
  checkSections(table.has, meta);
  const { n, d, nlist } = meta;
  if (meta.kind === 'graph') {
    throw new UnsupportedError('"file" expected lists, which are read in parts, got a graph: load it whole');
  }
  table.sized('CENT', 4 * nlist * d);
  const centroids = readCentroids(yield { section: 'CENT' }, meta);
  table.sized('SIZE', 4 * nlist);
  const { sizes, blocks } = readSizes(yield { section: 'SIZE' }, meta);
  const idsAt = table.sized('IDS', 4 * n).offset;
  const keptAt = meta.keepVectors ? table.sized('VECS', 4 * n * d).offset : undefined;
  const code = table.entry('CODE');
  const name = modelSection(meta.quantizer);
  const model = name === undefined ? undefined : yield { section: name };
  const quantizer = openQuantizer(meta.quantizer, meta, () => model as ByteReader);
  const { blockBytes } = quantizer.layout;
  if (code.length !== blocks * blockBytes) {
    throw new FormatError(
      `codes expected ${blocks} blocks of ${blockBytes} bytes, got ${code.length} bytes`,
      code.offset,
    );
  }
  const second = table.has('SECM') ? readSecond(meta, yield { section: 'SECM' }) : undefined;
  const secondaryAt = second && table.sized('SECC', Math.ceil(n / BLOCK) * second.layout.blockBytes).offset;
  const index = making((own) => {
    const codec = own(new ListScan(core, quantizer));
    const secondary =
      second && own(new SecondaryCodes(core, meta.metric, own(new ListScan(core, second)), second.origin));
    const codes = own(new CodeLists(core, { metric: meta.metric, centroids, codec }));
    const parts = { ...meta, core, centroids, codes, keepVectors: false, pagedVectors: n };
    return new IvfIndex({ ...parts, ...(secondary && { secondary }) });
  });
  const codesAt = code.offset;
  const dispose = { [Symbol.dispose]: () => index.dispose() };
  return { meta, index, sizes, idsAt, codesAt, keptAt, secondaryAt, ...dispose };
}

function readSecond(meta: IndexMeta, reader: ByteReader): ReturnType<typeof openQuantizer> {
  const name = QUANTIZER_NAMES[
    reader.u32In('secondary quantizer', 0, QUANTIZER_NAMES.length - 1)
  ] as IndexMeta['quantizer'];
  if (name === 'float32') reader.end();
  return openQuantizer(name, meta, () => reader);
}
