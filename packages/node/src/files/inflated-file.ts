/**
 * Compressed bytes as a file that is read forwards: gzip files, and deflated entries of zip archives. Reading at an earlier
 * position begins again, so that memory is one piece whatever the size.
 */
import { Readable } from 'node:stream';
import { createGunzip, createInflateRaw } from 'node:zlib';
import { FormatError } from '@sagitta/core-wasm';
import type { DataFile } from './data-file.ts';
import { oneByOne } from './in-turn.ts';

const PIECE_BYTES = 1 << 16;

/**
 * @param kind gzip (several members one after the other are one content), or bare deflate
 * @param size bytes of the content if they are known: more or fewer are refused
 */
export function inflatedFile(
  file: DataFile,
  path: string,
  kind: 'gzip' | 'deflate',
  size: number = Infinity,
): DataFile {
  let pieces: AsyncIterator<Uint8Array> | undefined;
  let piece: Uint8Array = new Uint8Array(0);
  /** Byte of the content at which `piece` begins. */
  let start = 0;
  /** Reads share the place of the stream. */
  const inTurn = oneByOne();

  async function readSome(bytes: Uint8Array, position: number): Promise<number> {
    if (pieces === undefined || position < start) {
      await pieces?.return?.();
      pieces = inflate(file, path, kind)[Symbol.asyncIterator]();
      piece = new Uint8Array(0);
      start = 0;
    }
    while (position >= start + piece.length) {
      const next = await pieces.next();
      start += piece.length;
      piece = next.done === true ? new Uint8Array(0) : next.value;
      if (next.done === true) {
        if (size !== Infinity && start !== size)
          throw new FormatError(`${path}: expected ${size} bytes, got ${start}`);
        return 0;
      }
      if (start + piece.length > size) throw new FormatError(`${path}: expected ${size} bytes, got more`);
    }
    const part = piece.subarray(position - start, position - start + bytes.length);
    bytes.set(part);
    return part.length;
  }
  return {
    path,
    size,
    readSome: (bytes, position) => inTurn(() => readSome(bytes, position)),
    read: (bytes, position) =>
      inTurn(async () => {
        for (let done = 0; done < bytes.length; ) {
          const got = await readSome(bytes.subarray(done), position + done);
          if (got === 0) throw new FormatError(`${path}: the file ended early`, position + done);
          done += got;
        }
      }),
    pass: () => inflatedFile(file.pass(), path, kind, size),
    async close() {
      await inTurn(async () => pieces?.return?.());
      await file.close();
    },
  };
}

async function* compressed(file: DataFile): AsyncGenerator<Uint8Array> {
  for (let position = 0; ; ) {
    const bytes = new Uint8Array(PIECE_BYTES);
    const got = await file.readSome(bytes, position);
    if (got === 0) return;
    position += got;
    yield bytes.subarray(0, got);
  }
}

async function* inflate(file: DataFile, path: string, kind: 'gzip' | 'deflate'): AsyncGenerator<Uint8Array> {
  const source = Readable.from(compressed(file), { objectMode: false });
  const target = kind === 'gzip' ? createGunzip() : createInflateRaw();
  source.on('error', (error) => target.destroy(error));
  source.pipe(target);
  try {
    for await (const bytes of target) yield bytes;
  } catch (error) {
    if (error instanceof FormatError) throw error;
    const what = error instanceof Error ? error.message : String(error);
    throw new FormatError(`${path}: damaged ${kind === 'gzip' ? 'gzip file' : 'entry'}: ${what}`);
  } finally {
    source.destroy();
    target.destroy();
  }
}
