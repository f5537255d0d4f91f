/** A shard that follows the writes as long as somebody answers with it: several versions may. */
import type { LiveShard } from './live-shard.ts';
import type { WriteStream } from './write-stream.ts';

/** Applies writes to a shard as they come. */
export class Follower {
  readonly live: LiveShard;
  /** Rejects with CapacityError; with FormatError where writes are gone that the shard does not know. */
  readonly following: Promise<void>;
  readonly #end = new AbortController();
  #users = 0;

  private constructor(live: LiveShard, writes: WriteStream, tell: (error: unknown) => void) {
    this.live = live;
    this.following = this.#follow(writes, tell);
    this.following.catch(() => undefined);
  }

  /** Takes a shard over; it knows the writes so far when this resolves. tell — of what is no write, and passed over. */
  static async start(
    live: LiveShard,
    writes: WriteStream,
    tell: (error: unknown) => void,
  ): Promise<Follower> {
    try {
      await writes.checkThere(live.applied + 1);
      const { last } = await writes.numbers();
      const follower = new Follower(live, writes, tell);
      try {
        await Promise.race([live.reached(last), follower.following]);
        return follower;
      } catch (error) {
        follower.#end.abort();
        throw error;
      }
    } catch (error) {
      live[Symbol.dispose]();
      throw error;
    }
  }

  async #follow(writes: WriteStream, tell: (error: unknown) => void): Promise<void> {
    for await (const write of writes.follow(this.live.applied + 1, this.#end.signal))
      this.live.applyOr(write, tell);
  }

  /** Keeps it for one more. */
  use(): this {
    this.#users++;
    return this;
  }

  /** Ends it with the last of its users. */
  async drop(): Promise<void> {
    if (--this.#users > 0) return;
    this.#end.abort();
    await this.following.catch(() => undefined);
    this.live[Symbol.dispose]();
  }
}
