/**
 * Collections over HTTP: serveCollection opens a folder and listens; createApp, also of `@sagitta/node/app`, gives the app alone.
 *
 * @module
 */
export { type AppOptions, createApp, type RequestEntry } from './app.ts';
export type { CollectionServer, ListenOptions } from './listen.ts';
export type { Gauge } from './metrics.ts';
export type { ServedCollection, ServedTokens, ServedVectors } from './record-wire.ts';
export type { ServerApp, ServerEnv } from './route.ts';
export { type ServeOptions, serveCollection } from './serve-collection.ts';
export { servedIndex } from './served-index.ts';
