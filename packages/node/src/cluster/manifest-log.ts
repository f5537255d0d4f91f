/**
 * The chain of manifests: each version is made once, by whoever is first. Here in a storage that refuses to create an object
 * twice; where none does, a key–value store that compares and swaps stands in (kv-manifests.ts).
 */
import { hostname } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import { FormatError } from '@sagitta/core-wasm';
import {
  type ClusterManifest,
  contentOfVersion,
  type ManifestContent,
  readManifest,
  writeManifest,
} from './manifest.ts';
import type { ObjectStorage } from './object-storage.ts';

/** Keeps versions of a manifest. */
export interface ManifestLog {
  /** The last version; undefined before the first. */
  head(): Promise<ClusterManifest | undefined>;
  /** A version; undefined where there is none. */
  at(version: number): Promise<ClusterManifest | undefined>;
  /**
   * Makes `manifest` the version after its parent. from — a version that has to be known still.
   * @returns false where somebody else has made one, or `from` is not known any more
   */
  append(manifest: ClusterManifest, from?: number): Promise<boolean>;
}

/** Names the object of a version. */
export interface KnownVersion {
  readonly version: number;
  readonly key: string;
}

/** Keeps versions as objects, which may be swept away. */
export interface ManifestChain extends ManifestLog {
  /** The last versions that are known, the newest first, at most `most`. */
  recent(most: number): Promise<readonly KnownVersion[]>;
  /** Knows the last `keep` versions alone from now on: nobody goes back to others. Their objects stay. */
  forget(keep: number): Promise<void>;
}

/** Versions that are known by their numbers at most. */
export const KNOWN_VERSIONS = 100;
/** Where versions lie. */
export const STORAGE_VERSIONS = 'manifests/';
/** Digits of a version in a key: keys are in the order of versions. */
const DIGITS = 20;
const keyOf = (version: number): string => `${STORAGE_VERSIONS}${String(version).padStart(DIGITS, '0')}.json`;

/** The chain in a storage that has conditional writes. */
export function storageManifests(storage: ObjectStorage): ManifestChain {
  const at = async (version: number): Promise<ClusterManifest | undefined> => {
    const key = keyOf(version);
    const bytes = await storage.get(key);
    return bytes && readManifest(`${storage.name}/${key}`, bytes);
  };
  const recent = async (most: number): Promise<KnownVersion[]> => {
    const keys: string[] = [];
    for await (const { key } of storage.list(STORAGE_VERSIONS)) keys.push(key);
    return keys
      .slice(-most)
      .reverse()
      .map((key) => {
        const version = Number(key.slice(STORAGE_VERSIONS.length, STORAGE_VERSIONS.length + DIGITS));
        if (Number.isSafeInteger(version)) return { version, key };
        throw new FormatError(`${storage.name}/${key}: expected the number of a version in its name`);
      });
  };
  return {
    at,
    recent,
    async head() {
      const [last] = await recent(1);
      return last && at(last.version);
    },
    async append(manifest, from) {
      if (from !== undefined && (await storage.size(keyOf(from))) === undefined) return false;
      return storage.create(keyOf(manifest.version), writeManifest(manifest));
    },
    // the objects are what is known
    forget: async () => undefined,
  };
}

/** Tells which version has what was published, and whether it was made for it. */
export interface Published {
  readonly manifest: ClusterManifest;
  readonly isNew: boolean;
}

/**
 * Makes content the next version; where somebody else was first, the one after theirs. Content that is the last version already
 * makes no other.
 */
export function publishManifest(log: ManifestLog, content: ManifestContent): Promise<Published> {
  return publishing(log, async () => content);
}

/** The same of content that is asked for before each try. from — the version that it is of, where it is of one. */
export async function publishing(
  log: ManifestLog,
  contentNow: () => Promise<ManifestContent>,
  from?: number,
): Promise<Published> {
  for (;;) {
    const content = await contentNow();
    const head = await log.head();
    if (head && isDeepStrictEqual(contentOfVersion(head), content)) return { manifest: head, isNew: false };
    const manifest = await appendVersion(log, head, content, from);
    if (manifest) return { manifest, isNew: true };
  }
}

/** Makes content the version after `head`. from — the version that it is of, where it is of one. @returns undefined where somebody else has made one */
export async function appendVersion(
  log: ManifestLog,
  head: ClusterManifest | undefined,
  content: ManifestContent,
  from?: number,
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
  return (await log.append(manifest, from)) ? manifest : undefined;
}
