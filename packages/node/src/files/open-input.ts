/**
 * Opens what a command or caller names: a file, "-" for standard input, a pipe, or an object, s3://bucket/key. What cannot be read twice is first
 * copied into a temporary file, which has no name any more when the copy is done.
 */

import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DataFile, dataFileOf, openDataFile } from './data-file.ts';
import { isObjectPath } from './object-path.ts';

/** The path that stands for standard input. */
export const STANDARD_INPUT = '-';

/**
 * @throws RangeError if there is no such object, FormatError if the file is empty or neither a regular file nor a pipe; the system's own error if it cannot be
 * opened
 */
export async function openInput(path: string): Promise<DataFile> {
  if (path === STANDARD_INPUT) return spooled('standard input', process.stdin);
  if (isObjectPath(path)) {
    const { openObject } = await import('../cluster/input-objects.ts');
    return openObject(path);
  }
  if ((await stat(path)).isFIFO()) return spooled(path, createReadStream(path));
  return openDataFile(path);
}

async function spooled(path: string, stream: AsyncIterable<Uint8Array | string>): Promise<DataFile> {
  const folder = await mkdtemp(join(tmpdir(), 'sagitta-input-'));
  try {
    const handle = await open(join(folder, 'input'), 'wx+', 0o600);
    try {
      for await (const piece of stream) {
        const bytes = Buffer.from(piece);
        for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at)).bytesWritten;
      }
    } catch (error) {
      await handle.close();
      throw error;
    }
    return await dataFileOf(path, handle);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
