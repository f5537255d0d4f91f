/** The pages of a column chunk: levels, and the values that are there, of all of them in one. */
import { UnsupportedError } from '@sagitta/core-wasm';
import { decodeDoubles, decodeNumbers } from '../../readers/number-type.ts';
import { type Codec, decompress } from '../compression.ts';
import {
  deltaLengthTexts,
  deltaTexts,
  joinStreams,
  PageBytes,
  plainBytes,
  plainTexts,
  readDeltas,
  readHybrid,
} from './encodings.ts';
import type { Leaf } from './schema.ts';
import { ThriftReader, type ThriftStruct } from './thrift.ts';

/** Values of one kind, for a page, a dictionary or a whole chunk. */
export type Values = Float32Array | Float64Array | readonly string[];

export interface ColumnChunk {
  /** An entry each: a value, or a place where one or a list is missing. */
  readonly repetition: Uint8Array;
  readonly definition: Uint8Array;
  readonly values: Values;
}

const [DATA, INDEX, DICTIONARY, DATA_V2] = [0, 1, 2, 3] as const;
const ENCODINGS = [
  'PLAIN',
  'GROUP_VAR_INT',
  'PLAIN_DICTIONARY',
  'RLE',
  'BIT_PACKED',
  'DELTA_BINARY_PACKED',
  'DELTA_LENGTH_BYTE_ARRAY',
  'DELTA_BYTE_ARRAY',
  'RLE_DICTIONARY',
  'BYTE_STREAM_SPLIT',
] as const;

interface Page {
  readonly repetition: Uint8Array;
  readonly definition: Uint8Array;
  readonly values: Values;
}

/**
 * Decodes a whole chunk.
 * @param entries how many it has, which the caller has held against its bytes
 * @throws RangeError on damage, UnsupportedError on encodings that are not read
 */
export async function decodeChunk(
  bytes: Uint8Array,
  leaf: Leaf,
  codec: Codec | undefined,
  entries: number,
): Promise<ColumnChunk> {
  const pages: Page[] = [];
  let dictionary: Values | undefined;
  let left = entries;
  for (let at = 0; left > 0; ) {
    if (at >= bytes.length) throw new RangeError(`expected ${left} more values, the pages are at their end`);
    const reader = new ThriftReader(bytes.subarray(at));
    const header = reader.struct();
    const start = at + reader.position;
    const size = header.number(3) ?? -1;
    if (!(size >= 0 && size <= bytes.length - start))
      throw new RangeError(`expected a page of at most ${bytes.length - start} bytes, got ${size}`);
    const content = bytes.subarray(start, start + size);
    at = start + size;
    const kind = header.number(1);
    if (kind === INDEX) continue;
    if (kind === DICTIONARY) {
      dictionary = await dictionaryPage(header, content, leaf, codec);
      continue;
    }
    const page =
      kind === DATA
        ? await dataPage(header, content, leaf, codec, dictionary, left)
        : kind === DATA_V2
          ? await dataPageV2(header, content, leaf, codec, dictionary, left)
          : undefined;
    if (page === undefined) throw new RangeError(`expected a page of data or a dictionary, got type ${kind}`);
    pages.push(page);
    left -= page.definition.length;
  }
  const [only] = pages;
  if (pages.length === 1 && only !== undefined) return only;
  return {
    repetition: concat(pages.map(({ repetition }) => repetition)),
    definition: concat(pages.map(({ definition }) => definition)),
    values: joinValues(pages.map(({ values }) => values)),
  };
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function joinValues(parts: readonly Values[]): Values {
  if (parts.length === 0) return [];
  const texts = parts.filter((part) => Array.isArray(part));
  if (texts.length > 0) return texts.flat();
  const numbers = parts.filter((part) => part instanceof Float32Array || part instanceof Float64Array);
  const n = numbers.reduce((sum, part) => sum + part.length, 0);
  const out = numbers.some((part) => part instanceof Float64Array)
    ? new Float64Array(n)
    : new Float32Array(n);
  let at = 0;
  for (const part of numbers) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function fail(what: string): RangeError {
  return new RangeError(what);
}

async function uncompressed(
  content: Uint8Array,
  size: number | undefined,
  codec: Codec | undefined,
): Promise<PageBytes> {
  if (codec === undefined) return new PageBytes(content);
  if (size === undefined || size < 0 || size > 2 ** 31)
    throw fail(`expected a size of the page, got ${size}`);
  return new PageBytes(await decompress(codec, content, size, fail));
}

async function dictionaryPage(
  header: ThriftStruct,
  content: Uint8Array,
  leaf: Leaf,
  codec: Codec | undefined,
): Promise<Values> {
  const page = await uncompressed(content, header.number(2), codec);
  return plainValues(page, leaf, header.struct(7)?.number(1) ?? 0);
}

function countOf(header: ThriftStruct | undefined, left: number): number {
  const n = header?.number(1) ?? -1;
  if (n >= 0 && n <= left) return n;
  throw fail(`expected a page of at most ${left} values, got ${n}`);
}

async function dataPage(
  header: ThriftStruct,
  content: Uint8Array,
  leaf: Leaf,
  codec: Codec | undefined,
  dictionary: Values | undefined,
  left: number,
): Promise<Page> {
  const data = header.struct(5);
  const n = countOf(data, left);
  const page = await uncompressed(content, header.number(2), codec);
  const levels = (most: number, encoding: number | undefined): Uint8Array => {
    const out = new Uint8Array(n);
    if (most === 0) return out;
    if (ENCODINGS[encoding ?? 3] !== 'RLE')
      throw new UnsupportedError(`levels encoded as ${ENCODINGS[encoding ?? 3]} are not read`);
    readHybrid(new PageBytes(page.take(page.uint32())), bitWidth(most), out);
    return out;
  };
  const repetition = levels(leaf.repeated.length, data?.number(4));
  const definition = levels(leaf.maxDefinition, data?.number(3));
  return {
    repetition,
    definition,
    values: pageValues(page, leaf, present(definition, leaf), data?.number(2), dictionary),
  };
}

async function dataPageV2(
  header: ThriftStruct,
  content: Uint8Array,
  leaf: Leaf,
  codec: Codec | undefined,
  dictionary: Values | undefined,
  left: number,
): Promise<Page> {
  const data = header.struct(8);
  const n = countOf(data, left);
  const page = new PageBytes(content);
  const levels = (most: number, length: number): Uint8Array => {
    const out = new Uint8Array(n);
    const bytes = page.take(length);
    if (most > 0) readHybrid(new PageBytes(bytes), bitWidth(most), out);
    return out;
  };
  const [definitionBytes, repetitionBytes] = [data?.number(5) ?? 0, data?.number(6) ?? 0];
  const repetition = levels(leaf.repeated.length, repetitionBytes);
  const definition = levels(leaf.maxDefinition, definitionBytes);
  const size = (header.number(2) ?? 0) - definitionBytes - repetitionBytes;
  const isCompressed = data?.boolean(7) !== false;
  const values = await uncompressed(page.take(page.left), size, isCompressed ? codec : undefined);
  return {
    repetition,
    definition,
    values: pageValues(values, leaf, present(definition, leaf), data?.number(4), dictionary),
  };
}

function bitWidth(most: number): number {
  return 32 - Math.clz32(most);
}

/** Values that are there. */
function present(definition: Uint8Array, { maxDefinition }: Leaf): number {
  let n = 0;
  for (const level of definition) if (level === maxDefinition) n++;
  return n;
}

function pageValues(
  page: PageBytes,
  leaf: Leaf,
  n: number,
  encodingNumber: number | undefined,
  dictionary: Values | undefined,
): Values {
  const encoding = ENCODINGS[encodingNumber ?? -1];
  switch (encoding) {
    case 'PLAIN':
      return plainValues(page, leaf, n);
    case 'PLAIN_DICTIONARY':
    case 'RLE_DICTIONARY': {
      if (dictionary === undefined) throw fail('expected a dictionary before the page that uses it');
      const indices = new Uint32Array(n);
      if (n > 0) readHybrid(page, page.byte(), indices);
      return lookUp(dictionary, indices);
    }
    case 'RLE': {
      if (leaf.physical !== 'BOOLEAN') break;
      const out = new Uint8Array(n);
      readHybrid(new PageBytes(page.take(page.uint32())), 1, out);
      return Float32Array.from(out);
    }
    case 'DELTA_BINARY_PACKED':
      if (leaf.physical === 'INT32' || leaf.physical === 'INT64')
        return signed(readDeltas(page, n, leaf.physical === 'INT64'), leaf);
      break;
    case 'BYTE_STREAM_SPLIT':
      if (leaf.number === undefined || leaf.number === 'bool') break;
      return numbers(joinStreams(page, n, plainBytes(leaf.number)), leaf, n);
    case 'DELTA_LENGTH_BYTE_ARRAY':
      if (leaf.physical === 'BYTE_ARRAY') return deltaLengthTexts(page, n);
      break;
    case 'DELTA_BYTE_ARRAY':
      if (leaf.physical === 'BYTE_ARRAY') return deltaTexts(page, n);
      break;
    default:
  }
  throw new UnsupportedError(`${leaf.physical} encoded as ${encoding ?? encodingNumber} is not read`);
}

function lookUp(dictionary: Values, indices: Uint32Array): Values {
  for (const index of indices)
    if (index >= dictionary.length)
      throw fail(`expected one of ${dictionary.length} values of the dictionary, got ${index}`);
  if (Array.isArray(dictionary)) return Array.from(indices, (index) => dictionary[index] as string);
  const values = dictionary as Float32Array | Float64Array;
  const out =
    values instanceof Float64Array ? new Float64Array(indices.length) : new Float32Array(indices.length);
  for (let i = 0; i < indices.length; i++) out[i] = values[indices[i] as number] as number;
  return out;
}

function plainValues(page: PageBytes, leaf: Leaf, n: number): Values {
  if (leaf.physical === 'BYTE_ARRAY') return plainTexts(page, n);
  if (leaf.number === undefined) throw new UnsupportedError(`${leaf.field.type} is not read`);
  if (leaf.number !== 'bool') return numbers(page.take(n * plainBytes(leaf.number)), leaf, n);
  const bits = page.take(Math.ceil(n / 8));
  return Float32Array.from({ length: n }, (_, i) => ((bits[i >> 3] as number) >> (i & 7)) & 1);
}

function numbers(bytes: Uint8Array, { number }: Leaf, n: number): Float32Array | Float64Array {
  if (number !== 'float32' && number !== 'float16') return decodeDoubles(number ?? 'float64', bytes, n);
  const out = new Float32Array(n);
  decodeNumbers(number, bytes, out);
  return out;
}

/** Differences are taken between signed integers, also where the column's are unsigned. */
function signed(values: Float64Array, { number }: Leaf): Float64Array {
  if (number === 'uint32') return values.map((value) => (value < 0 ? value + 2 ** 32 : value));
  return number === 'uint64' ? values.map((value) => (value < 0 ? Number.NaN : value)) : values;
}
