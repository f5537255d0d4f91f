/** What a route is: what it takes, what it answers with, and what it does. The app and its OpenAPI document are made of these. */
import type { Context, Env, Hono } from 'hono';
import type * as v from 'valibot';
import type { FailureStatus } from './failure.ts';

/** Holds what a request carries on its way through the app. */
export interface ServerEnv extends Env {
  readonly Variables: {
    requestId: string;
    /** The pattern of the route that answers. */
    route: string;
    /** What the log says of a failure. */
    failure: unknown;
  };
}

/** Serves a collection: a Hono app, which Node, Deno, Bun and workerd run alike. */
export type ServerApp = Hono<ServerEnv>;

export type ServerContext = Context<ServerEnv>;

export interface Answer {
  readonly description: string;
  readonly type: string;
  /** Of JSON. */
  readonly schema?: v.GenericSchema;
}

export interface Route {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** As OpenAPI writes it: /records/{id}. */
  readonly path: string;
  readonly summary: string;
  /** Whether it needs neither token nor a place among the requests that run: it gives nothing of the collection. */
  readonly isOpen?: boolean;
  readonly body?: {
    readonly json: v.GenericSchema;
    /** What float32 stand for, and what `options` may hold beside them. */
    readonly floats?: { readonly label: string; readonly options: v.GenericSchema };
  };
  /** Parameters of the URL besides those of the path. */
  readonly query?: v.GenericSchema;
  readonly status: 200 | 201;
  readonly answer: Answer;
  readonly failures: readonly FailureStatus[];
  handle(c: ServerContext): Promise<Response> | Response;
}
