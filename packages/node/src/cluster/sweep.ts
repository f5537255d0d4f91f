/**
 * Removes what nobody needs any more. Documents name objects by their hashes: manifests, entries of shards, trainings. First those
 * documents go that are old and of no use, then the old objects that no document names: a sweep that is killed leaves objects that
 * are named by nobody, which the next one takes, and never a name without its object.
 */
import { randomUUID } from 'node:crypto';
import { FormatError } from '@sagitta/core-wasm';
import * as v from 'valibot';
import { CONTENT_FOLDERS } from './content.ts';
import { hash, readDocument } from './documents.ts';
import { FOLDS } from './fold.ts';
import { AT_ONCE, inFlight } from './in-flight.ts';
import type { QueuedBuild } from './job-queue.ts';
import { KV_VERSIONS } from './kv-manifests.ts';
import { STORAGE_VERSIONS } from './manifest-log.ts';
import { type ObjectEntry, type ObjectStorage, objectBytes } from './object-storage.ts';
import { ENTRIES } from './plan.ts';
import { TRAININGS } from './trainings.ts';

/** What is needed besides what the storage tells. */
export interface Needed {
  /** Whether the manifest under a key is one of the versions that are kept. */
  readonly keepsVersion: (key: string) => boolean;
  /** Builds with jobs in the queue: beginnings of their ids, and their models. */
  readonly builds: readonly QueuedBuild[];
}

/** Says how a storage is swept. */
export interface SweepStorageOptions {
  /** Younger things stay, and what they name. */
  readonly olderThanMs: number;
  /** Nothing is removed. */
  readonly isDryRun: boolean;
  readonly onRemoved: (entry: ObjectEntry) => void;
}

/** Says when the storage made a thing of now. */
const CLOCK = 'clock/';
/** Begins the name of what asks a storage whether it has conditions. */
const QUESTION = 'conditions-';
const DOCUMENTS = [KV_VERSIONS, STORAGE_VERSIONS, ENTRIES, FOLDS, TRAININGS] as const;
/** Objects that are removed between two looks at the documents. */
const BATCH = 256;
const HASH = /[0-9a-f]{64}/g;

/** needed — asked before each step. */
export async function sweepStorage(
  storage: ObjectStorage,
  needed: () => Promise<Needed>,
  options: SweepStorageOptions,
): Promise<void> {
  await new Sweep(storage, needed, options, await oldest(storage, options.olderThanMs)).run();
}

class Sweep {
  readonly #storage: ObjectStorage;
  readonly #needed: () => Promise<Needed>;
  readonly #options: SweepStorageOptions;
  /** What was modified before is old. */
  readonly #limit: number;
  /** Documents, by what they were when they were read. */
  readonly #read = new Map<string, Promise<Uint8Array | undefined>>();
  /** Keys of documents that have gone, or would go. */
  readonly #gone = new Set<string>();

  constructor(
    storage: ObjectStorage,
    needed: () => Promise<Needed>,
    options: SweepStorageOptions,
    limit: number,
  ) {
    this.#storage = storage;
    this.#needed = needed;
    this.#options = options;
    this.#limit = limit;
  }

  async run(): Promise<void> {
    for (const documents of await this.#documents()) await this.#remove(documents);
    const unnamed = (await this.#listed(...CONTENT_FOLDERS)).filter(
      (entry) => this.#isOld(entry) && contentHash(entry.key) !== undefined,
    );
    for (let at = 0; at < unnamed.length; at += BATCH) {
      const named = await this.#named();
      const batch = unnamed.slice(at, at + BATCH);
      await this.#remove(batch.filter(({ key }) => !named.has(contentHash(key) as string)));
    }
    await this.#checkVersions(unnamed);
    const left = await this.#listed(CLOCK, QUESTION);
    await this.#remove(left.filter((entry) => this.#isOld(entry)));
  }

  /** What was forgotten may have been published again in the last moment. @throws FormatError naming an object that a version lacks now */
  async #checkVersions(candidates: readonly ObjectEntry[]): Promise<void> {
    if (this.#options.isDryRun) return;
    const versions = await this.#listed(KV_VERSIONS, STORAGE_VERSIONS);
    const named = await this.#hashesOf(versions);
    const lost = candidates.find(({ key }) => this.#gone.has(key) && named.has(contentHash(key) as string));
    if (!lost || (await this.#storage.size(lost.key)) !== undefined) return;
    throw new FormatError(
      `${this.#storage.name}: expected no version with objects that were forgotten, got one with ${lost.key}, published while it was removed: build it again`,
    );
  }

  #isOld({ modified }: ObjectEntry): boolean {
    return modified < this.#limit;
  }

  async #listed(...prefixes: readonly string[]): Promise<ObjectEntry[]> {
    const entries: ObjectEntry[] = [];
    for (const prefix of prefixes) for await (const entry of this.#storage.list(prefix)) entries.push(entry);
    return entries;
  }

  /** Documents of no use, one kind after the other as they may go. */
  async #documents(): Promise<readonly (readonly ObjectEntry[])[]> {
    const { keepsVersion, builds } = await this.#needed();
    const versions = await this.#listed(KV_VERSIONS, STORAGE_VERSIONS);
    const goingVersions = versions.filter((entry) => this.#isOld(entry) && !keepsVersion(entry.key));
    const named = await this.#hashesOf(without(versions, goingVersions));
    for (const { model } of builds) if (model !== undefined) named.add(model);
    const entries = await this.#listed(ENTRIES);
    // a build of which a shard is young is under way, with all its shards
    const underWay = new Set(entries.filter((entry) => !this.#isOld(entry)).map(({ key }) => buildOf(key)));
    const forgotten = entries.filter(
      ({ key }) => !underWay.has(buildOf(key)) && !builds.some(({ id }) => buildOf(key).startsWith(id)),
    );
    const goingEntries = await this.#notNaming('segment', forgotten, named);
    for (const one of await this.#hashesOf(without(entries, goingEntries))) named.add(one);
    const folds = (await this.#listed(FOLDS)).filter((entry) => this.#isOld(entry));
    const goingFolds = await this.#notNaming('segment', folds, named);
    const trainings = (await this.#listed(TRAININGS)).filter((entry) => this.#isOld(entry));
    return [goingVersions, goingEntries, goingFolds, await this.#notNaming('model', trainings, named)];
  }

  /** Documents of which `member` is none of the hashes. */
  async #notNaming(
    member: 'segment' | 'model',
    documents: readonly ObjectEntry[],
    hashes: ReadonlySet<string>,
  ): Promise<ObjectEntry[]> {
    const schema = v.object({ [member]: hash });
    const names = await inFlight(AT_ONCE, documents, async (entry) => {
      const bytes = await this.#bytesOf(entry);
      return bytes && readDocument(`${this.#storage.name}/${entry.key}`, schema, bytes)[member];
    });
    return documents.filter((_, i) => names[i] !== undefined && !hashes.has(names[i]));
  }

  /** All hashes that are named now. */
  async #named(): Promise<Set<string>> {
    const { builds } = await this.#needed();
    const documents = await this.#listed(...DOCUMENTS);
    const named = await this.#hashesOf(documents.filter(({ key }) => !this.#gone.has(key)));
    for (const { model } of builds) if (model !== undefined) named.add(model);
    return named;
  }

  /** Hashes in documents, whatever the members are called that have them. */
  async #hashesOf(documents: readonly ObjectEntry[]): Promise<Set<string>> {
    const all = await inFlight(AT_ONCE, documents, async (entry) => {
      const bytes = await this.#bytesOf(entry);
      return bytes ? (new TextDecoder().decode(bytes).match(HASH) ?? []) : [];
    });
    return new Set(all.flat());
  }

  /** Each version of a document is read once. */
  #bytesOf({ key, modified }: ObjectEntry): Promise<Uint8Array | undefined> {
    const name = `${key} ${modified}`;
    const bytes = this.#read.get(name) ?? this.#storage.get(key);
    this.#read.set(name, bytes);
    return bytes;
  }

  /** Removes what is still as it was listed. */
  async #remove(entries: readonly ObjectEntry[]): Promise<void> {
    const { isDryRun, onRemoved } = this.#options;
    for (const entry of entries) this.#gone.add(entry.key);
    if (isDryRun) return entries.forEach(onRemoved);
    await inFlight(AT_ONCE, entries, async (entry) => {
      const now = (await this.#listed(entry.key)).find(({ key }) => key === entry.key);
      // what was put again is used again
      if (now?.modified !== entry.modified) return void this.#gone.delete(entry.key);
      await this.#storage.remove(entry.key);
      onRemoved(entry);
    });
  }
}

/** The time of the storage's clock before which things are old; two machines' clocks may differ. */
async function oldest(storage: ObjectStorage, olderThanMs: number): Promise<number> {
  const key = `${CLOCK}${randomUUID()}`;
  await storage.put(key, objectBytes(new TextEncoder().encode('May be removed.')));
  try {
    for await (const { modified } of storage.list(key)) return modified - olderThanMs;
  } finally {
    await storage.remove(key);
  }
  throw new FormatError(`${storage.name}: expected a list with the object ${key} that was put, got none`);
}

const buildOf = (entryKey: string): string => entryKey.split('/')[1] as string;

/** The hash that an object of content is named by; undefined of others, which are not ours. */
function contentHash(key: string): string | undefined {
  return /\/([0-9a-f]{64})\.\w+$/.exec(key)?.[1];
}

function without(entries: readonly ObjectEntry[], gone: readonly ObjectEntry[]): ObjectEntry[] {
  const keys = new Set(gone.map(({ key }) => key));
  return entries.filter(({ key }) => !keys.has(key));
}
