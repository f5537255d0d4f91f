/** Answers messages with what a shard finds. */
import type { LiveShard } from './live-shard.ts';
import type { NatsMessage } from './nats-client.ts';
import { readQuery, type WireQuery, writeAnswer, writeRefusal } from './wire-search.ts';

/** Milliseconds for which a query waits for a write that it has to know. */
const WAIT_MS = 2000;

/** Answers query by query, by the ids of the whole collection, until there are no more; one that has to know a write waits for it beside the others. */
export async function answering(messages: AsyncIterable<NatsMessage>, live: LiveShard): Promise<void> {
  const waiting = new Set<Promise<void>>();
  for await (const message of messages) {
    const query = queryOf(message);
    if (!query) continue;
    const { after = 0 } = query;
    if (after <= live.applied) message.respond(answerOf(query, live));
    else {
      const answered = live.reached(after, AbortSignal.timeout(WAIT_MS)).then(() => {
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
