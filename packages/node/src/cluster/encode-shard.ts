/** One shard of an input: its rows, coded by a model that was trained before, as a segment that is named by its content. */
import type { Core } from '@sagitta/core-wasm';
import { type IvfIndex, loadIndex, snapshotIndex } from '@sagitta/retrieval';
import { putContent, segmentKey } from './content.ts';
import type { ObjectStorage } from './object-storage.ts';
import { type BuildPlan, buildId, putEntry, type ShardEntry } from './plan.ts';
import { shardRange } from './shard-range.ts';

/**
 * Makes the model of an index file: an index without vectors, which codes as it does. The caller disposes it.
 * @throws FormatError on bytes that are none, RangeError on an index that has vectors
 */
export function loadModel(core: Core, bytes: Uint8Array): IvfIndex {
  const model = loadIndex(core, bytes);
  if (model.n === 0) return model;
  const { n } = model;
  model.dispose();
  throw new RangeError(`"model" expected an index without vectors, as train makes it, got one of ${n}`);
}

/**
 * Saves the index of a shard's rows as its segment, and writes down that it is built.
 * @throws RangeError where the index has other rows than the shard, StorageError
 */
export async function putShard(
  storage: ObjectStorage,
  plan: BuildPlan,
  shard: number,
  index: IvfIndex,
): Promise<ShardEntry> {
  const { firstId, rows } = shardRange(plan.rows, shard, plan.shards);
  if (index.n !== rows)
    throw new RangeError(`"index" expected the ${rows} rows of shard ${shard}, got ${index.n}`);
  using file = snapshotIndex(index);
  const segment = await putContent(storage, segmentKey, file);
  const entry: ShardEntry = {
    format: 1,
    build: buildId(plan),
    model: plan.model,
    shard,
    shards: plan.shards,
    firstId,
    rows,
    totalRows: plan.rows,
    segment,
    bytes: file.byteLength,
    dimensions: index.d,
    metric: index.metric,
    index: index.kind,
  };
  await putEntry(storage, entry);
  return entry;
}
