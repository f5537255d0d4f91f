/**
 * Collections over HTTP: createApp gives the app, for any runtime that Hono has; serveCollection opens a folder and listens.
 *
 * @module
 */
export { type AppOptions, createApp, type RequestEntry } from './app.ts';
export type { CollectionServer, ListenOptions } from './listen.ts';
export type { Gauge } from './metrics.ts';
export type { ServerApp, ServerEnv } from './route.ts';
export type { ServedCollection } from './routes.ts';
export { type ServeOptions, serveCollection } from './serve-collection.ts';
