/**
 * Reads the file of an index. Everything is checked against the bytes there are before memory is taken for it, so a
 * hostile file costs a few times its own size at most, and ends in FormatError.
 */
import {
  type ByteReader,
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
import { SecondaryCodes } from './ivf/secondary-codes.ts';
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
    ['SECC', container.has('SECM')],
    ['SECM', container.has('SECC')],
  ] as const) {
    if (container.has(id) && !isWanted) throw new FormatError(`expected no section "${id}", got one`, 32);
  }
}

interface Opened {
  readonly codec: ListCodec;
  /** What vectors outside lists lose. */
  readonly origin: Float32Array;
}

/** reader — at the model of the quantizer, which it ends with; not read for 'none'. */
function openCodec(
  core: Core,
  reader: () => ByteReader,
  wanted: IvfIndex['quantizer'],
  { d, metric }: Meta,
): Opened {
  if (wanted === 'none') return { codec: new FloatCodec(core, d, metric), origin: new Float32Array(d) };
  const bytes = reader();
  if (wanted !== 'saq') {
    const quantizer = readQuantizer(bytes);
    if (quantizer.name !== wanted || quantizer.d !== d || quantizer.metric !== metric) {
      bytes.fail(
        `the quantizer expected ${wanted}, d = ${d} and ${metric}, got ${quantizer.name}, ${quantizer.d} and ${quantizer.metric}`,
      );
    }
    return { codec: new QuantizerCodec(core, quantizer), origin: quantizer.origin };
  }
  const model = readSaqModel(bytes);
  if (model.d !== d || model.metric !== metric) {
    bytes.fail(`the model expected d = ${d} and ${metric}, got ${model.d} and ${model.metric}`);
  }
  return { codec: new SaqCodec(core, model), origin: model.mean };
}

/** The secondary codes of a file, or undefined. */
function openSecondary(core: Core, container: Container, meta: Meta): SecondaryCodes | undefined {
  if (!container.has('SECM')) return undefined;
  const reader = container.reader('SECM');
  const name = INDEX_QUANTIZERS[
    reader.u32In('secondary quantizer', 0, INDEX_QUANTIZERS.length - 1)
  ] as Meta['quantizer'];
  if (name === 'none') reader.end();
  const { codec, origin } = openCodec(core, () => reader, name, meta);
  const secondary = new SecondaryCodes(core, meta.metric, codec, origin);
  try {
    const codes = container.reader('SECC');
    const bytes = codes.view(codes.remaining);
    const wanted = Math.ceil(meta.n / BLOCK) * codec.blockBytes;
    if (bytes.length !== wanted) {
      codes.fail(`secondary codes expected ${wanted} bytes, got ${bytes.length}`);
    }
    secondary.restore(meta.n, bytes);
    const defect = secondary.defect();
    if (defect !== undefined) codes.fail(`secondary codes: ${defect}`);
    return secondary;
  } catch (error) {
    secondary.dispose();
    throw error;
  }
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
  const model = (): ByteReader => container.reader(meta.quantizer === 'saq' ? 'SAQM' : 'QNTZ');
  const { codec } = openCodec(core, model, meta.quantizer, meta);
  let lists: SavedLists;
  let secondary: SecondaryCodes | undefined;
  try {
    lists = readLists(container, meta, codec.blockBytes);
    secondary = openSecondary(core, container, meta);
  } catch (error) {
    codec.dispose();
    throw error;
  }
  const saved = kept ? { ...lists, kept } : lists;
  // from here on the index owns the codec, and once it is made the secondary codes too
  const index = openIndex({ ...meta, core, centroids, codec, saved, ...(secondary && { secondary }) });
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

function openIndex(parts: IvfParts): IvfIndex {
  try {
    return new IvfIndex(parts);
  } catch (error) {
    parts.secondary?.dispose();
    throw error;
  }
}
