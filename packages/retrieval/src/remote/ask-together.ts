/** What the first of several workers answers for all of them: it reads the others' files over ports of its own. */
import type { Draft } from './changes.ts';
import type { Operations } from './protocol.ts';

/** Operations on the file of the whole index. */
type Together = 'save' | 'bytes';

/**
 * Asks the first worker, with the files that the others hold for it as they are now. Where one cannot hold its file the first
 * hears of it, and the call rejects with that worker's error.
 */
export async function askTogether<Name extends Together>(
  draft: Draft,
  op: Name,
  input: Omit<Operations[Name]['in'], 'others'>,
): Promise<Operations[Name]['out']> {
  const others: MessagePort[] = [];
  const holding: Promise<unknown>[] = [];
  try {
    for (let shard = 1; shard < draft.shards; shard++) {
      const { port1, port2 } = new MessageChannel();
      others.push(port1);
      holding.push(draft.request(shard, 'hold', { port: port2 }, { transfer: [port2] }));
    }
    const asked = draft.request(0, op, { ...input, others } as Operations[Name]['in'], { transfer: others });
    const [answer] = await Promise.all([asked, ...holding]);
    return answer as Operations[Name]['out'];
  } finally {
    // what they hold is not needed any more
    draft.drop();
  }
}
