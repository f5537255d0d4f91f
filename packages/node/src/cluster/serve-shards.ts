/**
 * A member of a cluster: takes shards by leases, loads their segments and answers for them, on a subject that has the version of the
 * manifest, in a queue group with the other members that have the shard. A new version is taken in beside the old one, which stays
 * until the new one is served whole and its last queries are through.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import type { Core } from '@sagitta/core-wasm';
import type { IvfIndex } from '@sagitta/retrieval';
import { isCovered, LEASE_MS, type LeasePlace, Leases } from './leases.ts';
import type { ClusterManifest, ManifestShard } from './manifest.ts';
import type { ManifestLog } from './manifest-log.ts';
import type { Nats } from './nats.ts';
import type { NatsMessage, NatsSubscription } from './nats-client.ts';
import type { ObjectStorage } from './object-storage.ts';
import { loadSegment } from './segments.ts';
import { readQuery, writeAnswer, writeRefusal } from './wire-search.ts';

/** Says what a member serves. */
export interface ServeShardsOptions {
  readonly nats: Nats;
  readonly storage: ObjectStorage;
  readonly manifests: ManifestLog;
  readonly collection: string;
  /** Where its indexes are. */
  readonly core: Core;
  /** Folder for copies of segments. */
  readonly folder: string;
  /** Members that a shard has at most. Default 2. */
  readonly replicas?: number;
  /** Shards that it serves at most; 'auto' (default): as long as their files have no more than `bytes`. */
  readonly shards?: number | 'auto';
  /** Bytes of segments for 'auto'. Default 1 GiB. */
  readonly bytes?: number;
  /** Told of shards that it begins and ends to serve, and of what goes wrong. */
  readonly onEvent?: (event: ServeEvent) => void;
  readonly signal: AbortSignal;
}

/** Says what a member does. */
export interface ServeEvent {
  readonly what: 'serving' | 'left' | 'error';
  readonly version?: number;
  readonly shard?: number;
  readonly error?: string;
}

/** The subject of a shard's queries. */
export const subjectOf = (collection: string, version: number, shard: number): string =>
  `sagitta.q.${collection}.${version}.${shard}`;

const QUEUE = 'replicas';
const REPLICAS = 2;
const BYTES = 2 ** 30;
/** Milliseconds between two looks at the manifest and the leases: leases live three times as long. */
const LOOK_MS = LEASE_MS / 4;

/** Milliseconds for which an old version is still served when all of the new one is: clients go over to it within a second or two. */
const GRACE_MS = 10_000;

interface Served {
  readonly place: LeasePlace;
  readonly shard: ManifestShard;
  revision: number;
  readonly index: IvfIndex;
  readonly subscription: NatsSubscription;
  readonly done: Promise<void>;
}

/** Serves until the signal: then it takes no more queries and ends when those that came are answered. @throws what opening the leases does */
export async function serveShards(options: ServeShardsOptions): Promise<void> {
  const member = await Member.open(options);
  const { signal, onEvent } = options;
  const again = async (body: () => Promise<void>): Promise<void> => {
    while (!signal.aborted) {
      try {
        await body();
      } catch (error) {
        onEvent?.({ what: 'error', error: error instanceof Error ? error.message : String(error) });
      }
      await wait(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  };
  // leases do not wait for a storage that is slow
  await Promise.all([again(() => member.renew()), again(() => member.look())]);
  await member.leave();
}

class Member {
  readonly #options: ServeShardsOptions;
  readonly #leases: Leases;
  #served: Served[] = [];
  /** The version of which all shards have members, and since when. */
  #covered: { readonly version: number; readonly at: number } | undefined;

  private constructor(options: ServeShardsOptions, leases: Leases) {
    this.#options = options;
    this.#leases = leases;
  }

  static async open(options: ServeShardsOptions): Promise<Member> {
    const name = `${hostname()}/${process.pid}/${randomUUID()}`;
    return new Member(options, await Leases.open(options.nats, options.collection, name));
  }

  /** Renews what it has, and leaves what somebody else has taken meanwhile. */
  async renew(): Promise<void> {
    for (const served of [...this.#served]) {
      const { place, revision } = served;
      // one that was not renewed in time is taken again where nobody has it
      const next = (await this.#leases.renew(place, revision)) ?? (await this.#leases.take(place));
      if (next === undefined) await this.#leave(served);
      else served.revision = next;
    }
  }

  /** Takes what is free, and leaves what is old. */
  async look(): Promise<void> {
    const manifest = await this.#options.manifests.head();
    if (!manifest) return;
    await this.#takeFree(manifest);
    const { version, shards } = manifest;
    const taken = await this.#leases.taken();
    const ids = shards.map(({ id }) => id);
    if (!isCovered(taken, version, ids)) return;
    if (this.#covered?.version !== version) this.#covered = { version, at: performance.now() };
    if (performance.now() - this.#covered.at < GRACE_MS) return;
    for (const served of this.#served.filter(({ place }) => place.version < version))
      await this.#leave(served);
  }

  /** Takes places of shards that have the fewest members first, one of a shard. */
  async #takeFree({ version, shards }: ClusterManifest): Promise<void> {
    const { replicas = REPLICAS } = this.#options;
    for (let replica = 0; replica < replicas; replica++) {
      const taken = new Set((await this.#leases.taken()).map(keyOfPlace));
      for (const shard of shards) {
        const place = { version, shard: shard.id, replica };
        if (taken.has(keyOfPlace(place)) || this.#has(place) || !this.#hasRoom(version, shard)) continue;
        const revision = await this.#leases.take(place);
        if (revision !== undefined) await this.#serve(place, shard, revision);
      }
    }
  }

  #has({ version, shard }: LeasePlace): boolean {
    return this.#served.some(({ place }) => place.version === version && place.shard === shard);
  }

  /** Whether another shard may be taken; what an old version takes goes away. */
  #hasRoom(version: number, { bytes }: ManifestShard): boolean {
    const { shards = 'auto', bytes: most = BYTES } = this.#options;
    const own = this.#served.filter(({ place }) => place.version === version);
    if (shards !== 'auto') return own.length < shards;
    return own.reduce((sum, { shard }) => sum + shard.bytes, bytes) <= most;
  }

  async #serve(place: LeasePlace, shard: ManifestShard, revision: number): Promise<void> {
    const { core, storage, folder, nats, collection, onEvent } = this.#options;
    const index = await loadSegment(core, storage, folder, shard);
    const subject = subjectOf(collection, place.version, place.shard);
    const subscription = nats.connection.subscribe(subject, { queue: QUEUE });
    const done = answering(subscription, index, shard.firstId);
    this.#served.push({ place, shard, revision, index, subscription, done });
    await nats.connection.flush();
    onEvent?.({ what: 'serving', version: place.version, shard: place.shard });
  }

  async #leave(served: Served): Promise<void> {
    this.#served = this.#served.filter((one) => one !== served);
    await served.subscription.drain();
    await served.done;
    served.index.dispose();
    const { version, shard } = served.place;
    this.#options.onEvent?.({ what: 'left', version, shard });
  }

  async leave(): Promise<void> {
    for (const served of this.#served) await this.#leave(served);
  }
}

const keyOfPlace = ({ version, shard, replica }: LeasePlace): string => `${version}.${shard}.${replica}`;

/** Answers query by query, by the ids of the whole collection. */
async function answering(
  messages: AsyncIterable<NatsMessage>,
  index: IvfIndex,
  firstId: number,
): Promise<void> {
  for await (const message of messages) message.respond(answerOf(message.data, index, firstId));
}

function answerOf(data: Uint8Array, index: IvfIndex, firstId: number): Uint8Array {
  try {
    const { query, k, options } = readQuery(data);
    const { nprobe, ef, gamma, precision, rerank } = options;
    const { ids, scores } = index.search(query, k, {
      ...(nprobe !== undefined && { nprobe }),
      ...(ef !== undefined && { ef }),
      ...(gamma !== undefined && { gamma }),
      ...(precision !== undefined && { precision }),
      ...(rerank !== undefined && { rerank }),
    });
    return writeAnswer({ ids: ids.map((id) => firstId + id), scores });
  } catch (error) {
    return writeRefusal(error);
  }
}
