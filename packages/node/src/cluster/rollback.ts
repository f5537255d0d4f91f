/** Going back: an old version's content as a new version, which readers take in as they do any other. */
import { checkInteger } from '@sagitta/core-wasm';
import { segmentKey } from './content.ts';
import { AT_ONCE, inFlight } from './in-flight.ts';
import { type ClusterManifest, contentOfVersion } from './manifest.ts';
import { KNOWN_VERSIONS, type ManifestChain, type Published, publishing } from './manifest-log.ts';
import type { ObjectStorage } from './object-storage.ts';

/**
 * Makes the content of an old version the next one. Content that is the last version already makes no other.
 * @throws RangeError on a version that is not known, and on one whose segments are not all there
 */
export async function rollbackManifest(
  log: ManifestChain,
  storage: ObjectStorage,
  version: number,
): Promise<Published> {
  checkInteger('version', version, 1, Number.MAX_SAFE_INTEGER);
  return publishing(log, async () => contentOfVersion(await wholeVersion(log, storage, version)), version);
}

async function wholeVersion(
  log: ManifestChain,
  storage: ObjectStorage,
  version: number,
): Promise<ClusterManifest> {
  const old = await log.at(version);
  if (!old) {
    const known = (await log.recent(KNOWN_VERSIONS)).map((one) => one.version);
    const got = known.length === 0 ? 'of which there is none' : `${known.at(-1)} to ${known[0]}`;
    throw new RangeError(`"version" expected one that is known, ${got}, got ${version}`);
  }
  const sizes = await inFlight(AT_ONCE, old.shards, ({ segment }) => storage.size(segmentKey(segment)));
  const lost = old.shards.filter(({ bytes }, i) => sizes[i] !== bytes);
  if (lost.length === 0) return old;
  const some = lost.slice(0, 5).map(({ id, segment }) => `${segmentKey(segment)} of shard ${id}`);
  const more = lost.length > some.length ? ` and ${lost.length - some.length} more` : '';
  throw new RangeError(
    `"version" expected one whose segments are all there, got ${version} without ${some.join(', ')}${more}`,
  );
}
