/** Carries a question to the members of a shard over NATS. */
import type { Asking, Reply, ShardAsker } from '@sagitta/retrieval/internal';
import type { NatsConnection } from './nats-client.ts';
import type { ShardSubjects } from './subjects.ts';
import { readAnswer, type WireAnswer } from './wire-search.ts';

/** Is a query as a message. */
export interface ShardQuestion {
  readonly subjects: ShardSubjects;
  /** With its id. */
  readonly bytes: Uint8Array;
  readonly id: string;
}

/** The first answer; undefined where nobody gives one in time. @throws RangeError with what a member has refused */
export function askShard(
  connection: NatsConnection,
  asker: ShardAsker,
  { subjects, bytes, id }: ShardQuestion,
  asking: Asking,
): Promise<WireAnswer | undefined> {
  const request = async (toAll: boolean): Promise<Reply<WireAnswer>> => {
    const timeout = Math.max(1, asking.deadline - performance.now());
    try {
      const { data } = await connection.request(toAll ? subjects.all : subjects.one, bytes, { timeout });
      return readAnswer(data);
    } catch (error) {
      if (error instanceof RangeError) throw error;
      return undefined;
    }
  };
  return new Promise((resolve, reject) => {
    let end = (): void => undefined;
    const refuse = (error: unknown): void => {
      end();
      reject(error);
    };
    const way = {
      now: () => performance.now(),
      after(ms: number, run: () => void): () => void {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
      send: (toAll: boolean, receive: (reply: Reply<WireAnswer>) => void) =>
        void request(toAll).then(receive, refuse),
      takeBack() {
        try {
          connection.publish(subjects.back, new TextEncoder().encode(id));
        } catch {
          // without a connection nobody is asked
        }
      },
    };
    end = asker.ask(way, asking, resolve);
  });
}
