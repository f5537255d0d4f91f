/**
 * What a build is: an input, a model that all shards share, and how many shards. All that follows from it has names that
 * follow from it, so that whoever builds the same a second time finds what is there.
 */
import { FormatError, METRICS, type Metric } from '@sagitta/core-wasm';
import type { IvfIndex } from '@sagitta/retrieval';
import * as v from 'valibot';
import { hashOfJson, segmentKey } from './content.ts';
import { count, hash, readDocument, type SchemaOf, writeDocument } from './documents.ts';
import { AT_ONCE, inFlight } from './in-flight.ts';
import { type ObjectStorage, objectBytes } from './object-storage.ts';
import { MAX_ROWS, shardRange } from './shard-range.ts';

/** Kinds of indexes that segments are. */
export const KINDS: readonly IvfIndex['kind'][] = ['flat', 'ivf', 'graph'];

/** Describes a file of an input: what makes it another input. */
export interface InputFile {
  /** The last part of its path: machines may have it in different folders. */
  readonly name: string;
  readonly bytes: number;
}

/** Says what is built. */
export interface BuildPlan {
  /** SHA-256 of the model's file. */
  readonly model: string;
  readonly input: readonly InputFile[];
  /** Rows of the input. */
  readonly rows: number;
  readonly shards: number;
}

/** Describes a shard that is built. */
export interface ShardEntry {
  readonly format: 1;
  /** The build it belongs to: buildId of its plan. */
  readonly build: string;
  readonly model: string;
  readonly shard: number;
  readonly shards: number;
  /** Id of its first row: its rows have the ids that follow. */
  readonly firstId: number;
  readonly rows: number;
  /** Of all shards. */
  readonly totalRows: number;
  /** SHA-256 of the segment's file. */
  readonly segment: string;
  /** Of that file. */
  readonly bytes: number;
  readonly dimensions: number;
  readonly metric: Metric;
  readonly index: IvfIndex['kind'];
}

/** Names a build: the same plan has the same id, on every machine. */
export function buildId({ model, input, rows, shards }: BuildPlan): string {
  const files = input.map(({ name, bytes }) => ({ name, bytes }));
  return hashOfJson({ model, input: files, rows, shards });
}

/** Where entries lie. */
export const ENTRIES = 'shards/';
const entriesOf = (build: string): string => `${ENTRIES}${build}/`;
export const entryKey = (build: string, shard: number): string => shardKey(entriesOf(build), shard);

/** Where in a folder a document of a shard lies. */
export const shardKey = (folder: string, shard: number): string =>
  `${folder}${String(shard).padStart(6, '0')}.json`;

/** Numbers of the shards of which a folder has a document, by their names alone. */
export async function shardsIn(storage: ObjectStorage, folder: string): Promise<number[]> {
  const shards: number[] = [];
  for await (const { key } of storage.list(folder))
    shards.push(Number(key.slice(folder.length, -'.json'.length)));
  return shards;
}

/** Writes down that a shard is built. */
export function putEntry(storage: ObjectStorage, entry: ShardEntry): Promise<void> {
  return storage.put(entryKey(entry.build, entry.shard), objectBytes(writeDocument(entry)));
}

/**
 * What was written down of a shard; undefined where it is not built, or its segment is gone.
 * @throws FormatError where it is no entry of that shard
 */
export async function getEntry(
  storage: ObjectStorage,
  build: string,
  shard: number,
): Promise<ShardEntry | undefined> {
  const key = entryKey(build, shard);
  const bytes = await storage.get(key);
  const entry = bytes && readEntry(`${storage.name}/${key}`, bytes, build);
  if (entry && (await storage.size(segmentKey(entry.segment))) !== entry.bytes) return undefined;
  return entry;
}

/** Entries of the shards of a build that are built, in their order. @throws FormatError */
export async function listEntries(storage: ObjectStorage, build: string): Promise<ShardEntry[]> {
  const shards = await listShards(storage, build);
  const entries = await inFlight(AT_ONCE, shards, (shard) => getEntry(storage, build, shard));
  return entries.filter((entry) => entry !== undefined);
}

/** Numbers of the shards of a build of which there is an entry, by their names alone. */
export function listShards(storage: ObjectStorage, build: string): Promise<number[]> {
  return shardsIn(storage, entriesOf(build));
}

/** Ids of the builds of which there is a shard. */
export async function listBuilds(storage: ObjectStorage): Promise<string[]> {
  const builds = new Set<string>();
  for await (const { key } of storage.list(ENTRIES)) builds.add(key.split('/')[1] as string);
  return [...builds];
}

const ENTRY: SchemaOf<ShardEntry> = v.object({
  format: v.literal(1, 'format 1'),
  build: hash,
  model: hash,
  shard: count(0),
  shards: count(1),
  firstId: count(0),
  rows: count(1),
  totalRows: count(1),
  segment: hash,
  bytes: count(1),
  dimensions: count(1),
  metric: v.picklist(METRICS, `one of ${METRICS.join(', ')}`),
  index: v.picklist(KINDS, `one of ${KINDS.join(', ')}`),
});

function readEntry(place: string, bytes: Uint8Array, build: string): ShardEntry {
  const entry = readDocument(place, ENTRY, bytes);
  const { totalRows, shard, shards, firstId, rows } = entry;
  if (entry.build !== build) throw new FormatError(`${place}: expected build ${build}, got ${entry.build}`);
  if (shard < shards && shards <= totalRows && totalRows <= MAX_ROWS) {
    const range = shardRange(totalRows, shard, shards);
    if (range.firstId === firstId && range.rows === rows) return entry;
  }
  throw new FormatError(
    `${place}: expected the rows of a shard, got ${rows} from ${firstId} for shard ${shard} of ${shards} of ${totalRows} rows`,
  );
}
