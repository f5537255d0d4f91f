/** How vectors are dealt to the shards of an index: in runs, in turn, so that a local id and its shard tell the global id. */

/** Vectors that go to one shard before the next gets some. */
export const SHARD_ROWS = 1024;

/** The global id of the vector that a shard knows as `local`. */
export function globalId(local: number, shard: number, shards: number): number {
  const run = Math.floor(local / SHARD_ROWS);
  return (run * shards + shard) * SHARD_ROWS + (local % SHARD_ROWS);
}

/** The shard that has a global id. */
export function shardOf(id: number, shards: number): number {
  return Math.floor(id / SHARD_ROWS) % shards;
}

/** How its shard knows a global id. */
export function localId(id: number, shards: number): number {
  return Math.floor(id / (SHARD_ROWS * shards)) * SHARD_ROWS + (id % SHARD_ROWS);
}

/** Vectors of a shard where there are n in all. */
export function shardSize(n: number, shard: number, shards: number): number {
  const round = SHARD_ROWS * shards;
  const rest = (n % round) - shard * SHARD_ROWS;
  return Math.floor(n / round) * SHARD_ROWS + Math.min(Math.max(rest, 0), SHARD_ROWS);
}
