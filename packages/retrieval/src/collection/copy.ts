/** Copies a collection from one store into another. */
import { sourceChunks } from '../files/byte-source.ts';
import { idsName, MANIFEST } from './format.ts';
import { readEntries } from './load-parts.ts';
import type { CollectionStore } from './store.ts';

/**
 * Copies files, then entries in one transaction: until then there is no collection in the target. Nothing of the source is
 * removed meanwhile.
 * @throws RangeError where there is none, or one in the target
 */
export async function copyCollection(source: CollectionStore, target: CollectionStore): Promise<void> {
  const entries = await readEntries(source);
  if (!entries) throw new RangeError(`"collection" expected one, got none in ${source.name}`);
  if (await readEntries(target)) {
    throw new RangeError(`"target" expected no collection, got one in ${target.name}`);
  }
  const { manifest, bytes, live, log } = entries;
  for (const { name } of manifest.segments) {
    for (const one of [name, idsName(name)]) {
      const file = await source.openFile(one);
      try {
        await target.writeFile(one, sourceChunks(file));
      } finally {
        await file.close?.();
      }
    }
  }
  await target.commit([{ key: MANIFEST, value: bytes }, ...live, ...log]);
}
