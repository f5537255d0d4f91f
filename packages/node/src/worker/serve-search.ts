/** The thread's side of the protocol. */
import type { MessagePort as ThreadPort } from 'node:worker_threads';
import { type Core, type CreateCoreOptions, createCore } from '@sagitta/core-wasm';
import { type Endpoint, serveSearch as serve } from '@sagitta/retrieval/remote';
import { NODE_WORKER } from './node-place.ts';

/**
 * Answers the messages of a client, of whatever kind of index, at the other end of a port, until a message asks to end it.
 * @param port - `parentPort` of a thread, or a port of one's own
 * @param makeCore - how the core is made, where createCore of `@sagitta/core-wasm` is not what the thread should use
 */
export function serveSearch(
  port: ThreadPort | Endpoint,
  makeCore: (options: CreateCoreOptions) => Core = createCore,
): void {
  serve(port as Endpoint, NODE_WORKER, makeCore);
}
