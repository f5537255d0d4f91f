/**
 * The chain of manifests: each version is made once, by whoever is first. Here in a storage that refuses to create an object
 * twice; where none does, a key–value store that compares and swaps stands in (kv-manifests.ts).
 */
import { hostname } from 'node:os';
import { FormatError } from '@sagitta/core-wasm';
import { type ClusterManifest, type ManifestContent, readManifest, writeManifest } from './manifest.ts';
import type { ObjectStorage } from './object-storage.ts';

/** Keeps versions of a manifest. */
export interface ManifestLog {
  /** The last version; undefined before the first. */
  head(): Promise<ClusterManifest | undefined>;
  /** A version; undefined where there is none. */
  at(version: number): Promise<ClusterManifest | undefined>;
  /** Makes `manifest` the version after its parent. @returns false where somebody else has made one */
  append(manifest: ClusterManifest): Promise<boolean>;
}

const FOLDER = 'manifests/';
/** Digits of a version in a key: keys are in the order of versions. */
const DIGITS = 20;
const keyOf = (version: number): string => `${FOLDER}${String(version).padStart(DIGITS, '0')}.json`;

/** The chain in a storage that has conditional writes. */
export function storageManifests(storage: ObjectStorage): ManifestLog {
  const at = async (version: number): Promise<ClusterManifest | undefined> => {
    const key = keyOf(version);
    const bytes = await storage.get(key);
    return bytes && readManifest(`${storage.name}/${key}`, bytes);
  };
  return {
    at,
    async head() {
      let last: string | undefined;
      for await (const { key } of storage.list(FOLDER)) last = key;
      if (last === undefined) return undefined;
      const version = Number(last.slice(FOLDER.length, FOLDER.length + DIGITS));
      if (!Number.isSafeInteger(version)) {
        throw new FormatError(`${storage.name}/${last}: expected the number of a version in its name`);
      }
      return at(version);
    },
    append: (manifest) => storage.create(keyOf(manifest.version), writeManifest(manifest)),
  };
}

/**
 * Makes content the next version; where somebody else was first, the one after theirs. Content that is the last version already
 * makes no other.
 * @returns the version that has it, and whether it is new
 */
export async function publishManifest(
  log: ManifestLog,
  content: ManifestContent,
): Promise<{ readonly manifest: ClusterManifest; readonly isNew: boolean }> {
  for (;;) {
    const head = await log.head();
    if (head && isSame(head, content)) return { manifest: head, isNew: false };
    const manifest = await appendVersion(log, head, content);
    if (manifest) return { manifest, isNew: true };
  }
}

/** Makes content the version after `head`. @returns undefined where somebody else has made one */
export async function appendVersion(
  log: ManifestLog,
  head: ClusterManifest | undefined,
  content: ManifestContent,
): Promise<ClusterManifest | undefined> {
  const parent = head?.version ?? 0;
  const manifest: ClusterManifest = {
    format: 1,
    version: parent + 1,
    parent,
    ...content,
    created: new Date().toISOString(),
    writer: `${hostname()}/${process.pid}`,
  };
  return (await log.append(manifest)) ? manifest : undefined;
}

/** Whether a version is of the same build and has the same shards. */
function isSame(head: ClusterManifest, content: ManifestContent): boolean {
  const shards = (of: ManifestContent): string =>
    JSON.stringify([of.build, of.writes ?? 0, of.shards.map(({ id, segment }) => [id, segment])]);
  return shards(head) === shards(content);
}
