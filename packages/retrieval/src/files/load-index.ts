/**
 * Reads the file of an index that is in memory. Everything is checked against the bytes there are before memory is taken
 * for it, so a hostile file costs a few times its own size at most, and ends in FormatError.
 */
import {
  type Container,
  type Core,
  checkCore,
  longestStored,
  making,
  readContainer,
} from '@sagitta/core-wasm';
import { CODE_NAMES } from '@sagitta/quantizers';
import { BLOCK, type SavedLists } from '../ivf/inverted-lists.ts';
import { IvfIndex } from '../ivf/ivf-index.ts';
import { ListScan } from '../ivf/list-scan.ts';
import { SecondaryCodes } from '../ivf/secondary-codes.ts';
import {
  checkCodes,
  checkKind,
  checkSections,
  IdsOnce,
  type IndexMeta,
  openPrimary,
  openQuantizer,
  openSaqQuantizer,
  type QuantizerOpener,
  readCentroids,
  readMeta,
  readSizes,
} from './index-head.ts';

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

/** The secondary codes of a file, or undefined. */
function openSecondary(
  open: QuantizerOpener,
  core: Core,
  container: Container,
  meta: IndexMeta,
): SecondaryCodes | undefined {
  if (!container.has('SECM')) return undefined;
  const reader = container.reader('SECM');
  const name = CODE_NAMES[
    reader.u32In('secondary quantizer', 0, CODE_NAMES.length - 1)
  ] as IndexMeta['quantizer'];
  if (name === 'none') reader.end();
  const quantizer = open(name, meta, () => reader);
  return making((own) => {
    const codec = own(new ListScan(core, quantizer));
    const secondary = own(new SecondaryCodes(core, meta.metric, codec, quantizer.origin));
    const codes = container.reader('SECC');
    const bytes = codes.view(codes.remaining);
    const wanted = Math.ceil(meta.n / BLOCK) * codec.layout.blockBytes;
    if (bytes.length !== wanted) {
      codes.fail(`secondary codes expected ${wanted} bytes, got ${bytes.length}`);
    }
    secondary.restore(meta.n, bytes);
    const defect = secondary.defect();
    if (defect !== undefined) codes.fail(`secondary codes: ${defect}`);
    return secondary;
  });
}

/**
 * The index that saveIndex wrote. Nothing of bytes is kept; the caller disposes the index.
 * @throws FormatError on bytes that are no index, CapacityError where the core's memory ends
 */
export function loadIndex(core: Core, bytes: Uint8Array): IvfIndex {
  return loadWith(openQuantizer, core, bytes);
}

/**
 * loadIndex for indexes of SAQ codes or float32, in 11 kB less of a bundle.
 * @throws FormatError and CapacityError as loadIndex; UnsupportedError for an index of another quantizer
 */
export function loadSaqIndex(core: Core, bytes: Uint8Array): IvfIndex {
  return loadWith(openSaqQuantizer, core, bytes);
}

function loadWith(open: QuantizerOpener, core: Core, bytes: Uint8Array): IvfIndex {
  checkCore(core);
  const container = readContainer(bytes);
  checkKind(container);
  const meta = readMeta(container.reader('META'));
  checkSections(container.has, meta);
  const centroids = readCentroids(container.reader('CENT'), meta);
  let kept: Float32Array | undefined;
  if (meta.keepVectors) {
    const reader = container.reader('VECS');
    kept = reader.rows('kept vectors', meta.n, meta.d, longestStored(meta.metric));
    reader.end();
  }
  return making((own) => {
    const codec = own(new ListScan(core, openPrimary(open, meta, container.reader)));
    const lists = readLists(container, meta, codec.layout.blockBytes);
    const secondary = openSecondary(open, core, container, meta);
    const saved = kept ? { ...lists, kept } : lists;
    const index = own(
      new IvfIndex({ ...meta, core, centroids, codec, saved, ...(secondary && { secondary }) }),
    );
    checkCodes(index);
    return index;
  });
}
