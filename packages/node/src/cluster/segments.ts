/** Segments of a storage as indexes in memory, over copies in a folder, each of which is there whole and checked, or not at all. */
import { type Core, FormatError } from '@sagitta/core-wasm';
import { loadVectorIndex, sourceChunks, type VectorIndex } from '@sagitta/retrieval';
import { hashOf, segmentKey } from './content.ts';
import { folderObjects } from './folder-objects.ts';
import type { ManifestShard } from './manifest.ts';
import { type ObjectStorage, objectBytes } from './object-storage.ts';

/**
 * Loads a segment, which is fetched where the folder does not have it. The caller disposes it.
 * @throws FormatError where its bytes are others than its name says, or other rows than the manifest has; CapacityError, StorageError, UnavailableError
 */
export async function loadSegment(
  core: Core,
  storage: ObjectStorage,
  folder: string,
  { segment, rows, bytes: size }: ManifestShard,
): Promise<VectorIndex> {
  const key = segmentKey(segment);
  const copies = folderObjects(folder);
  let bytes = await copies.get(key);
  if (bytes?.length !== size) {
    const source = await storage.open(key);
    try {
      await copies.put(key, objectBytes(await gathered(sourceChunks(source), source.size)));
    } finally {
      await source.close?.();
    }
    bytes = await copies.get(key);
  }
  if (!bytes || hashOf(objectBytes(bytes)) !== segment) {
    await copies.remove(key);
    throw new FormatError(`${storage.name}/${key}: expected bytes of that hash, got others`);
  }
  const index = loadVectorIndex(core, bytes);
  if (index.n === rows) return index;
  const { n } = index;
  index.dispose();
  throw new FormatError(`${storage.name}/${key}: expected ${rows} rows as the manifest says, got ${n}`);
}

/** Removes the copy of a segment, if there is one. */
export function dropCopy(folder: string, segment: string): Promise<void> {
  return folderObjects(folder).remove(segmentKey(segment));
}

async function gathered(chunks: AsyncIterable<Uint8Array>, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let at = 0;
  for await (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
