/**
 * A member of a cluster: takes shards by leases, loads their segments, follows the writes and answers for them, on a subject that has
 * the version of the manifest, in a queue group with the other members that have the shard. A shard that cannot be loaded is told and tried again later. A new version is taken in beside the old one, which stays
 * until the new one is served whole and its last queries are through.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import type { Core } from '@sagitta/core-wasm';
import { Answering } from './answering.ts';
import { Follower } from './follower.ts';
import { isCovered, LEASE_MS, type Lease, type LeasePlace, Leases } from './leases.ts';
import { LiveShard } from './live-shard.ts';
import type { ClusterManifest, ManifestShard } from './manifest.ts';
import type { ManifestLog } from './manifest-log.ts';
import type { Nats } from './nats.ts';
import type { NatsSubscription } from './nats-client.ts';
import type { ObjectStorage } from './object-storage.ts';
import { dropCopy, loadSegment } from './segments.ts';
import { subjectsOf } from './subjects.ts';
import { Turns } from './turns.ts';
import { WriteStream } from './write-stream.ts';

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

const QUEUE = 'replicas';
const REPLICAS = 2;
const BYTES = 2 ** 30;
/** Milliseconds between two looks at the manifest and the leases: leases live four times as long. */
const LOOK_MS = LEASE_MS / 4;
/** Milliseconds before a shard that could not be loaded is tried again: each time twice as long, up to a minute. */
const LONGEST_PAUSE_MS = 60_000;

/** Milliseconds for which an old version is still served when all of the new one is: clients go over to it within a second or two. */
const GRACE_MS = 10_000;

interface Served {
  lease: Lease;
  readonly shard: ManifestShard;
  readonly follower: Follower;
  /** To questions for one member, to those for all, and to what is taken back. */
  readonly subscriptions: readonly NatsSubscription[];
  readonly done: Promise<unknown>;
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
        onEvent?.({ what: 'error', error: textOf(error) });
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
  /** Searches of all its shards. */
  readonly #turns = new Turns();
  #stream: Promise<WriteStream> | undefined;
  #served: Served[] = [];
  #loading: Lease | undefined;
  /** Segments that could not be loaded, and when they are tried again. */
  readonly #failed = new Map<string, { readonly pauseMs: number; readonly until: number }>();
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
    const loading = this.#loading;
    const still = loading && (await this.#leases.renew(loading));
    if (still && this.#loading === loading) this.#loading = still;
    for (const served of [...this.#served]) {
      const { lease } = served;
      // one that was not renewed in time is taken again where nobody has it
      const next = (await this.#leases.renew(lease)) ?? (await this.#leases.take(lease.kind, lease.place));
      if (next === undefined) await this.#leave(served);
      else served.lease = next;
    }
  }

  /** Takes what is free, and leaves what is old. */
  async look(): Promise<void> {
    const manifest = await this.#options.manifests.head();
    if (!manifest) return;
    await this.#takeFree(manifest);
    const { version, shards } = manifest;
    const taken = await this.#leases.taken('shard');
    const ids = shards.map(({ id }) => id);
    if (!isCovered(taken, version, ids)) return;
    if (this.#covered?.version !== version) this.#covered = { version, at: performance.now() };
    if (performance.now() - this.#covered.at < GRACE_MS) return;
    const wanted = new Set(shards.map(({ segment }) => segment));
    for (const served of this.#served.filter(({ lease }) => lease.place.version < version)) {
      await this.#leave(served);
      const { segment } = served.shard;
      if (!wanted.has(segment)) await dropCopy(this.#options.folder, segment);
    }
  }

  /** Takes places of shards that have the fewest members first, one of a shard. */
  async #takeFree(manifest: ClusterManifest): Promise<void> {
    const { version, shards } = manifest;
    const { replicas = REPLICAS } = this.#options;
    for (let replica = 0; replica < replicas; replica++) {
      const taken = new Set((await this.#leases.taken('load', 'shard')).map(keyOfPlace));
      for (const shard of shards) {
        const place = { version, shard: shard.id, replica };
        if (taken.has(keyOfPlace(place)) || this.#has(place) || !this.#hasRoom(version, shard)) continue;
        if (performance.now() >= (this.#failed.get(shard.segment)?.until ?? 0))
          await this.#load(manifest, place, shard);
      }
    }
  }

  #has({ version, shard }: LeasePlace): boolean {
    return this.#served.some(({ lease: { place } }) => place.version === version && place.shard === shard);
  }

  /** Whether another shard may be taken; what an old version takes goes away. */
  #hasRoom(version: number, { bytes }: ManifestShard): boolean {
    const { shards = 'auto', bytes: most = BYTES } = this.#options;
    const own = this.#served.filter(({ lease }) => lease.place.version === version);
    if (shards !== 'auto') return own.length < shards;
    return own.reduce((sum, { shard }) => sum + shard.bytes, bytes) <= most;
  }

  /** Loads and serves a shard; what is wrong with one does not keep the others. */
  async #load(manifest: ClusterManifest, place: LeasePlace, shard: ManifestShard): Promise<void> {
    this.#loading = await this.#leases.take('load', place);
    if (!this.#loading) return;
    const { segment } = shard;
    try {
      await this.#serve(manifest, place, shard);
      this.#failed.delete(segment);
    } catch (error) {
      this.#postpone(segment, error, place);
    } finally {
      const loading = this.#loading;
      this.#loading = undefined;
      await this.#leases.release(loading);
    }
  }

  /** Tells what is wrong with a segment, which is tried again later. */
  #postpone(segment: string, error: unknown, place: LeasePlace): void {
    const pauseMs = Math.min(2 * (this.#failed.get(segment)?.pauseMs ?? LOOK_MS / 2), LONGEST_PAUSE_MS);
    this.#failed.set(segment, { pauseMs, until: performance.now() + pauseMs });
    this.#tell(error, place);
  }

  #tell(error: unknown, { version, shard }: LeasePlace): void {
    this.#options.onEvent?.({ what: 'error', version, shard, error: textOf(error) });
  }

  async #serve(manifest: ClusterManifest, place: LeasePlace, shard: ManifestShard): Promise<void> {
    const { nats, collection, onEvent } = this.#options;
    const follower = await this.#follower(manifest, place, shard);
    const { connection } = nats;
    const { one, all, back } = subjectsOf(collection, place.version, place.shard);
    const taken = connection.subscribe(back);
    const asked = [connection.subscribe(one, { queue: QUEUE }), connection.subscribe(all)];
    const subscriptions = [taken, ...asked];
    const answering = new Answering(follower.live, this.#turns);
    const done = Promise.all([
      answering.takeBack(taken),
      ...asked.map((messages) => answering.answer(messages)),
    ]);
    const answers = { follower, subscriptions, done };
    let lease: Lease | undefined;
    try {
      // clients go by leases: one that is there stands for answers
      await connection.flush();
      lease = await this.#leases.take('shard', place);
    } finally {
      if (!lease) await ended(answers);
    }
    if (!lease) return;
    const served = { lease, shard, ...answers };
    this.#served.push(served);
    onEvent?.({ what: 'serving', version: place.version, shard: place.shard });
    // whose memory is full would give old answers for ever
    follower.following.catch((error: unknown) => {
      this.#postpone(shard.segment, error, place);
      return this.#leave(served);
    });
  }

  /** What follows the writes of a shard: that of a version in which it is the same, or a new one. */
  async #follower(manifest: ClusterManifest, place: LeasePlace, shard: ManifestShard): Promise<Follower> {
    const same = this.#served.find(({ follower }) => follower.live.isAlso(manifest, shard));
    if (same) return same.follower.use();
    const { core, storage, folder, nats, collection } = this.#options;
    this.#stream ??= WriteStream.open(nats, collection);
    this.#stream.catch(() => {
      this.#stream = undefined;
    });
    const writes = await this.#stream;
    const live = new LiveShard(await loadSegment(core, storage, folder, shard), manifest, shard);
    return (await Follower.start(live, writes, (error) => this.#tell(error, place))).use();
  }

  async #leave(served: Served): Promise<void> {
    if (!this.#served.includes(served)) return;
    this.#served = this.#served.filter((one) => one !== served);
    await this.#leases.release(served.lease);
    await ended(served);
    const { version, shard } = served.lease.place;
    this.#options.onEvent?.({ what: 'left', version, shard });
  }

  async leave(): Promise<void> {
    await Promise.all(this.#served.map((served) => this.#leave(served)));
  }
}

/** Takes no more queries and answers those that came. */
async function ended({
  subscriptions,
  done,
  follower,
}: Pick<Served, 'subscriptions' | 'done' | 'follower'>): Promise<void> {
  await Promise.all(subscriptions.map((subscription) => subscription.drain()));
  await done;
  await follower.drop();
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const keyOfPlace = ({ version, shard, replica }: LeasePlace): string => `${version}.${shard}.${replica}`;
