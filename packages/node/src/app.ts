/**
 * The app of a server of collections, for every runtime that Hono has: nothing here is Node's. `@sagitta/node/server` opens a folder and listens.
 *
 * @module
 */
export { type AppOptions, createApp, type RequestEntry } from './server/app.ts';
export type { Gauge } from './server/metrics.ts';
export type { ServedCollection, ServedTokens, ServedVectors } from './server/record-wire.ts';
export type { ServerApp, ServerEnv } from './server/route.ts';
export { servedIndex } from './server/served-index.ts';
