/**
 * .npz of token sets: a matrix of all tokens (n × d) under "tokens", "values", "vectors", "embeddings" or "data", and either
 * "offsets" (sets + 1 ascending numbers from 0) or "lengths" (one a set; "lens" and "doclens" too). Or padded: an array of
 * sets × length × d, with "attention_mask" or "mask" (sets × length; 0 leaves a token out) or with "lengths".
 */
import { FormatError, MAX_DIMENSION } from '@sagitta/core-wasm';
import type { DataFile } from '../files/data-file.ts';
import { fixedRowSource, plainLayout } from '../readers/fixed-rows.ts';
import { openNpy } from '../readers/npy.ts';
import { readNpyHeader } from '../readers/npy-header.ts';
import { NpzFile } from '../readers/npz.ts';
import { bytesOf } from '../readers/number-type.ts';
import type { RandomVectorSource } from '../readers/vector-source.ts';
import { splitVectors } from './split-vectors.ts';
import { batchEntries, type TokenSetEntry, type TokenSetSource } from './token-set-source.ts';

const VALUE_NAMES = ['tokens', 'values', 'vectors', 'embeddings', 'data'];
const OFFSET_NAMES = ['offsets'];
const LENGTH_NAMES = ['lengths', 'lens', 'doclens'];
const MASK_NAMES = ['attention_mask', 'mask'];
const MAX_SETS = 2 ** 26;
const MAX_MASK = 2 ** 28;

/** `column` names the array of tokens. @throws FormatError naming file and entry */
export async function openNpzTokenSets(file: DataFile, column?: string): Promise<TokenSetSource> {
  const npz = await NpzFile.open(file);
  const names = column === undefined ? VALUE_NAMES : [column];
  const values = npz.find(names);
  if (values === undefined) throw npz.missing(`an array ${names.join(', ')}`);
  const array = await npz.array(values);
  const { shape } = await readNpyHeader(array);
  if (shape.length === 3) return padded(npz, array);
  const offsets = npz.find(OFFSET_NAMES);
  const index = offsets ?? npz.find(LENGTH_NAMES);
  if (index === undefined) throw npz.missing(`an array ${[...OFFSET_NAMES, ...LENGTH_NAMES].join(', ')}`);
  const numbers = await npz.integers(index, MAX_SETS);
  const label = `${file.path}: ${index}`;
  if (numbers.shape.length !== 1)
    throw new FormatError(
      `${label}: expected one row of integers, got the shape (${numbers.shape.join(', ')})`,
    );
  const lengths = offsets === undefined ? numbers.values : differences(label, numbers.values);
  return splitVectors(await openNpy(array), checkLengths(label, lengths));
}

function checkLengths(label: string, lengths: Float64Array): Uint32Array {
  const at = lengths.findIndex((length) => !(length >= 0 && length < 2 ** 32));
  if (at < 0) return Uint32Array.from(lengths);
  throw new FormatError(`${label}: expected numbers from 0 to 2^32 - 1, got ${lengths[at]} at ${at}`);
}

function differences(label: string, offsets: Float64Array): Float64Array {
  if (offsets[0] !== 0) throw new FormatError(`${label}: expected to begin with 0, got ${offsets[0]}`);
  return offsets.slice(1).map((end, i) => {
    const start = offsets[i] as number;
    if (end >= start) return end - start;
    throw new FormatError(`${label}: expected ascending numbers, got ${end} after ${start} at ${i + 1}`);
  });
}

/** sets × length × d values, with a mask or lengths. */
async function padded(npz: NpzFile, array: DataFile): Promise<TokenSetSource> {
  const { path } = array;
  const { shape, type, order, isFortran, dataOffset } = await readNpyHeader(array);
  const [n, length, d] = shape as [number, number, number];
  if (isFortran) throw new FormatError(`${path}: expected sets × length × d in C order, got Fortran order`);
  if (d < 1 || d > MAX_DIMENSION)
    throw new FormatError(`${path}: expected a dimension from 1 to ${MAX_DIMENSION}, got ${d}`);
  if (n < 1 || length < 1) throw new FormatError(`${path}: the array holds no tokens`);
  const rows = n * length;
  if (dataOffset + rows * d * bytesOf(type) !== array.size) {
    throw new FormatError(
      `${path}: expected ${rows * d * bytesOf(type)} bytes for (${shape.join(', ')}), got ${array.size - dataOffset}`,
    );
  }
  const mask = await maskOf(npz, n, length);
  // padding is read and checked like tokens, then left out
  const source = fixedRowSource(array, plainLayout(path, { n: rows, d, dataOffset }, type, order));
  return {
    path: npz.file.path,
    d,
    n,
    batches: (maximumTokens) => batchEntries(keptTokens(source, mask, length), d, maximumTokens),
    close: () => npz.file.close(),
  };
}

/** sets × length; 0 where a token is padding. */
async function maskOf(npz: NpzFile, n: number, length: number): Promise<Uint8Array> {
  const name = npz.find(MASK_NAMES);
  const lengthsName = npz.find(LENGTH_NAMES);
  const mask = new Uint8Array(n * length);
  if (name !== undefined) {
    const { values, shape } = await npz.integers(name, MAX_MASK);
    if (shape.length !== 2 || shape[0] !== n || shape[1] !== length) {
      throw new FormatError(
        `${npz.file.path}: ${name}: expected the shape (${n}, ${length}), got (${shape.join(', ')})`,
      );
    }
    values.forEach((value, i) => {
      if (value !== 0 && value !== 1)
        throw new FormatError(
          `${npz.file.path}: ${name}: expected 0 or 1, got ${value} in set ${Math.floor(i / length)}`,
        );
      mask[i] = value;
    });
    return mask;
  }
  if (lengthsName === undefined)
    throw npz.missing(`an array ${[...MASK_NAMES, ...LENGTH_NAMES].join(', ')} beside sets × length × d`);
  const { values, shape } = await npz.integers(lengthsName, MAX_SETS);
  if (shape.length !== 1 || values.length !== n)
    throw new FormatError(
      `${npz.file.path}: ${lengthsName}: expected ${n} numbers, got the shape (${shape.join(', ')})`,
    );
  values.forEach((value, set) => {
    if (!(value >= 0 && value <= length))
      throw new FormatError(
        `${npz.file.path}: ${lengthsName}: expected 0 to ${length}, got ${value} in set ${set}`,
      );
    mask.fill(1, set * length, set * length + value);
  });
  return mask;
}

async function* keptTokens(
  source: RandomVectorSource,
  mask: Uint8Array,
  length: number,
): AsyncGenerator<TokenSetEntry> {
  const { d } = source;
  const set = new Float32Array(length * d);
  let filled = 0;
  let row = 0;
  for await (const chunk of source.chunks(Math.max(1, Math.floor((1 << 18) / d)))) {
    for (let at = 0; at < chunk.length; at += d, row++) {
      if (mask[row] === 1) {
        set.set(chunk.subarray(at, at + d), filled);
        filled += d;
      }
      if ((row + 1) % length !== 0) continue;
      yield { data: set.subarray(0, filled) };
      filled = 0;
    }
  }
}
