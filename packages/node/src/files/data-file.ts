/** An open file of known size, read at positions; short reads become FormatError. */
import { type FileHandle, open } from 'node:fs/promises';
import { FormatError } from '@sagitta/core-wasm';

/** Bytes asked of the system in one read; larger requests are refused on some systems. */
const READ_BYTES = 1 << 30;

export interface DataFile {
  readonly path: string;
  /** Bytes of the content; Infinity where only reading to the end would tell, as with gzip. */
  readonly size: number;
  /** Fills `bytes` from `position`. */
  read(bytes: Uint8Array, position: number): Promise<void>;
  /** Reads up to `bytes.length` bytes, 0 at the end of the file. */
  readSome(bytes: Uint8Array, position: number): Promise<number>;
  /** The same content for one pass from its beginning: passes do not disturb each other, and closing one leaves the file open. */
  pass(): DataFile;
  /** Idempotent. */
  close(): Promise<void>;
}

/**
 * @throws FormatError if the file is empty or no regular file; the system's own error if it cannot be opened
 */
export async function openDataFile(path: string): Promise<DataFile> {
  return dataFileOf(path, await open(path, 'r'));
}

/** The file behind an open handle, which it takes over; `path` is its name in messages. */
export async function dataFileOf(path: string, handle: FileHandle): Promise<DataFile> {
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

/** Runs `body` on a file and closes it if body throws. */
export async function closeOnError<T>(file: DataFile, body: (file: DataFile) => Promise<T>): Promise<T> {
  try {
    return await body(file);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The first bytes of a file, at most `length`. */
export async function readHead(file: DataFile, length: number): Promise<Uint8Array> {
  const head = new Uint8Array(Math.min(length, file.size));
  let done = 0;
  while (done < head.length) {
    const got = await file.readSome(head.subarray(done), done);
    if (got === 0) break;
    done += got;
  }
  return head.subarray(0, done);
}

/** Part of a file as a file of its own; closing it closes the whole. */
export function filePart(file: DataFile, path: string, start: number, size: number): DataFile {
  return {
    path,
    size,
    async read(bytes, position) {
      if (position + bytes.length > size)
        throw new FormatError(`${path}: the file ended early`, start + size);
      await file.read(bytes, start + position);
    },
    readSome: (bytes, position) =>
      file.readSome(
        bytes.subarray(0, Math.max(0, Math.min(bytes.length, size - position))),
        start + position,
      ),
    pass: () => filePart(file.pass(), path, start, size),
    close: () => file.close(),
  };
}

/** Bytes in memory as a file; closing it closes `owner`. */
export function memoryFile(path: string, content: Uint8Array, owner?: DataFile): DataFile {
  const file: DataFile = {
    path,
    size: content.length,
    async read(bytes, position) {
      if (position + bytes.length > content.length)
        throw new FormatError(`${path}: the file ended early`, content.length);
      bytes.set(content.subarray(position, position + bytes.length));
    },
    async readSome(bytes, position) {
      const part = content.subarray(position, position + bytes.length);
      bytes.set(part);
      return part.length;
    },
    pass: () => onePass(file),
    close: async () => owner?.close(),
  };
  return file;
}

/** A file that may be read anywhere at any time needs nothing of its own for a pass. */
function onePass(file: DataFile): DataFile {
  return { ...file, close: async () => undefined };
}

function dataFile(path: string, handle: FileHandle, size: number): DataFile {
  let closing: Promise<void> | undefined;
  async function readSome(bytes: Uint8Array, position: number): Promise<number> {
    const { bytesRead } = await handle.read(bytes, 0, Math.min(bytes.length, READ_BYTES), position);
    return bytesRead;
  }
  const file: DataFile = {
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
    pass: () => onePass(file),
    close() {
      closing ??= handle.close();
      return closing;
    },
  };
  return file;
}
