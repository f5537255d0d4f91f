/** Sweeping the place of a collection: which versions are kept, and which builds are under way, by what NATS knows. */
import { checkInteger, checkNumber, checkOptions, type OptionTable } from '@sagitta/core-wasm';
import { AT_ONCE, inFlight } from './in-flight.ts';
import { JobQueue } from './job-queue.ts';
import { checkCollection } from './jobs.ts';
import { KV_VERSIONS, kvManifests } from './kv-manifests.ts';
import { KNOWN_VERSIONS, type KnownVersion, type ManifestChain, storageManifests } from './manifest-log.ts';
import type { Nats } from './nats.ts';
import type { ObjectEntry, ObjectStorage } from './object-storage.ts';
import { sweepStorage } from './sweep.ts';
import { WriteStream } from './write-stream.ts';

/** Says what a sweep leaves. */
export interface SweepOptions {
  /** Last versions that stay, with all that they name. From 1 to 100, default 5. */
  readonly keep?: number;
  /** Milliseconds by the storage's clock: what was put later stays, and what it names. Default 24 hours. */
  readonly olderThanMs?: number;
  /** Tells what would go, and removes nothing. Default false. */
  readonly isDryRun?: boolean;
  /** Told of each object when it is gone. */
  readonly onRemoved?: (entry: ObjectEntry) => void;
}

/** Says what a sweep has done. */
export interface SweepReport {
  /** Versions that it was to leave, the newest first. */
  readonly kept: readonly number[];
  /** In the order in which they went. */
  readonly removed: readonly ObjectEntry[];
  /** Of what it removed. */
  readonly bytes: number;
  /** Number of the last write that is forgotten, since the segments of all versions that stay have it; 0: none. */
  readonly writes: number;
}

const OPTIONS: OptionTable<SweepOptions> = {
  keep: 'number',
  olderThanMs: 'number',
  isDryRun: 'boolean',
  onRemoved: 'function',
};
const KEEP = 5;
const DAY_MS = 24 * 3600 * 1000;

/**
 * Removes versions beyond the last ones, entries, folds, trainings, models and segments that no kept version needs and that
 * nobody has put lately. Whatever is younger stays, with what it names, so a build under way loses nothing. Writes that the segments of
 * all kept versions have are forgotten.
 * @throws RangeError on a collection without a version and on wrong options, FormatError where the place does not have the last
 * version, StorageError, UnavailableError
 */
export async function sweepCluster(
  nats: Nats,
  collection: string,
  storage: ObjectStorage,
  options: SweepOptions = {},
): Promise<SweepReport> {
  checkOptions('options', options, OPTIONS);
  const { isDryRun = false, onRemoved } = options;
  const keep = checkInteger('keep', options.keep ?? KEEP, 1, KNOWN_VERSIONS);
  const olderThanMs = checkNumber('olderThanMs', options.olderThanMs ?? DAY_MS, 0, Number.MAX_SAFE_INTEGER);
  const own = await kvManifests(nats, checkCollection(collection), storage);
  // else this is another place, or another NATS, and everything would look forgotten
  if (!(await own.head())) {
    throw new RangeError(
      `"collection" expected one of which a version is published, got ${JSON.stringify(collection)}`,
    );
  }
  // before anything goes: nobody can go back any more to what may be swept
  if (!isDryRun) await own.forget(keep);
  const queue = await JobQueue.open(nats);
  const plain = storageManifests(storage);
  const chains = new Map<string, ManifestChain>();
  const needed = async () => {
    const others = await keysOfOthers(nats, collection, storage, chains);
    const keepsOwn = keeping(await own.recent(keep), keep);
    const keepsPlain = keeping(await plain.recent(keep), keep);
    const keepsVersion = (key: string): boolean =>
      others.has(key) || (key.startsWith(KV_VERSIONS) ? keepsOwn(key) : keepsPlain(key));
    return { keepsVersion, builds: await queue.builds() };
  };
  const removed: ObjectEntry[] = [];
  await sweepStorage(storage, needed, {
    ...{ olderThanMs, isDryRun },
    onRemoved(entry) {
      removed.push(entry);
      onRemoved?.(entry);
    },
  });
  const kept = (await own.recent(keep)).map(({ version }) => version);
  const writes = await neededBefore(own, kept);
  if (writes > 0 && !isDryRun) await (await WriteStream.open(nats, collection)).forget(writes);
  return { kept, removed, bytes: removed.reduce((sum, { bytes }) => sum + bytes, 0), writes };
}

/** Number of the last write that the segments of all these versions have. */
async function neededBefore(log: ManifestChain, versions: readonly number[]): Promise<number> {
  const manifests = await inFlight(AT_ONCE, versions, (version) => log.at(version));
  return Math.min(...manifests.map((manifest) => manifest?.writes ?? 0));
}

/** Versions of other collections: a place may have several. */
async function keysOfOthers(
  nats: Nats,
  collection: string,
  storage: ObjectStorage,
  chains: Map<string, ManifestChain>,
): Promise<Set<string>> {
  const keys = new Set<string>();
  for (const bucket of await nats.buckets()) {
    const name = /^([\w-]+)_manifest$/.exec(bucket)?.[1];
    if (name === undefined || name === collection) continue;
    const chain = chains.get(name) ?? (await kvManifests(nats, name, storage));
    chains.set(name, chain);
    for (const { key } of await chain.recent(KNOWN_VERSIONS)) keys.add(key);
  }
  return keys;
}

/** Whether a manifest is one of the last `keep`. */
function keeping(recent: readonly KnownVersion[], keep: number): (key: string) => boolean {
  const keys = new Set(recent.map(({ key }) => key));
  const last = recent[0]?.version ?? 0;
  const first = recent.at(-1)?.version ?? 0;
  return (key) => {
    const version = Number(/\/(\d+)[-.]/.exec(key)?.[1]);
    // one that is being made, or of a number whose right one was never listed; others have lost a race, or are too old
    const isOpen = version > last || (version < first && version > last - keep);
    return keys.has(key) || isOpen || Number.isNaN(version);
  };
}
