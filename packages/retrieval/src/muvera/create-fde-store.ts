/** Stores of FDE codes by name: made new, or read from a file. */
import {
  type ByteReader,
  type Core,
  checkCore,
  checkFinite,
  checkFloat32,
  checkInteger,
  checkLength,
  checkOneOf,
  checkOptions,
  making,
  type OptionTable,
} from '@sagitta/core-wasm';
import { type BlockCodec, meanOfSample, readMean } from './block-codec.ts';
import { BlockStore, STORE_VERSION } from './block-store.ts';
import { MAX_FDE_LENGTH } from './fde-encoder.ts';
import { FDE_ENCODINGS, type FdeEncoding, type FdeStore } from './fde-store.ts';
import { FloatBlocks, Int8Blocks } from './plain-codecs.ts';
import { readPqBlocks, trainPqBlocks } from './pq-codec.ts';
import { RotatedBlocks } from './rotated-codec.ts';

/** Says how a store codes FDEs. */
export interface FdeStoreOptions {
  readonly encoding: FdeEncoding;
  /** Of the encoder. */
  readonly length: number;
  readonly blockLength: number;
  /** saq: bits a number, 1 to 8. Default 4. */
  readonly bits?: number;
  /**
   * FDEs of some documents, m × length. pq256x8 learns its centroids from them and needs 256; int8, saq and bit1 code what
   * is left after their mean, which makes codes much finer where FDEs have a large common part (learned ones do).
   */
  readonly sample?: Float32Array;
  readonly seed?: number;
}

const FDE_STORE_OPTIONS: OptionTable<FdeStoreOptions> = {
  encoding: 'string',
  length: 'number',
  blockLength: 'number',
  bits: 'number',
  sample: 'any',
  seed: 'number',
};

/**
 * Makes an empty store of FDEs; the caller disposes it.
 * @throws RangeError on options out of range, a sample of another length, too few FDEs for pq256x8
 */
export function createFdeStore(core: Core, options: FdeStoreOptions): FdeStore {
  checkCore(core);
  checkOptions('options', options, FDE_STORE_OPTIONS);
  const encoding = checkOneOf('encoding', options.encoding, FDE_ENCODINGS);
  const length = checkInteger('length', options.length, 1, MAX_FDE_LENGTH);
  const blockLength = checkInteger('blockLength', options.blockLength, 1, length);
  if (length % blockLength !== 0) {
    throw new RangeError(`"blockLength" expected a divisor of length = ${length}, got ${blockLength}`);
  }
  const seed = checkInteger('seed', options.seed ?? 1, 0, Number.MAX_SAFE_INTEGER);
  const { sample } = options;
  if (sample) {
    const rows = Math.floor(checkFloat32('sample', sample).length / length);
    checkLength('sample', sample.length, rows * length, `a multiple of length = ${length}, e.g.`);
    checkFinite('sample', sample, length);
  }
  return new BlockStore(core, codecOf(), blockLength);

  function codecOf(): BlockCodec {
    if (encoding === 'float32') return new FloatBlocks(length, blockLength);
    if (encoding === 'pq256x8') {
      return trainPqBlocks(core, sample ?? new Float32Array(0), length, blockLength, seed);
    }
    const mean = meanOfSample(sample, length);
    if (encoding === 'int8') return new Int8Blocks(length, blockLength, mean);
    const bits = encoding === 'bit1' ? 1 : checkInteger('bits', options.bits ?? 4, 1, 8);
    return new RotatedBlocks(encoding, length, blockLength, { bits, seed, mean });
  }
}

/**
 * The store whose parameters() and codePieces() are given; nothing of them is kept.
 * @throws FormatError on anything a store would not have written, CapacityError where memory ends
 */
export function readFdeStore(core: Core, reader: ByteReader, codes: Uint8Array): FdeStore {
  checkCore(core);
  reader.u32In('store version', STORE_VERSION, STORE_VERSION);
  const encoding = FDE_ENCODINGS[reader.u32In('encoding', 0, FDE_ENCODINGS.length - 1)] as FdeEncoding;
  const length = reader.u32In('length', 1, MAX_FDE_LENGTH);
  const blockLength = reader.u32In('blockLength', 1, length);
  if (length % blockLength !== 0) {
    reader.fail(`"blockLength" expected a divisor of ${length}, got ${blockLength}`);
  }
  const n = reader.u32();
  const codec = readCodec(reader, encoding, length, blockLength);
  reader.end();
  return making((own) => {
    const store = own(new BlockStore(core, codec, blockLength));
    if (codes.length !== n * store.bytesPerDocument) {
      reader.fail(`codes expected n*bytes = ${n} * ${store.bytesPerDocument} bytes, got ${codes.length}`);
    }
    const defect = store.restore(n, codes);
    if (defect !== undefined) reader.fail(defect);
    return store;
  });
}

function readCodec(
  reader: ByteReader,
  encoding: FdeEncoding,
  length: number,
  blockLength: number,
): BlockCodec {
  if (encoding === 'float32') return new FloatBlocks(length, blockLength);
  if (encoding === 'pq256x8') return readPqBlocks(reader, length, blockLength);
  if (encoding === 'int8') return new Int8Blocks(length, blockLength, readMean(reader, length));
  const bits = reader.u32In('bits', 1, encoding === 'bit1' ? 1 : 8);
  const seed = reader.f64();
  if (!Number.isSafeInteger(seed) || seed < 0) reader.fail(`"seed" expected a safe integer, got ${seed}`);
  return new RotatedBlocks(encoding, length, blockLength, { bits, seed, mean: readMean(reader, length) });
}
