/** How vectors are dealt to the shards of an index: in runs, in turn, so that a local id and its shard tell the global id. */

/** Vectors that go to one shard before the next gets some. */
export const SHARD_ROWS = 1024;

/** The global id of the vector that a shard knows as `local`. */
export function globalId(local: number, shard: number, shards: number): number {
  const run = Math.floor(local / SHARD_ROWS);
  return (run * shards + shard) * SHARD_ROWS + (local % SHARD_ROWS);
}
