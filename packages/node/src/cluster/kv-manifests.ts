/**
 * The chain of manifests where the storage has no conditions: a key of JetStream's key–value store names the last versions and is
 * compared and swapped. The versions are objects whose names have their hash, so that two of one number do not meet.
 */
import { FormatError } from '@sagitta/core-wasm';
import * as v from 'valibot';
import { hashOf } from './content.ts';
import { count, hash, readDocument, type SchemaOf, writeDocument } from './documents.ts';
import { type ClusterManifest, readManifest, writeManifest } from './manifest.ts';
import { KNOWN_VERSIONS, type ManifestChain } from './manifest-log.ts';
import { isTaken, type Nats } from './nats.ts';
import type { KeyValueEntry } from './nats-client.ts';
import { type ObjectStorage, objectBytes } from './object-storage.ts';

/** Names a version that was made. */
interface Named {
  readonly version: number;
  /** SHA-256 of the manifest's bytes. */
  readonly manifest: string;
}

/** The value of the key: the last version, and those before it, the newest first. */
interface Head extends Named {
  readonly before: readonly Named[];
}

const NAMED = { version: count(1), manifest: hash };
/** Written before versions were listed, it names the last alone. */
const HEAD: SchemaOf<Head> = v.object({
  ...NAMED,
  before: v.optional(v.array(v.object(NAMED), 'a list of versions'), []),
});
const KEY = 'head';
const DIGITS = 20;
/** Where versions lie. */
export const KV_VERSIONS = 'versions/';
const keyOf = ({ version, manifest }: Named): string =>
  `${KV_VERSIONS}${String(version).padStart(DIGITS, '0')}-${manifest}.json`;

/** The chain of a collection whose objects are in a storage. The last 100 versions are known by their numbers. */
export async function kvManifests(
  nats: Nats,
  collection: string,
  storage: ObjectStorage,
): Promise<ManifestChain> {
  const name = `${collection}_manifest`;
  const bucket = await nats.bucket(name);
  const entry = async (): Promise<KeyValueEntry | undefined> => {
    const found = await nats.asking(() => bucket.get(KEY));
    return found?.operation === 'PUT' ? found : undefined;
  };
  /** The versions that `found` names, the newest first. */
  const named = (found: KeyValueEntry | undefined): readonly Named[] => {
    if (!found) return [];
    const { before, ...last } = readDocument(`${name}/${KEY}`, HEAD, found.value);
    return [last, ...before];
  };
  /** Puts a list of versions in the place of what was found. @returns false where it is another by now */
  const swapped = async (
    found: KeyValueEntry | undefined,
    last: Named,
    before: readonly Named[],
  ): Promise<boolean> => {
    const bytes = writeDocument({ ...last, before });
    try {
      await nats.asking(() =>
        found ? bucket.update(KEY, bytes, found.revision) : bucket.create(KEY, bytes),
      );
      return true;
    } catch (error) {
      if (isTaken(error)) return false;
      throw error;
    }
  };
  /** What was read last: whoever looks for a new version asks for the same again and again, and what has a hash does not change. */
  let cached: { readonly hash: string; readonly manifest: ClusterManifest } | undefined;
  const read = async (of: Named): Promise<ClusterManifest | undefined> => {
    if (cached?.hash === of.manifest) return cached.manifest;
    const bytes = await storage.get(keyOf(of));
    if (!bytes) return undefined;
    const manifest = readManifest(`${storage.name}/${keyOf(of)}`, bytes);
    cached = { hash: of.manifest, manifest };
    return manifest;
  };
  return {
    async head() {
      const [last] = named(await entry());
      if (!last) return undefined;
      const manifest = await read(last);
      if (manifest) return manifest;
      throw new FormatError(`${storage.name}: expected the object ${keyOf(last)}, got none`);
    },
    async at(version) {
      const one = named(await entry()).find((other) => other.version === version);
      return one && read(one);
    },
    async append(manifest, from) {
      const found = await entry();
      const known = named(found);
      if ((known[0]?.version ?? 0) !== manifest.parent) return false;
      if (from !== undefined && !known.some(({ version }) => version === from)) return false;
      const bytes = objectBytes(writeManifest(manifest));
      const last: Named = { version: manifest.version, manifest: hashOf(bytes) };
      // before it is named; of one that loses nobody knows
      await storage.put(keyOf(last), bytes);
      if (await swapped(found, last, known.slice(0, KNOWN_VERSIONS - 1))) return true;
      // a try whose answer was lost has done it
      return named(await entry()).some((one) => one.manifest === last.manifest);
    },
    async recent(most) {
      return named(await entry())
        .slice(0, most)
        .map((one) => ({ version: one.version, key: keyOf(one) }));
    },
    async forget(keep) {
      for (;;) {
        const found = await entry();
        const [last, ...before] = named(found);
        if (!last || before.length < keep) return;
        if (await swapped(found, last, before.slice(0, keep - 1))) return;
      }
    },
  };
}
