/**
 * .npz of token sets, stored or compressed, as numpy.savez and savez_compressed write it: a matrix of all tokens (n × d) under
 * "tokens", "values", "vectors", "embeddings" or "data", and either "offsets" (sets + 1 ascending numbers from 0) or
 * "lengths" (one a set; "lens" and "doclens" too), of int32, uint32, int64 or uint64.
 */
import { FormatError, MAX_DIMENSION } from '@sagitta/core-wasm';
import { type DataFile, openWith } from '../readers/data-file.ts';
import { npyValueType, plainType } from '../readers/npy.ts';
import { type NpyArrayHeader, readNpyArrayHeader } from '../readers/npy-header.ts';
import { checkFiniteRows, type VectorSource } from '../readers/vector-source.ts';
import { readZipEntry, zipEntryNames } from '../readers/zip-entry.ts';
import { splitVectors } from './split-vectors.ts';
import type { TokenSetSource } from './token-set-source.ts';

const VALUE_NAMES = ['tokens', 'values', 'vectors', 'embeddings', 'data'];
const OFFSET_NAMES = ['offsets'];
const LENGTH_NAMES = ['lengths', 'lens', 'doclens'];
/** Bytes of the longest header that numpy writes for these arrays, and of an index into 2^26 sets. */
const HEADER_BYTES = 1 << 16;
const MAX_INDEX_BYTES = 1 << 29;

/** `column` names the matrix of tokens. @throws FormatError naming file and entry */
export function openNpz(path: string, column?: string): Promise<TokenSetSource> {
  return openWith(path, async (file) => {
    const names = await zipEntryNames(file);
    const find = (wanted: readonly string[]): string | undefined =>
      wanted.map((name) => `${name}.npy`).find((name) => names.includes(name));
    const missing = (wanted: readonly string[]): FormatError =>
      new FormatError(
        `${path}: expected an array ${wanted.join(', ')}; found: ${names.slice(0, 20).join(', ')}`,
        0,
      );
    const values = find(column === undefined ? VALUE_NAMES : [column]);
    if (values === undefined) throw missing(column === undefined ? VALUE_NAMES : [column]);
    const offsets = find(OFFSET_NAMES);
    const index = offsets ?? find(LENGTH_NAMES);
    if (index === undefined) throw missing([...OFFSET_NAMES, ...LENGTH_NAMES]);
    const numbers = await readIntegers(file, index);
    const lengths = offsets === undefined ? numbers : differences(`${path}: ${index}`, numbers);
    return splitVectors(await matrixSource(file, values), Uint32Array.from(lengths));
  });
}

/** An array that is not in a file of its own, as the header's reader wants it. */
function head(path: string, bytes: Uint8Array): Parameters<typeof readNpyArrayHeader>[0] {
  return {
    path,
    size: bytes.length,
    async read(out, position) {
      if (position + out.length > bytes.length)
        throw new FormatError(`${path}: the header is cut short`, position);
      out.set(bytes.subarray(position, position + out.length));
    },
  };
}

async function readIntegers(file: DataFile, name: string): Promise<number[]> {
  const label = `${file.path}: ${name}`;
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of readZipEntry(file, name)) {
    pieces.push(piece);
    length += piece.length;
    if (length > MAX_INDEX_BYTES)
      throw new FormatError(`${label}: expected at most ${MAX_INDEX_BYTES} bytes, got more`);
  }
  const bytes = Buffer.concat(pieces);
  const header = await readNpyArrayHeader(head(label, bytes));
  const type = plainType(label, header.descr);
  const valueBytes = type === 'i4' || type === 'u4' ? 4 : type === 'i8' || type === 'u8' ? 8 : 0;
  if (valueBytes === 0)
    throw new FormatError(`${label}: expected integers of 4 or 8 bytes, got "${header.descr}"`);
  const [n] = header.shape;
  if (header.shape.length !== 1 || n === undefined || header.dataOffset + n * valueBytes !== bytes.length) {
    throw new FormatError(
      `${label}: expected one row of integers, got the shape (${header.shape.join(', ')}) and ${bytes.length} bytes`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + header.dataOffset);
  return Array.from({ length: n }, (_, i) => {
    const value = valueBytes === 4 ? view.getInt32(4 * i, true) : Number(view.getBigInt64(8 * i, true));
    if (value >= 0 && value < 2 ** 32) return value;
    throw new FormatError(`${label}: expected numbers from 0 to 2^32 - 1, got ${value} at ${i}`);
  });
}

function differences(label: string, offsets: readonly number[]): number[] {
  if (offsets[0] !== 0) throw new FormatError(`${label}: expected to begin with 0, got ${offsets[0]}`);
  return offsets.slice(1).map((end, i) => {
    const start = offsets[i] as number;
    if (end >= start) return end - start;
    throw new FormatError(`${label}: expected ascending numbers, got ${end} after ${start} at ${i + 1}`);
  });
}

async function matrixSource(file: DataFile, name: string): Promise<VectorSource> {
  const label = `${file.path}: ${name}`;
  const { n, d, header } = await readShape(file, name);
  const type = npyValueType(label, header);
  const rowBytes = d * type.bytes;
  async function* chunks(rowsPerChunk: number): AsyncGenerator<Float32Array> {
    const bytes = new Uint8Array(Math.min(rowsPerChunk, Math.max(n, 1)) * rowBytes);
    let skip = header.dataOffset;
    let filled = 0;
    let row = 0;
    const decode = (rows: number): Float32Array => {
      if (row + rows > n) throw new FormatError(`${label}: expected ${n} rows, got more`);
      const out = new Float32Array(rows * d);
      if (type.decode === undefined) out.set(new Float32Array(bytes.buffer, 0, out.length));
      else type.decode(bytes, rows, row, out);
      checkFiniteRows(
        label,
        out,
        d,
        row,
        (at, dimension) => header.dataOffset + at * rowBytes + dimension * type.bytes,
      );
      row += rows;
      filled = 0;
      return out;
    };
    for await (const piece of readZipEntry(file, name)) {
      let rest = piece.subarray(Math.min(skip, piece.length));
      skip -= piece.length - rest.length;
      while (rest.length > 0) {
        const take = rest.subarray(0, bytes.length - filled);
        bytes.set(take, filled);
        filled += take.length;
        rest = rest.subarray(take.length);
        if (filled === bytes.length) yield decode(filled / rowBytes);
      }
    }
    if (filled % rowBytes !== 0)
      throw new FormatError(`${label}: row ${row + Math.floor(filled / rowBytes)} is cut short`);
    if (filled > 0) yield decode(filled / rowBytes);
    if (row !== n) throw new FormatError(`${label}: expected ${n} rows, got ${row}`);
  }
  return { path: file.path, d, n, chunks, close: () => file.close() };
}

async function readShape(
  file: DataFile,
  name: string,
): Promise<{ n: number; d: number; header: NpyArrayHeader }> {
  const label = `${file.path}: ${name}`;
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of readZipEntry(file, name)) {
    pieces.push(piece);
    length += piece.length;
    if (length >= HEADER_BYTES) break;
  }
  const header = await readNpyArrayHeader(head(label, Buffer.concat(pieces)));
  const [n, d] = header.shape;
  if (header.shape.length !== 2 || n === undefined || d === undefined || d < 1 || d > MAX_DIMENSION) {
    throw new FormatError(
      `${label}: expected a shape (tokens, d) with d from 1 to ${MAX_DIMENSION}, got (${header.shape.join(', ')})`,
    );
  }
  return { n, d, header };
}
