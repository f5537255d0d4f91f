/**
 * The chain of manifests where the storage has no conditions: a key of JetStream's key–value store names the last version and is
 * compared and swapped. The versions are objects whose names have their hash, so that two of one number do not meet.
 */
import * as v from 'valibot';
import { hashOf } from './content.ts';
import { count, hash, readDocument, type SchemaOf, writeDocument } from './documents.ts';
import { type ClusterManifest, readManifest, writeManifest } from './manifest.ts';
import type { ManifestLog } from './manifest-log.ts';
import { isTaken, type Nats } from './nats.ts';
import { type ObjectStorage, objectBytes } from './object-storage.ts';

interface Head {
  readonly version: number;
  /** SHA-256 of the manifest's bytes. */
  readonly manifest: string;
}

const HEAD: SchemaOf<Head> = v.object({ version: count(1), manifest: hash });
const KEY = 'head';
const DIGITS = 20;
const folderOf = (version: number): string => `versions/${String(version).padStart(DIGITS, '0')}-`;
const keyOf = ({ version, manifest }: Head): string => `${folderOf(version)}${manifest}.json`;

/** The chain of a collection whose objects are in a storage. */
export async function kvManifests(
  nats: Nats,
  collection: string,
  storage: ObjectStorage,
): Promise<ManifestLog> {
  const bucket = await nats.bucket(`${collection}_manifest`);
  const entry = async () => {
    const found = await nats.asking(() => bucket.get(KEY));
    return found?.operation === 'PUT' ? found : undefined;
  };
  const read = async (head: Head): Promise<ClusterManifest | undefined> => {
    const bytes = await storage.get(keyOf(head));
    return bytes && readManifest(`${storage.name}/${keyOf(head)}`, bytes);
  };
  return {
    async head() {
      const found = await entry();
      return found && read(readDocument(`${collection}/${KEY}`, HEAD, found.value));
    },
    async at(version) {
      // of two that were written the one that the next names as its parent cannot be told: only the last is asked for by number
      const found = await entry();
      const head = found && readDocument(`${collection}/${KEY}`, HEAD, found.value);
      return head?.version === version ? read(head) : undefined;
    },
    async append(manifest) {
      const found = await entry();
      const last = found ? readDocument(`${collection}/${KEY}`, HEAD, found.value).version : 0;
      if (last !== manifest.parent) return false;
      const bytes = writeManifest(manifest);
      const head: Head = { version: manifest.version, manifest: hashOf(objectBytes(bytes)) };
      // before it is named; of one that loses nobody knows
      await storage.put(keyOf(head), objectBytes(bytes));
      try {
        await nats.asking(() =>
          found
            ? bucket.update(KEY, writeDocument(head), found.revision)
            : bucket.create(KEY, writeDocument(head)),
        );
        return true;
      } catch (error) {
        if (!isTaken(error)) throw error;
        // a try whose answer was lost has done it
        const now = await entry();
        return now !== undefined && readDocument(KEY, HEAD, now.value).manifest === head.manifest;
      }
    },
  };
}
