/**
 * A member of a cluster: takes shards by leases, loads their segments, follows the writes and answers for them, on a subject that has the
 * version of the manifest, in a queue group with the other members that have the shard. A new version is taken in beside the old one, which stays
 * until the new one is served whole and its last queries are through.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import type { Core } from '@sagitta/core-wasm';
import { isCovered, LEASE_MS, type LeasePlace, Leases } from './leases.ts';
import { LiveShard } from './live-shard.ts';
import type { ClusterManifest, ManifestShard } from './manifest.ts';
import type { ManifestLog } from './manifest-log.ts';
import type { Nats } from './nats.ts';
import type { NatsMessage, NatsSubscription } from './nats-client.ts';
import type { ObjectStorage } from './object-storage.ts';
import { dropCopy, loadSegment } from './segments.ts';
import { readQuery, type WireQuery, writeAnswer, writeRefusal } from './wire-search.ts';
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

/** Milliseconds for which a query waits for a write that it has to know. */
const WAIT_MS = 2000;

/** A place that it has, and what it answers with once that is loaded. */
interface Served {
  readonly place: LeasePlace;
  readonly shard: ManifestShard;
  revision: number;
  answering: Answering | undefined;
}

/** A shard that follows the writes; several versions may answer with it. */
interface Follower {
  readonly live: LiveShard;
  readonly end: AbortController;
  readonly following: Promise<void>;
  users: number;
}

interface Answering {
  readonly follower: Follower;
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
  #stream: Promise<WriteStream> | undefined;
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
      if (served.answering && this.#served.includes(served)) await this.#leases.announce(place);
    }
  }

  /** Takes what is free, and leaves what is old. */
  async look(): Promise<void> {
    const manifest = await this.#options.manifests.head();
    if (!manifest) return;
    await this.#takeFree(manifest);
    const { version, shards } = manifest;
    const ids = shards.map(({ id }) => id);
    if (!isCovered(await this.#leases.ready(), version, ids)) return;
    if (this.#covered?.version !== version) this.#covered = { version, at: performance.now() };
    if (performance.now() - this.#covered.at < GRACE_MS) return;
    const wanted = new Set(shards.map(({ segment }) => segment));
    for (const served of this.#served.filter(({ place }) => place.version < version)) {
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
      const taken = new Set((await this.#leases.taken()).map(keyOfPlace));
      for (const shard of shards) {
        const place = { version, shard: shard.id, replica };
        if (taken.has(keyOfPlace(place)) || this.#has(place) || !this.#hasRoom(version, shard)) continue;
        const revision = await this.#leases.take(place);
        if (revision !== undefined)
          await this.#serve(manifest, { place, shard, revision, answering: undefined });
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

  /** Loads a place that it has, and answers for it when it knows the writes so far. */
  async #serve(manifest: ClusterManifest, served: Served): Promise<void> {
    // its lease is renewed while it loads
    this.#served.push(served);
    try {
      served.answering = await this.#answer(manifest, served);
    } finally {
      if (!served.answering) this.#served = this.#served.filter((one) => one !== served);
    }
    const { place } = served;
    await this.#leases.announce(place);
    this.#options.onEvent?.({ what: 'serving', version: place.version, shard: place.shard });
    // whose memory is full would give old answers for ever
    served.answering.follower.following.catch((error: unknown) => {
      this.#tell(error, place);
      return this.#leave(served);
    });
  }

  async #answer(manifest: ClusterManifest, { place, shard }: Served): Promise<Answering> {
    const { nats, collection } = this.#options;
    const known = this.#served.find(({ answering }) => answering?.follower.live.isAlso(manifest, shard));
    const follower = known?.answering?.follower ?? (await this.#load(manifest, shard, place));
    follower.users++;
    const subscription = nats.connection.subscribe(subjectOf(collection, place.version, place.shard), {
      queue: QUEUE,
    });
    const done = answering(subscription, follower.live);
    await nats.connection.flush();
    return { follower, subscription, done };
  }

  /** Loads a shard; it knows the writes so far when it is there. */
  async #load(manifest: ClusterManifest, shard: ManifestShard, place: LeasePlace): Promise<Follower> {
    const { core, storage, folder } = this.#options;
    const live = new LiveShard(await loadSegment(core, storage, folder, shard), manifest, shard);
    const end = new AbortController();
    try {
      const writes = await this.#writes();
      await writes.checkThere(live.applied + 1);
      const { last } = await writes.numbers();
      const following = this.#follow(writes, live, place, end.signal);
      following.catch(() => undefined);
      await Promise.race([live.reached(last), following]);
      return { live, end, following, users: 0 };
    } catch (error) {
      end.abort();
      live[Symbol.dispose]();
      throw error;
    }
  }

  async #writes(): Promise<WriteStream> {
    this.#stream ??= WriteStream.open(this.#options.nats, this.#options.collection);
    this.#stream.catch(() => {
      this.#stream = undefined;
    });
    return this.#stream;
  }

  /** Applies writes as they come. @throws CapacityError; FormatError where some are gone that it does not know */
  async #follow(writes: WriteStream, live: LiveShard, place: LeasePlace, signal: AbortSignal): Promise<void> {
    for await (const write of writes.follow(live.applied + 1, signal)) {
      live.applyOr(write, (error) => this.#tell(error, place));
    }
  }

  #tell(error: unknown, { version, shard }: LeasePlace): void {
    const text = error instanceof Error ? error.message : String(error);
    this.#options.onEvent?.({ what: 'error', version, shard, error: text });
  }

  async #leave(served: Served): Promise<void> {
    const { answering } = served;
    if (!answering || !this.#served.includes(served)) return;
    this.#served = this.#served.filter((one) => one !== served);
    await answering.subscription.drain();
    await answering.done;
    await dropped(answering.follower);
    const { version, shard } = served.place;
    this.#options.onEvent?.({ what: 'left', version, shard });
  }

  async leave(): Promise<void> {
    for (const served of this.#served) await this.#leave(served);
  }
}

async function dropped(follower: Follower): Promise<void> {
  if (--follower.users > 0) return;
  follower.end.abort();
  await follower.following.catch(() => undefined);
  follower.live[Symbol.dispose]();
}

const keyOfPlace = ({ version, shard, replica }: LeasePlace): string => `${version}.${shard}.${replica}`;

/** Answers query by query, by the ids of the whole collection; one that has to know a write waits for it beside the others. */
async function answering(messages: AsyncIterable<NatsMessage>, live: LiveShard): Promise<void> {
  const waiting = new Set<Promise<void>>();
  for await (const message of messages) {
    const query = queryOf(message);
    if (!query) continue;
    const { after = 0 } = query;
    if (after <= live.applied) message.respond(answerOf(query, live));
    else {
      const answered = Promise.race([live.reached(after), wait(WAIT_MS)]).then(() => {
        waiting.delete(answered);
        if (after <= live.applied) message.respond(answerOf(query, live));
      });
      waiting.add(answered);
    }
  }
  await Promise.all(waiting);
}

/** What a message asks; one that asks nothing is refused. */
function queryOf(message: NatsMessage): WireQuery | undefined {
  try {
    return readQuery(message.data);
  } catch (error) {
    message.respond(writeRefusal(error));
    return undefined;
  }
}

function answerOf(query: WireQuery, live: LiveShard): Uint8Array {
  try {
    return writeAnswer(live.answer(query));
  } catch (error) {
    return writeRefusal(error);
  }
}
