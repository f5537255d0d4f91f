/** A file as a source of ranges: indexes larger than memory, read list by list by openIndex of @sagitta/retrieval. */
import type { ByteSource } from '@sagitta/retrieval';
import { checkRange } from '@sagitta/retrieval/internal';
import { openDataFile } from './files/data-file.ts';

/**
 * Opens `path` for reading in parts; the file is closed with the source's close.
 * @throws FormatError if the file is empty or no regular file, the system's error if it cannot be opened; reads reject
 * with FormatError if the file has become shorter
 */
export async function fileSource(path: string): Promise<ByteSource> {
  const file = await openDataFile(path);
  return {
    size: file.size,
    async read(offset, length, signal) {
      checkRange(file, offset, length);
      signal?.throwIfAborted();
      const bytes = new Uint8Array(length);
      await file.read(bytes, offset);
      return bytes;
    },
    close: () => file.close(),
  };
}
