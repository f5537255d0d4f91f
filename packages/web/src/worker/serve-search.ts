/** The worker's side of the protocol in a browser. */
import { type Core, type CreateCoreOptions, createCore } from '@sagitta/core-wasm';
import { type Endpoint, serveSearch as serve } from '@sagitta/retrieval/remote';
import { WEB_WORKER } from './web-place.ts';

/**
 * Answers the messages of a client, of whatever kind of index, at the other end of `endpoint`, until a message asks to end it.
 * @param makeCore - how the core is made, where createCore of `@sagitta/core-wasm` is not what the worker should use
 */
export function serveSearch(
  endpoint: Endpoint,
  makeCore: (options: CreateCoreOptions) => Core = createCore,
): void {
  serve(endpoint, WEB_WORKER, makeCore);
}
