/**
 * Reads the file of an index that is in memory. Everything is checked against the bytes there are before memory is taken
 * for it, so a hostile file costs a few times its own size at most, and ends in FormatError.
 */
import { type Container, type Core, readContainer } from '@sagitta/core-wasm';
import {
  type CodecOpener,
  checkCodes,
  checkKind,
  checkSections,
  IdsOnce,
  type IndexMeta,
  openCodec,
  openSaqCodec,
  readCentroids,
  readMeta,
  readSizes,
} from './index-head.ts';
import type { SavedLists } from './ivf/inverted-lists.ts';
import { IvfIndex } from './ivf/ivf-index.ts';

function readLists(container: Container, meta: IndexMeta, blockBytes: number): SavedLists {
  const { sizes, blocks } = readSizes(container.reader('SIZE'), meta);
  const idReader = container.reader('IDS');
  const ids = idReader.u32Array(meta.n);
  idReader.end();
  const defect = new IdsOnce(meta.n).defect(ids);
  if (defect !== undefined) idReader.fail(defect);
  const codeReader = container.reader('CODE');
  const codes = codeReader.view(codeReader.remaining);
  if (codes.length !== blocks * blockBytes) {
    codeReader.fail(`codes expected ${blocks} blocks of ${blockBytes} bytes, got ${codes.length} bytes`);
  }
  return { sizes, ids, codes };
}

/**
 * The index that saveIndex wrote. Nothing of bytes is kept; the caller disposes the index.
 * @throws FormatError on bytes that are no index, CapacityError where the core's memory ends
 */
export function loadIndex(core: Core, bytes: Uint8Array): IvfIndex {
  return loadWith(openCodec, core, bytes);
}

/**
 * loadIndex for indexes of SAQ codes or float32, in 11 kB less of a bundle.
 * @throws FormatError and CapacityError as loadIndex; UnsupportedError for an index of another quantizer
 */
export function loadSaqIndex(core: Core, bytes: Uint8Array): IvfIndex {
  return loadWith(openSaqCodec, core, bytes);
}

function loadWith(open: CodecOpener, core: Core, bytes: Uint8Array): IvfIndex {
  const container = readContainer(bytes);
  checkKind(container);
  const meta = readMeta(container.reader('META'));
  checkSections(container.has, meta);
  const centroids = readCentroids(container.reader('CENT'), meta);
  let kept: Float32Array | undefined;
  if (meta.keepVectors) {
    const reader = container.reader('VECS');
    kept = reader.f32Array('kept vectors', meta.n * meta.d);
    reader.end();
  }
  const codec = open(core, meta, container.reader);
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
  try {
    checkCodes(index);
  } catch (error) {
    index.dispose();
    throw error;
  }
  return index;
}
