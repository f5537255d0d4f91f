/** The worker's side of the protocol: messages in, jobs in turn and beside, answers out. */
import { type Core, type CreateCoreOptions, createCore } from '@sagitta/core-wasm';
import type { Endpoint } from './endpoint.ts';
import { JobQueue } from './job-queue.ts';
import type { WorkerPlace } from './place.ts';
import type { Cancel, Ping, Reply, Request } from './protocol.ts';
import { takesLong } from './record-calls.ts';
import { SearchService } from './search-service.ts';
import { describeError } from './transfer-error.ts';

/**
 * Answers the messages of a client at the other end of `endpoint`, until a message asks to end it.
 * @param place - what the worker has where it runs
 * @param makeCore - how the core is made, where createCore of `@sagitta/core-wasm` is not what the worker should use
 */
export function serveSearch(
  endpoint: Endpoint,
  place: WorkerPlace,
  makeCore: (options: CreateCoreOptions) => Core = createCore,
): void {
  const service = new SearchService(makeCore, place);
  const queue = new JobQueue();
  /** Jobs that hold up nobody, by the numbers of their requests. */
  const beside = new Map<number, AbortController>();
  const reply = (message: Reply, transfer: Transferable[] = []): void =>
    endpoint.postMessage(message, transfer);
  const lost = (): void => reply({ sign: 'lost' });

  const run = async (request: Request, signal: AbortSignal): Promise<void> => {
    const { id, op } = request;
    if (isLong(request)) reply({ sign: 'busy' });
    try {
      const out = await service.run(request, { signal, progress: (progress) => reply({ id, progress }) });
      reply({ id, out }, buffersOf(out));
    } catch (error) {
      reply({ id, error: describeError(error) });
    }
    if (op !== 'dispose') return;
    endpoint.removeEventListener('message', listener);
    endpoint.removeEventListener('messageerror', lost);
  };

  const listener = ({ data }: MessageEvent<Request | Cancel | Ping>): void => {
    if ('ping' in data) {
      reply({ sign: 'alive' });
      return;
    }
    if ('cancel' in data) {
      queue.cancel(data.cancel);
      beside.get(data.cancel)?.abort();
      return;
    }
    const { id, op } = data;
    if (op === 'dispose') {
      queue.clear();
      for (const job of beside.values()) job.abort();
    }
    queue.push(id, async (signal) => {
      if (!service.isBeside(data)) return run(data, signal);
      const job = new AbortController();
      beside.set(id, job);
      run(data, job.signal).finally(() => beside.delete(id));
    });
  };
  endpoint.addEventListener('message', listener);
  endpoint.addEventListener('messageerror', lost);
  endpoint.start?.();
}

/** Whether a job may be busy for longer than a client without a lock waits for a sign. */
function isLong(request: Request): boolean {
  return (
    request.op === 'train' ||
    request.op === 'create' ||
    (request.op === 'call' && takesLong(request.in.method))
  );
}

/** The arrays of an answer, which are fresh and go over without a copy. */
function buffersOf(out: unknown): Transferable[] {
  if (out instanceof Uint8Array || out instanceof Float32Array) return [out.buffer as ArrayBuffer];
  if (out !== null && typeof out === 'object' && 'ids' in out && 'scores' in out) {
    return [out.ids, out.scores].filter(ArrayBuffer.isView).map((view) => view.buffer as ArrayBuffer);
  }
  return [];
}
