/** An open file of known size, read at positions; short reads become FormatError. */
import { type FileHandle, open } from 'node:fs/promises';
import { FormatError } from '@sagitta/core-wasm';

/** Bytes asked of the system in one read; larger requests are refused on some systems. */
const READ_BYTES = 1 << 30;

export interface DataFile {
  readonly path: string;
  readonly size: number;
  /** Fills `bytes` from `position`. */
  read(bytes: Uint8Array, position: number): Promise<void>;
  /** Reads up to `bytes.length` bytes, 0 at the end of the file. */
  readSome(bytes: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

/**
 * @throws FormatError if the file is empty or no regular file; the system's own error if it cannot be opened
 */
export async function openDataFile(path: string): Promise<DataFile> {
  const handle = await open(path, 'r');
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new FormatError(`${path}: expected a regular file`);
    if (stat.size === 0) throw new FormatError(`${path}: row 0: the file is empty`);
    return dataFile(path, handle, stat.size);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Runs `body` on the opened file and closes it if body throws. */
export async function openWith<T>(path: string, body: (file: DataFile) => Promise<T>): Promise<T> {
  const file = await openDataFile(path);
  try {
    return await body(file);
  } catch (error) {
    await file.close();
    throw error;
  }
}

function dataFile(path: string, handle: FileHandle, size: number): DataFile {
  let closing: Promise<void> | undefined;
  async function readSome(bytes: Uint8Array, position: number): Promise<number> {
    const { bytesRead } = await handle.read(bytes, 0, Math.min(bytes.length, READ_BYTES), position);
    return bytesRead;
  }
  return {
    path,
    size,
    readSome,
    async read(bytes, position) {
      for (let done = 0; done < bytes.length; ) {
        const got = await readSome(bytes.subarray(done), position + done);
        if (got === 0) throw new FormatError(`${path}: the file ended early`, position + done);
        done += got;
      }
    },
    close() {
      closing ??= handle.close();
      return closing;
    },
  };
}
