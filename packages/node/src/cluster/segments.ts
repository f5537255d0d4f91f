/** Segments of a storage as indexes in memory, over copies in a folder, each of which is there whole and checked, or not at all. */
import { type Core, FormatError } from '@sagitta/core-wasm';
import { loadVectorIndex, sourceChunks, type VectorIndex } from '@sagitta/retrieval';
import { hashOf, segmentKey } from './content.ts';
import { folderObjects } from './folder-objects.ts';
import type { ManifestShard } from './manifest.ts';
import { type ObjectStorage, objectBytes } from './object-storage.ts';

/**
 * Loads a segment, which is fetched where the folder has no copy of it, or a damaged one. The caller disposes it.
 * @throws FormatError where the storage has no such object, or one whose bytes are others than its name says, or other rows than the manifest has; CapacityError, StorageError, UnavailableError
 */
export async function loadSegment(
  core: Core,
  storage: ObjectStorage,
  folder: string,
  shard: ManifestShard,
): Promise<VectorIndex> {
  const { segment, rows } = shard;
  const key = segmentKey(segment);
  const copies = folderObjects(folder);
  let bytes = await copies.get(key);
  if (!bytes || hashOf(objectBytes(bytes)) !== segment) {
    bytes = await fetched(storage, shard);
    await copies.put(key, objectBytes(bytes));
  }
  const index = loadVectorIndex(core, bytes);
  if (index.n === rows) return index;
  const { n } = index;
  index.dispose();
  throw new FormatError(`${storage.name}/${key}: expected ${rows} rows as the manifest says, got ${n}`);
}

/** The bytes of a segment, which are those that the manifest names. */
async function fetched(storage: ObjectStorage, { segment, bytes: size }: ManifestShard): Promise<Uint8Array> {
  const key = segmentKey(segment);
  const there = await storage.size(key);
  if (there !== size) {
    throw new FormatError(
      `${storage.name}/${key}: expected an object of ${size} bytes, got ${there ?? 'none'}`,
    );
  }
  const source = await storage.open(key);
  try {
    const bytes = await gathered(sourceChunks(source), source.size);
    const hash = hashOf(objectBytes(bytes));
    if (hash === segment) return bytes;
    throw new FormatError(`${storage.name}/${key}: expected bytes of that hash, got ${hash}`);
  } finally {
    await source.close?.();
  }
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
