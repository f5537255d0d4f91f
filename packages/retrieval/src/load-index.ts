/**
 * Reads the file of an index. Everything is checked against the bytes there are before memory is taken for it, so a
 * hostile file costs a few times its own size at most, and ends in FormatError.
 */
import {
  type Container,
  type Core,
  FormatError,
  MAX_DIMENSION,
  METRICS,
  readContainer,
} from '@sagitta/core-wasm';
import { readQuantizer, readSaqModel } from '@sagitta/quantizers';
import { FloatCodec } from './ivf/float-codec.ts';
import { INDEX_KIND, INDEX_KINDS, INDEX_VERSION, modelSection } from './ivf/format.ts';
import { BLOCK, type SavedLists } from './ivf/inverted-lists.ts';
import { IvfIndex, type IvfParts } from './ivf/ivf-index.ts';
import { INDEX_QUANTIZERS, type ListCodec } from './ivf/list-codec.ts';
import { QuantizerCodec } from './ivf/quantizer-codec.ts';
import { SaqCodec } from './ivf/saq-codec.ts';
import { NO_ID } from './search-result.ts';

const MAX_LISTS = 1_048_576;

interface Meta extends Pick<IvfParts, 'metric' | 'd' | 'kind' | 'keepVectors'> {
  readonly n: number;
  readonly nlist: number;
  readonly quantizer: IvfIndex['quantizer'];
}

function readMeta(container: Container): Meta {
  const reader = container.reader('META');
  const n = reader.u32In('n', 0, NO_ID);
  const d = reader.u32In('d', 1, MAX_DIMENSION);
  const metric = METRICS[reader.u32In('metric', 0, METRICS.length - 1)] as Meta['metric'];
  const kind = INDEX_KINDS[reader.u32In('kind', 0, 1)] as Meta['kind'];
  const quantizer = INDEX_QUANTIZERS[
    reader.u32In('quantizer', 0, INDEX_QUANTIZERS.length - 1)
  ] as Meta['quantizer'];
  const nlist = reader.u32In('nlist', 1, kind === 'flat' ? 1 : MAX_LISTS);
  const keepVectors = reader.u32In('kept vectors', 0, 1) === 1;
  reader.end();
  return { n, d, metric, kind, quantizer, nlist, keepVectors };
}

function readLists(container: Container, { n, nlist }: Meta, blockBytes: number): SavedLists {
  const sizeReader = container.reader('SIZE');
  const sizes = sizeReader.u32Array(nlist);
  let total = 0;
  let blocks = 0;
  for (const size of sizes) {
    total += size;
    blocks += Math.ceil(size / BLOCK);
  }
  if (total !== n) sizeReader.fail(`list sizes expected ${n} vectors together, got ${total}`);
  sizeReader.end();
  const idReader = container.reader('IDS');
  const ids = idReader.u32Array(n);
  idReader.end();
  const seen = new Uint8Array(Math.ceil(n / 8));
  for (const id of ids) {
    const bit = 1 << (id & 7);
    if (id >= n) idReader.fail(`"id" expected a number below ${n}, got ${id}`);
    if ((seen[id >> 3] as number) & bit) idReader.fail(`id ${id} expected once, got it twice`);
    seen[id >> 3] = (seen[id >> 3] as number) | bit;
  }
  const codeReader = container.reader('CODE');
  const codes = codeReader.view(codeReader.remaining);
  if (codes.length !== blocks * blockBytes) {
    codeReader.fail(`codes expected ${blocks} blocks of ${blockBytes} bytes, got ${codes.length} bytes`);
  }
  return { sizes, ids, codes };
}

function checkSections(container: Container, meta: Meta): void {
  for (const [id, isWanted] of [
    ['SAQM', modelSection(meta.quantizer) === 'SAQM'],
    ['QNTZ', modelSection(meta.quantizer) === 'QNTZ'],
    ['VECS', meta.keepVectors],
  ] as const) {
    if (container.has(id) && !isWanted) throw new FormatError(`expected no section "${id}", got one`, 32);
  }
}

function openCodec(core: Core, container: Container, meta: Meta): ListCodec {
  if (meta.quantizer === 'none') return new FloatCodec(core, meta.d, meta.metric);
  if (meta.quantizer !== 'saq') {
    const reader = container.reader('QNTZ');
    const quantizer = readQuantizer(reader);
    const { name, d, metric } = quantizer;
    if (name !== meta.quantizer || d !== meta.d || metric !== meta.metric) {
      reader.fail(
        `the quantizer expected ${meta.quantizer}, d = ${meta.d} and ${meta.metric}, got ${name}, ${d} and ${metric}`,
      );
    }
    return new QuantizerCodec(core, quantizer);
  }
  const reader = container.reader('SAQM');
  const model = readSaqModel(reader);
  if (model.d !== meta.d || model.metric !== meta.metric) {
    reader.fail(`the model expected d = ${meta.d} and ${meta.metric}, got ${model.d} and ${model.metric}`);
  }
  return new SaqCodec(core, model);
}

/**
 * The index that saveIndex wrote. Nothing of bytes is kept; the caller disposes the index.
 * @throws FormatError on bytes that are no index, CapacityError where the core's memory ends
 */
export function loadIndex(core: Core, bytes: Uint8Array): IvfIndex {
  const container = readContainer(bytes);
  if (container.kind !== INDEX_KIND) {
    throw new FormatError(`kind expected "${INDEX_KIND}", got "${container.kind}"`, 8);
  }
  if (container.version !== INDEX_VERSION) {
    throw new FormatError(`version expected ${INDEX_VERSION}, got ${container.version}`, 6);
  }
  const meta = readMeta(container);
  checkSections(container, meta);
  const centroidReader = container.reader('CENT');
  const centroids = centroidReader.f32Array('centroids', meta.nlist * meta.d);
  centroidReader.end();
  let kept: Float32Array | undefined;
  if (meta.keepVectors) {
    const reader = container.reader('VECS');
    kept = reader.f32Array('kept vectors', meta.n * meta.d);
    reader.end();
  }
  const codec = openCodec(core, container, meta);
  let lists: SavedLists;
  try {
    lists = readLists(container, meta, codec.blockBytes);
  } catch (error) {
    codec.dispose();
    throw error;
  }
  const saved = kept ? { ...lists, kept } : lists;
  // from here on the index owns the codec
  const index = new IvfIndex({ ...meta, core, centroids, codec, saved });
  for (let list = 0; list < meta.nlist; list++) {
    const content = index.lists.get(list);
    const defect = content ? codec.defect(content.blocks, content.n) : undefined;
    if (defect !== undefined) {
      index.dispose();
      throw new FormatError(`list ${list}: ${defect}`);
    }
  }
  return index;
}
