/**
 * What is served: a list of segments and the ids of their rows. A manifest never changes; a new one has the next version. Readers
 * go on with theirs until they have taken in the next.
 */
import { FormatError, METRICS, type Metric } from '@sagitta/core-wasm';
import type { IvfIndex } from '@sagitta/retrieval';
import * as v from 'valibot';
import { count, hash, readDocument, type SchemaOf, writeDocument } from './documents.ts';
import { KINDS, type ShardEntry } from './plan.ts';
import { MAX_ROWS } from './shard-range.ts';

/** Describes a shard of what is served. */
export interface ManifestShard {
  /** Number of the shard. */
  readonly id: number;
  /** SHA-256 of its segment, which is its name and checksum. */
  readonly segment: string;
  readonly rows: number;
  /** Its first id: row i of its segment has the id firstId + i, where the segment says no ids of its own. */
  readonly firstId: number;
  /** Of the segment's file. */
  readonly bytes: number;
  /** Ids from firstId on that are its own, whether they are there or not. Default: as many as rows; where writes were folded in, those may differ. */
  readonly span?: number | undefined;
}

/** Describes a version of what is served. */
export interface ClusterManifest {
  readonly format: 1;
  readonly version: number;
  /** The version before; 0: none. */
  readonly parent: number;
  /** The build that it is made of. */
  readonly build: string;
  /** SHA-256 of the model's file. */
  readonly model: string;
  readonly metric: Metric;
  readonly dimensions: number;
  readonly index: IvfIndex['kind'];
  /** In the order of ids. */
  readonly shards: readonly ManifestShard[];
  /** Numbers of shards that were left out because they could not be built. */
  readonly missing: readonly number[];
  /** Number of the last write that the segments have: those that follow are applied by whoever serves them. Default 0. */
  readonly writes?: number | undefined;
  /** When it was made, in ISO 8601; nothing depends on it. */
  readonly created: string;
  /** Who made it. */
  readonly writer: string;
}

/** What a manifest serves: all of it but what makes it that version. */
export type ManifestContent = Omit<ClusterManifest, 'format' | 'version' | 'parent' | 'created' | 'writer'>;

/** The content of a version, which another version may have as well. */
export function contentOfVersion(manifest: ClusterManifest): ManifestContent {
  const {
    format: _format,
    version: _version,
    parent: _parent,
    created: _created,
    writer: _writer,
    ...content
  } = manifest;
  return content;
}

/** Ids from firstId on that are a shard's own. */
export const spanOf = ({ rows, span = rows }: ManifestShard): number => span;

/** The shard that an id's writes belong to: the one of whose ids it is, and for ids beyond all of them the one that its remainder tells. */
export function ownerOf({ shards }: Pick<ClusterManifest, 'shards'>, id: number): ManifestShard {
  let [low, high] = [0, shards.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((shards[middle] as ManifestShard).firstId <= id) low = middle + 1;
    else high = middle;
  }
  const before = shards[low - 1];
  if (before && id < before.firstId + spanOf(before)) return before;
  return shards[id % shards.length] as ManifestShard;
}

/**
 * Puts the entries of a build's shards together.
 * @throws RangeError where shards are missing, unless allowed; FormatError where entries do not go together
 */
export function contentOf(
  entries: readonly ShardEntry[],
  { allowMissing = false }: { readonly allowMissing?: boolean } = {},
): ManifestContent {
  const [head] = entries;
  if (!head) throw new RangeError('"build" expected one of which shards are built, got none');
  const { build, model, dimensions, metric, index, shards: total, totalRows } = head;
  for (const entry of entries) {
    for (const name of ['build', 'model', 'dimensions', 'metric', 'index', 'shards', 'totalRows'] as const) {
      if (entry[name] === head[name]) continue;
      throw new FormatError(
        `shard ${entry.shard} of build ${build}: "${name}" expected ${head[name]} as shard ${head.shard} has, got ${entry[name]}`,
      );
    }
  }
  const byNumber = new Map(entries.map((entry) => [entry.shard, entry]));
  const missing = Array.from({ length: total }, (_, shard) => shard).filter((shard) => !byNumber.has(shard));
  if (missing.length > 0 && !allowMissing) {
    const some = missing.slice(0, 10).join(', ');
    throw new RangeError(
      `"build" expected all ${total} shards of ${totalRows} rows, got ${byNumber.size}: ${some}${missing.length > 10 ? ', …' : ''} missing`,
    );
  }
  const shards = [...byNumber.values()]
    .sort((a, b) => a.shard - b.shard)
    .map(({ shard, segment, rows, firstId, bytes }) => ({ id: shard, segment, rows, firstId, bytes }));
  return { build, model, metric, dimensions, index, shards, missing };
}

/** Whether ids belong to the shards of the same numbers. */
export function isOwnedAlike(a: ClusterManifest, b: ClusterManifest): boolean {
  const owners = ({ shards }: ClusterManifest): string =>
    JSON.stringify(shards.map((shard) => [shard.id, shard.firstId, spanOf(shard)]));
  return owners(a) === owners(b);
}

const MANIFEST: SchemaOf<ClusterManifest> = v.object({
  format: v.literal(1, 'format 1'),
  version: count(1),
  parent: count(0),
  build: hash,
  model: hash,
  metric: v.picklist(METRICS, `one of ${METRICS.join(', ')}`),
  dimensions: count(1),
  index: v.picklist(KINDS, `one of ${KINDS.join(', ')}`),
  shards: v.pipe(
    v.array(
      v.object({
        ...{ id: count(0), segment: hash, rows: count(0), firstId: count(0), bytes: count(1) },
        span: v.optional(count(1)),
      }),
      'a list of shards',
    ),
    v.minLength(1, 'at least one shard'),
  ),
  missing: v.array(count(0), 'a list of numbers'),
  writes: v.optional(count(0)),
  created: v.string('a time'),
  writer: v.string('a name'),
});

/** The bytes of a manifest. */
export function writeManifest(manifest: ClusterManifest): Uint8Array {
  return writeDocument(manifest);
}

/** place — what the bytes are, for errors. @throws FormatError naming the place */
export function readManifest(place: string, bytes: Uint8Array): ClusterManifest {
  const manifest = readDocument(place, MANIFEST, bytes);
  let next = 0;
  for (const shard of manifest.shards) {
    const { id, rows, firstId, span } = shard;
    // ids of two shards must not meet
    if (firstId < next) {
      throw new FormatError(`${place}: expected ids from ${next} on in shard ${id}, got ${firstId}`);
    }
    if (rows === 0 && span === undefined) {
      throw new FormatError(`${place}: expected rows in shard ${id}, which has no span, got none`);
    }
    next = firstId + spanOf(shard);
  }
  if (next <= MAX_ROWS) return manifest;
  throw new FormatError(`${place}: expected ids below ${MAX_ROWS}, got ${next - 1}`);
}
