/**
 * Who serves which shard: a key for each place of a shard, in a bucket whose values are gone after ten seconds by the server's clock.
 * Whoever creates a key has the place, and has to say so again before it is gone.
 */
import { isTaken, type Nats } from './nats.ts';
import type { KeyValue } from './nats-client.ts';

/** Milliseconds after which a lease that is not renewed is gone. */
export const LEASE_MS = 10_000;

/** Names a place: one of the members that a shard of a version may have. */
export interface LeasePlace {
  readonly version: number;
  readonly shard: number;
  readonly replica: number;
}

/** Keys of places that are taken, and of those whose members answer. */
const [TAKEN, READY] = ['shard', 'ready'];
const keyOf = ({ version, shard, replica }: LeasePlace, kind = TAKEN): string =>
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

  /** Places that are taken. */
  taken(): Promise<LeasePlace[]> {
    return this.#places(TAKEN);
  }

  /** Places whose members answer. */
  ready(): Promise<LeasePlace[]> {
    return this.#places(READY);
  }

  async #places(kind: string): Promise<LeasePlace[]> {
    return (await this.#nats.keys(this.#name, kind)).map((key) => {
      const [version, shard, replica] = key.split('.').slice(1).map(Number) as [number, number, number];
      return { version, shard, replica };
    });
  }

  /** @returns the revision to renew it by; undefined where somebody else has it */
  take(place: LeasePlace): Promise<number | undefined> {
    return this.#writing(place, () => this.#bucket.create(keyOf(place), this.#member));
  }

  /** @returns the next revision; undefined where the lease was lost */
  renew(place: LeasePlace, revision: number): Promise<number | undefined> {
    return this.#writing(place, () => this.#bucket.update(keyOf(place), this.#member, revision));
  }

  /** Says that the member of a place answers: who has the lease says so as often as it renews it. */
  async announce(place: LeasePlace): Promise<void> {
    await this.#nats.asking(() => this.#bucket.put(keyOf(place, READY), this.#member));
  }

  async #writing(place: LeasePlace, body: () => Promise<number>): Promise<number | undefined> {
    try {
      return await this.#nats.asking(body);
    } catch (error) {
      if (!isTaken(error)) throw error;
      // a try whose answer was lost has done it
      const now = await this.#nats.asking(() => this.#bucket.get(keyOf(place)));
      return now?.operation === 'PUT' && Buffer.compare(now.value, this.#member) === 0
        ? now.revision
        : undefined;
    }
  }
}

/** Whether each shard of a version has a member that answers. */
export function isCovered(ready: readonly LeasePlace[], version: number, shards: readonly number[]): boolean {
  const served = new Set(ready.filter((place) => place.version === version).map(({ shard }) => shard));
  return shards.every((shard) => served.has(shard));
}
