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
  /** Id of its first row: its rows have the ids that follow. */
  readonly firstId: number;
  /** Of the segment's file. */
  readonly bytes: number;
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
  /** When it was made, in ISO 8601; nothing depends on it. */
  readonly created: string;
  /** Who made it. */
  readonly writer: string;
}

/** What of a manifest its shards say. */
export type ManifestContent = Pick<
  ClusterManifest,
  'build' | 'model' | 'metric' | 'dimensions' | 'index' | 'shards' | 'missing'
>;

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
      v.object({ id: count(0), segment: hash, rows: count(1), firstId: count(0), bytes: count(1) }),
      'a list of shards',
    ),
    v.minLength(1, 'at least one shard'),
  ),
  missing: v.array(count(0), 'a list of numbers'),
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
  for (const { id, rows, firstId } of manifest.shards) {
    // ids of two shards must not meet
    if (firstId < next) {
      throw new FormatError(`${place}: expected ids from ${next} on in shard ${id}, got ${firstId}`);
    }
    next = firstId + rows;
  }
  if (next <= MAX_ROWS) return manifest;
  throw new FormatError(`${place}: expected ids below ${MAX_ROWS}, got ${next - 1}`);
}
