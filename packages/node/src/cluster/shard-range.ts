/** Which rows of an input a shard has: contiguous ranges, so that an id is a row number, and the first id and a local one tell it. */
import { checkInteger } from '@sagitta/core-wasm';

/** Names the rows first … first+rows−1 of an input. */
export interface ShardRange {
  readonly firstId: number;
  readonly rows: number;
}

/** The most rows of all shards together: ids are u32, and the last one says that there is none. */
export const MAX_ROWS: number = 2 ** 32 - 1;

/**
 * Gives the rows that a shard gets of `total`: ranges in the order of shards whose sizes differ by one at most.
 * @throws RangeError on a shard that is none of 0 … shards−1, on fewer rows than shards, and on more than 2^32 − 1
 */
export function shardRange(total: number, shard: number, shards: number): ShardRange {
  checkInteger('total', total, 0, MAX_ROWS);
  checkInteger('shards', shards, 1, Math.max(1, total));
  checkInteger('shard', shard, 0, shards - 1);
  // products of two u32 are not exact in a number
  const at = (i: number): number => Number((BigInt(i) * BigInt(total)) / BigInt(shards));
  const firstId = at(shard);
  return { firstId, rows: at(shard + 1) - firstId };
}
