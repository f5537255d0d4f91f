/** Matrices that lie in chunks of rows and columns, each filtered: deflate, shuffle and Fletcher's checksum (which is not compared). */
import { inflateSync } from 'node:zlib';
import { UnsupportedError } from '@sagitta/core-wasm';
import type { DataFile } from '../../files/data-file.ts';
import { oneByOne } from '../../files/in-turn.ts';
import { bytesOf } from '../number-type.ts';
import type { Dataset, Filter, Storage } from './dataset.ts';
import type { Hdf5Bytes } from './hdf5-bytes.ts';

interface Chunk {
  readonly address: number;
  readonly size: number;
  /** A bit for each filter that was left out. */
  readonly mask: number;
}

const [DEFLATE, SHUFFLE, FLETCHER] = [1, 2, 3] as const;
const MAX_BAND_BYTES = 2 ** 30;
const MAX_RATIO = 1032;
const MAX_DEPTH = 16;
const NODE_HEAD_BYTES = 8;

/** The values row after row, as a file of their own; closing it closes the whole. One band of chunks is held at a time. */
export async function chunkedFile(
  bytes: Hdf5Bytes,
  dataset: Dataset,
  storage: Storage & { kind: 'chunked' },
): Promise<DataFile> {
  const { file } = bytes;
  const { name, type, filters } = dataset;
  const [n, d] = dataset.shape as [number, number];
  const [height, width] = storage.chunk as [number, number];
  const valueBytes = bytesOf(type);
  const chunkBytes = height * width * valueBytes;
  const rowBytes = d * valueBytes;
  const bandBytes = height * rowBytes;
  if (!(height >= 1 && width >= 1 && chunkBytes <= MAX_BAND_BYTES && bandBytes <= MAX_BAND_BYTES))
    throw bytes.fail(
      `dataset "${name}": expected rows of chunks of at most ${MAX_BAND_BYTES} bytes, got ${height} × ${d} values`,
    );
  for (const { id } of filters)
    if (id !== DEFLATE && id !== SHUFFLE && id !== FLETCHER)
      throw new UnsupportedError(
        `${file.path}: dataset "${name}": filter ${id} is not one of deflate, shuffle and fletcher32`,
      );
  const most = (filters.some(({ id }) => id === DEFLATE) ? MAX_RATIO : 1) * file.size;
  if (n * rowBytes > most)
    throw bytes.fail(`dataset "${name}": ${file.size} bytes cannot hold ${n} × ${d} values`);
  const across = Math.ceil(d / width);
  const chunks = await findChunks(bytes, dataset, storage, Math.ceil(n / height) * across, chunkBytes);
  let held: { readonly index: number; readonly content: Uint8Array } | undefined;
  /** Reads share the room for one band. */
  const inTurn = oneByOne();

  async function band(index: number): Promise<Uint8Array> {
    if (held?.index === index) return held.content;
    // map would pass over the holes of an array
    const parts = Array.from({ length: across }, (_, column) => {
      const chunk = chunks[index * across + column];
      if (chunk !== undefined) return chunk;
      throw bytes.fail(`dataset "${name}": row ${index * height}: expected a chunk, it was never written`);
    });
    const content = new Uint8Array(bandBytes);
    for (const [column, chunk] of parts.entries()) {
      const values = await readChunk(bytes, dataset, chunk, chunkBytes);
      const start = column * width * valueBytes;
      const length = Math.min(width * valueBytes, rowBytes - start);
      for (let row = 0; row < height; row++) {
        const from = row * width * valueBytes;
        content.set(values.subarray(from, from + length), row * rowBytes + start);
      }
    }
    held = { index, content };
    return content;
  }

  const path = file.path;
  const size = n * rowBytes;
  async function readSome(out: Uint8Array, position: number): Promise<number> {
    if (position >= size) return 0;
    const index = Math.floor(position / bandBytes);
    const content = await inTurn(() => band(index));
    const from = position - index * bandBytes;
    const part = content.subarray(from, Math.min(from + out.length, size - index * bandBytes));
    out.set(part);
    return part.length;
  }
  const whole: DataFile = {
    path,
    size,
    readSome,
    async read(out, position) {
      for (let done = 0; done < out.length; ) {
        const got = await readSome(out.subarray(done), position + done);
        if (got === 0) throw bytes.fail(`dataset "${name}": it ended early`);
        done += got;
      }
    },
    pass: () => ({ ...whole, close: async () => undefined }),
    close: () => file.close(),
  };
  return whole;
}

/** Every chunk at its place, row of chunks after row of chunks. */
async function findChunks(
  bytes: Hdf5Bytes,
  { name, shape }: Dataset,
  { address, chunk, single }: Storage & { kind: 'chunked' },
  count: number,
  chunkBytes: number,
): Promise<readonly (Chunk | undefined)[]> {
  const fail = (what: string): Error => bytes.fail(`dataset "${name}": ${what}`, address);
  if (single !== undefined) {
    if (count !== 1) throw fail(`expected one chunk, got ${count}`);
    return [{ address, size: Number.isNaN(single) ? chunkBytes : single, mask: 0 }];
  }
  const keyBytes = 8 + 8 * (shape.length + 1);
  // each chunk has a key in the tree
  if (count * keyBytes > bytes.file.size)
    throw fail(`expected ${count} chunks, more than the file has room for`);
  const [height, width] = chunk as [number, number];
  const across = Math.ceil((shape[1] as number) / width);
  const chunks = new Array<Chunk | undefined>(count);
  let visited = 0;
  const visit = async (at: number, depth: number): Promise<void> => {
    // a tree has fewer nodes than leaves and inner nodes have room for
    if (depth > MAX_DEPTH || ++visited > count + MAX_DEPTH)
      throw fail('expected a tree of chunks with an end');
    const headBytes = NODE_HEAD_BYTES + 2 * bytes.offsetBytes;
    const head = (await bytes.at(at, headBytes)).expect('TREE');
    const [kind, level, entries] = [head.unsigned(1), head.unsigned(1), head.unsigned(2)];
    if (kind !== 1) throw fail(`expected a tree of chunks, got type ${kind}`);
    const node = await bytes.at(at + headBytes, entries * (keyBytes + bytes.offsetBytes));
    for (let i = 0; i < entries; i++) {
      const [size, mask, row, column] = [
        node.unsigned(4),
        node.unsigned(4),
        node.unsigned(8),
        node.unsigned(8),
      ];
      const child = node.skip(8).address();
      if (level > 0) await visit(child, depth + 1);
      else {
        const place = Math.floor(row / height) * across + Math.floor(column / width);
        if (row % height !== 0 || column % width !== 0 || !(place < count) || !(column / width < across))
          throw fail(`expected a chunk inside the dataset, got one at (${row}, ${column})`);
        chunks[place] = { address: child, size, mask };
      }
    }
  };
  await visit(address, 0);
  return chunks;
}

async function readChunk(
  bytes: Hdf5Bytes,
  { name, type, filters }: Dataset,
  chunk: Chunk,
  size: number,
): Promise<Uint8Array> {
  const { address, mask } = chunk;
  const fail = (what: string): Error => bytes.fail(`dataset "${name}": chunk: ${what}`, address);
  const start = bytes.base + address;
  if (!(start >= 0 && chunk.size <= MAX_BAND_BYTES && start + chunk.size <= bytes.file.size))
    throw fail(`expected ${chunk.size} bytes inside the file`);
  let content: Uint8Array = new Uint8Array(chunk.size);
  await bytes.file.read(content, start);
  const applied = filters.filter((_, i) => ((mask >>> i) & 1) === 0).reverse();
  for (const filter of applied) {
    if (filter.id === DEFLATE) {
      if (size > MAX_RATIO * (content.length + 1))
        throw fail(`${content.length} bytes cannot hold the ${size} of a chunk`);
      try {
        // a checksum may be inside
        content = inflateSync(content, { maxOutputLength: size + 4 });
      } catch (error) {
        throw fail(`damaged: ${error instanceof Error ? error.message : String(error)}`);
      }
    } else
      content =
        filter.id === SHUFFLE ? unshuffle(content, shuffleBytes(filter, type)) : content.subarray(0, -4);
  }
  if (content.length !== size) throw fail(`expected ${size} bytes, got ${content.length}`);
  return content;
}

function shuffleBytes({ values }: Filter, type: Dataset['type']): number {
  const [bytes] = values;
  return bytes !== undefined && bytes >= 1 && bytes <= 8 ? bytes : bytesOf(type);
}

/** First bytes of all values, then second bytes …: back to values. */
function unshuffle(content: Uint8Array, width: number): Uint8Array {
  const n = Math.floor(content.length / width);
  // not slice: that of a Buffer is a view
  const out = new Uint8Array(content.length);
  out.set(content.subarray(n * width), n * width);
  for (let b = 0; b < width; b++)
    for (let i = 0; i < n; i++) out[i * width + b] = content[b * n + i] as number;
  return out;
}
