/** Ids of a collection that is served: integers below 2^32 − 1, each of one shard. */
import { checkInteger } from '@sagitta/core-wasm';
import { type ClusterManifest, ownerOf } from './manifest.ts';
import { MAX_ROWS } from './shard-range.ts';

/** The ids as u32. @throws TypeError, RangeError naming ids[i], also where one comes twice */
export function checkIds(ids: Iterable<number>): Uint32Array {
  const checked = eachId('ids', ids);
  const seen = new Set<number>();
  for (const [i, id] of checked.entries()) {
    if (seen.has(id)) throw new RangeError(`"ids[${i}]" expected each id once, got ${id} twice`);
    seen.add(id);
  }
  return Uint32Array.from(checked);
}

/** The ids of a filter by the numbers of their shards. @throws TypeError, RangeError naming filter[i] */
export function idsByShard(
  manifest: ClusterManifest,
  filter: Iterable<number>,
): ReadonlyMap<number, Uint32Array> {
  const byShard = new Map<number, number[]>(manifest.shards.map(({ id }) => [id, []]));
  for (const id of eachId('filter', filter)) byShard.get(ownerOf(manifest, id).id)?.push(id);
  return new Map([...byShard].map(([shard, ids]) => [shard, Uint32Array.from(ids)]));
}

function eachId(label: string, ids: Iterable<number>): number[] {
  if (typeof ids !== 'object' || !(Symbol.iterator in ids)) {
    throw new TypeError(`"${label}" expected ids, got ${typeof ids}`);
  }
  return Array.from(ids, (id, i) => checkInteger(`${label}[${i}]`, id, 0, MAX_ROWS - 1));
}
