/** The server as a Hono app, which runs wherever Hono does; nothing here listens to a socket. */
import { checkInteger, checkOptions, type OptionTable } from '@sagitta/core-wasm';
import { Hono } from 'hono';
import { CODES, failureOf, RequestFailure } from './failure.ts';
import { type Gauge, Metrics } from './metrics.ts';
import { openApiDocument } from './openapi.ts';
import { pageFor } from './page.ts';
import type { ServedCollection } from './record-wire.ts';
import type { Route, ServerApp, ServerContext, ServerEnv } from './route.ts';
import { collectionGauges, collectionRoutes } from './routes.ts';

/** Describes a request that was answered, for a log. */
export interface RequestEntry {
  /** ISO 8601. */
  readonly time: string;
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly milliseconds: number;
  /** What went wrong, where something did; of what nobody foresaw with its stack. */
  readonly error?: string;
}

/** Says how a collection is served. */
export interface AppOptions {
  /** What requests carry as `Authorization: Bearer …`. Default: none is asked for. */
  readonly token?: string;
  /** Refuses what would change the collection. Default: where the collection was opened for reading. */
  readonly readOnly?: boolean;
  /** Bytes of a body at most. Default 16 MiB. */
  readonly maxBody?: number;
  /** Requests that run at a time; more are told to try again. Default 64. */
  readonly concurrency?: number;
  /** Milliseconds within which a body must come. Default 30,000. */
  readonly timeout?: number;
  /** Host names that requests may name, without port, so that a page whose name was bound to this machine reaches nothing. Default: any. */
  readonly hosts?: readonly string[];
  /** Called after each request. */
  readonly log?: (entry: RequestEntry) => void;
  /** More for /metrics. */
  readonly gauges?: () => readonly Gauge[];
}

export const APP_OPTIONS: OptionTable<AppOptions> = {
  token: 'string',
  readOnly: 'boolean',
  maxBody: 'number',
  concurrency: 'number',
  timeout: 'number',
  hosts: 'any',
  log: 'function',
  gauges: 'function',
};
const MAX_BODY = 16 * 2 ** 20;
const CONCURRENCY = 64;
export const TIMEOUT = 30_000;
/** The version of what is served, which is no package's. */
const API_VERSION = '1';
const NO_ROUTE = 'none';

/**
 * Makes the app that serves a collection. The caller closes the collection when the app has done its last request.
 * @example
 * const app = createApp(await openCollection('notes', { readOnly: true }), { token });
 * Deno.serve(app.fetch);
 * @throws TypeError, RangeError on options that are wrong
 */
export function createApp(collection: ServedCollection, options: AppOptions = {}): ServerApp {
  checkOptions('options', options, APP_OPTIONS);
  const { token, hosts, log } = options;
  if (token === '') throw new RangeError('"token" expected characters, got none');
  const readOnly = options.readOnly ?? collection.isReadOnly;
  const concurrency = checkInteger('concurrency', options.concurrency ?? CONCURRENCY, 1, 2 ** 20);
  const limits = {
    bytes: checkInteger('maxBody', options.maxBody ?? MAX_BODY, 1, 2 ** 30),
    milliseconds: checkInteger('timeout', options.timeout ?? TIMEOUT, 1, 2 ** 31 - 1),
  };
  const metrics = new Metrics();
  const app: ServerApp = new Hono<ServerEnv>();
  const routes = [...collectionRoutes(collection, limits, readOnly), ...ownRoutes()];
  const document = openApiDocument(routes, API_VERSION, token !== undefined);
  let running = 0;

  app.use('*', async (c, next) => {
    const start = performance.now();
    c.set('requestId', requestIdOf(c));
    c.set('route', NO_ROUTE);
    c.header('x-request-id', c.get('requestId'));
    c.header('x-content-type-options', 'nosniff');
    await next();
    const milliseconds = performance.now() - start;
    const { status } = c.res;
    const { method } = c.req;
    metrics.count(c.get('route') === NO_ROUTE ? 'any' : method, c.get('route'), status, milliseconds / 1000);
    const error = c.get('failure');
    log?.({
      time: new Date().toISOString(),
      requestId: c.get('requestId'),
      method,
      path: c.req.path,
      status,
      milliseconds: Number(milliseconds.toFixed(3)),
      ...(error !== undefined && { error: textOf(error) }),
    });
  });
  app.use('*', async (c, next) => {
    if (hosts) checkHost(c, hosts);
    await next();
  });
  for (const path of new Set(routes.map((route) => route.path))) {
    const there = routes.filter((route) => route.path === path);
    const pattern = path.replaceAll(/\{(\w+)\}/g, ':$1');
    for (const route of there) app.on(route.method.toUpperCase(), pattern, (c) => run(c, route));
    const allowed = there.map(({ method }) => method.toUpperCase());
    if (allowed.includes('GET')) allowed.push('HEAD');
    app.all(pattern, (c) => {
      const message = `"method" expected ${allowed.join(', ')}, got ${c.req.method}`;
      throw new RequestFailure(405, message, { allow: allowed.join(', ') });
    });
  }
  app.notFound((c) => {
    throw new RequestFailure(404, `"path" expected one of ${paths()}, got ${c.req.path}`);
  });
  app.onError((error, c) => {
    const failure = failureOf(error);
    c.set('failure', failure.status === 500 ? error : failure);
    for (const [name, value] of Object.entries(failure.headers)) c.header(name, value);
    const { status, message } = failure;
    return c.json({ error: { code: CODES[status], message, requestId: c.get('requestId') } }, status);
  });
  return app;

  async function run(c: ServerContext, route: Route): Promise<Response> {
    c.set('route', route.path);
    if (route.isOpen) return route.handle(c);
    if (token !== undefined) await checkToken(c, token);
    if (running >= concurrency) {
      const message = `"concurrency" expected at most ${concurrency} requests at a time, got one more`;
      throw new RequestFailure(429, message, { 'retry-after': '1' });
    }
    running++;
    try {
      return await route.handle(c);
    } finally {
      running--;
    }
  }

  function paths(): string {
    return [...new Set(routes.map(({ path }) => path))].join(', ');
  }

  function ownRoutes(): Route[] {
    return [
      {
        method: 'get',
        path: '/metrics',
        summary: 'Gives counts and timings for Prometheus.',
        status: 200,
        answer: { description: 'The text format, version 0.0.4.', type: 'text/plain' },
        failures: [401, 403, 429, 500, 503],
        handle: async (c) => {
          const gauges = [...(await collectionGauges(collection)), ...(options.gauges?.() ?? [])];
          const active = { name: 'sagitta_requests_running', help: 'Requests that run.', value: running };
          c.header('content-type', 'text/plain; version=0.0.4; charset=utf-8');
          return c.body(metrics.text([active, ...gauges]));
        },
      },
      {
        method: 'get',
        path: '/openapi.json',
        summary: 'Gives this document.',
        isOpen: true,
        status: 200,
        answer: { description: 'OpenAPI 3.1.', type: 'application/json' },
        failures: [403, 500],
        handle: (c) => c.json(document),
      },
      {
        method: 'get',
        path: '/',
        summary: 'Gives a page to search with.',
        isOpen: true,
        status: 200,
        answer: { description: 'The page.', type: 'text/html' },
        failures: [403, 500],
        handle: (c) => {
          const { html, policy } = pageFor(crypto.randomUUID());
          c.header('content-security-policy', policy);
          return c.html(html);
        },
      },
    ];
  }
}

/** The caller's, where it is one that fits into a log, else a new one. */
function requestIdOf(c: ServerContext): string {
  const given = c.req.header('x-request-id');
  return given !== undefined && /^[\w.:-]{1,128}$/.test(given) ? given : crypto.randomUUID();
}

function checkHost(c: ServerContext, hosts: readonly string[]): void {
  const host = c.req.header('host') ?? new URL(c.req.url).host;
  const name = host.replace(/:\d+$/, '');
  if (hosts.includes(name.toLowerCase())) return;
  throw new RequestFailure(403, `"host" expected one of ${hosts.join(', ')}, got ${JSON.stringify(name)}`);
}

/** Both are hashed first: digests have one length, and how much of them agrees tells nothing; all of both is compared. */
async function checkToken(c: ServerContext, token: string): Promise<void> {
  const [, given] = /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '') ?? [];
  if (given !== undefined) {
    const [a, b] = await Promise.all([digest(given), digest(token)]);
    if (a.reduce((differences, byte, i) => differences | (byte ^ (b[i] as number)), 0) === 0) return;
  }
  throw new RequestFailure(
    401,
    `"authorization" expected "Bearer" and the token, got ${given === undefined ? 'none' : 'another'}`,
    { 'www-authenticate': 'Bearer' },
  );
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
}

function textOf(error: unknown): string {
  if (error instanceof RequestFailure) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
