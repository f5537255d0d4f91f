/**
 * Who loads and who serves which shard: a key for each place of a shard, in a bucket whose values are gone after ten seconds by the
 * server's clock. Whoever creates a key has the place, and has to say so again before it is gone.
 */
import { ifThere, isTaken, type Nats } from './nats.ts';
import type { KeyValue } from './nats-client.ts';

/** Milliseconds after which a lease that is not renewed is gone. */
export const LEASE_MS = 10_000;

/** Names a place: one of the members that a shard of a version may have. */
export interface LeasePlace {
  readonly version: number;
  readonly shard: number;
  readonly replica: number;
}

/** What a lease is for: to load a shard, or to answer for it. */
export type LeaseKind = 'load' | 'shard';

/** Is a lease that somebody has. */
export interface Lease {
  readonly kind: LeaseKind;
  readonly place: LeasePlace;
  /** To renew it by. */
  readonly revision: number;
}

const keyOf = (kind: LeaseKind, { version, shard, replica }: LeasePlace): string =>
  `${kind}.${version}.${shard}.${replica}`;
const nameOf = (collection: string): string => `${collection}_leases`;

/** The leases of a collection. */
export class Leases {
  readonly #nats: Nats;
  readonly #bucket: KeyValue;
  readonly #name: string;
  readonly #member: Uint8Array;

  private constructor(nats: Nats, bucket: KeyValue, name: string, member: string) {
    this.#nats = nats;
    this.#bucket = bucket;
    this.#name = name;
    this.#member = new TextEncoder().encode(member);
  }

  /** member — who takes leases, for people. */
  static async open(nats: Nats, collection: string, member: string): Promise<Leases> {
    const name = nameOf(collection);
    return new Leases(nats, await nats.bucket(name, LEASE_MS), name, member);
  }

  /** Places for which there are leases: of one kind, or of any. */
  async taken(...kinds: readonly LeaseKind[]): Promise<LeasePlace[]> {
    const keys = await this.#nats.keys(this.#name, '');
    return keys.flatMap((key) => {
      const [kind, ...numbers] = key.split('.');
      const [version, shard, replica] = numbers.map(Number) as [number, number, number];
      return kinds.includes(kind as LeaseKind) ? [{ version, shard, replica }] : [];
    });
  }

  /** Takes a lease, or takes it over from oneself. @returns undefined where somebody else has it */
  take(kind: LeaseKind, place: LeasePlace): Promise<Lease | undefined> {
    return this.#writing(kind, place, () => this.#bucket.create(keyOf(kind, place), this.#member));
  }

  /** @returns the lease as it is now; undefined where it was lost */
  renew({ kind, place, revision }: Lease): Promise<Lease | undefined> {
    return this.#writing(kind, place, () => this.#bucket.update(keyOf(kind, place), this.#member, revision));
  }

  /** Gives a lease back, unless somebody else has it by now. It is asked for once: what is not heard is gone by itself. */
  async release({ revision }: Lease): Promise<void> {
    await ifThere(this.#nats.manager.streams.deleteMessage(`KV_sagitta_${this.#name}`, revision)).catch(
      () => undefined,
    );
  }

  async #writing(
    kind: LeaseKind,
    place: LeasePlace,
    body: () => Promise<number>,
  ): Promise<Lease | undefined> {
    try {
      return { kind, place, revision: await this.#nats.asking(body) };
    } catch (error) {
      if (!isTaken(error)) throw error;
      // a try whose answer was lost has done it
      const now = await this.#nats.asking(() => this.#bucket.get(keyOf(kind, place)));
      return now?.operation === 'PUT' && Buffer.compare(now.value, this.#member) === 0
        ? { kind, place, revision: now.revision }
        : undefined;
    }
  }
}

/** Whether each shard of a version has a member that answers. */
export function isCovered(ready: readonly LeasePlace[], version: number, shards: readonly number[]): boolean {
  const served = new Set(ready.filter((place) => place.version === version).map(({ shard }) => shard));
  return shards.every((shard) => served.has(shard));
}
