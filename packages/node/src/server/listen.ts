/** The app behind a socket of Node's: limits of time, failures that never reach the app, and an end that loses nothing. */
import { type IncomingMessage, Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { checkInteger, checkOptions, type OptionTable } from '@sagitta/core-wasm';
import { DEFAULT_HOST, DEFAULT_PORT, isLoopback, LOCAL_NAMES } from './address.ts';
import { APP_OPTIONS, type AppOptions, createApp, TIMEOUT } from './app.ts';
import type { ServedCollection } from './record-wire.ts';
import type { ServerApp } from './route.ts';

/** Says where a collection is served, and how. */
export interface ListenOptions extends AppOptions {
  /** Default 7244; 0 takes one that is free. */
  readonly port?: number;
  /** Default 127.0.0.1: this machine alone. */
  readonly host?: string;
  /** Milliseconds that close waits for requests that run. Default 10,000. */
  readonly grace?: number;
}

export const LISTEN_OPTIONS: OptionTable<ListenOptions> = {
  ...APP_OPTIONS,
  port: 'number',
  host: 'string',
  grace: 'number',
};

/** Serves until it is closed. */
export interface CollectionServer extends AsyncDisposable {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly app: ServerApp;
  readonly collection: ServedCollection;
  /** Takes no more requests, lets those that run end, then closes the collection. Twice does nothing. */
  close(): Promise<void>;
}

const GRACE = 10_000;
/** Milliseconds within which the headers of a request must come, at most. */
const HEADERS_TIMEOUT = 10_000;
/** Milliseconds that a connection stays open without a request: more than clients and proxies keep theirs, which then never meet its end. */
const KEEP_ALIVE = 65_000;
/** Bytes of headers: `options` of a binary request lie in the URL. */
const HEADER_BYTES = 65_536;
const IDLE_MS = 20;

/** What Node's server says no to before there is a request. */
const REFUSALS: Readonly<Record<string, readonly [status: string, code: string, message: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [
    '408 Request Timeout',
    'timeout',
    '"request" expected to come in time, got a part of it',
  ],
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'too_large',
    `"headers" expected at most ${HEADER_BYTES} bytes, got more`,
  ],
};
const MALFORMED = ['400 Bad Request', 'bad_request', '"request" expected HTTP, got something else'] as const;

/** Serves a collection that is open, and closes it at the end. @throws TypeError, RangeError; the system's error where the port is taken */
export async function listen(
  collection: ServedCollection & { close(): Promise<void> },
  options: ListenOptions,
): Promise<CollectionServer> {
  checkOptions('options', options, LISTEN_OPTIONS);
  const { port: wanted = DEFAULT_PORT, host = DEFAULT_HOST, grace = GRACE, ...given } = options;
  checkInteger('port', wanted, 0, 65_535);
  checkInteger('grace', grace, 0, 2 ** 31 - 1);
  const timeout = given.timeout ?? TIMEOUT;
  // without a token, who may ask is who can reach it: pages of other names must not
  const isGuarded = given.token !== undefined || !isLoopback(host);
  const app = createApp(collection, {
    ...(!isGuarded && { hosts: LOCAL_NAMES }),
    gauges: () => [
      {
        name: 'process_resident_memory_bytes',
        help: 'Resident memory of the process.',
        value: process.memoryUsage.rss(),
      },
    ],
    ...given,
  });
  const headersTimeout = Math.min(timeout, HEADERS_TIMEOUT);
  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: {
      headersTimeout,
      // the app answers a slow body itself, a little before
      requestTimeout: timeout + headersTimeout,
      keepAliveTimeout: KEEP_ALIVE,
      connectionsCheckingInterval: Math.max(10, Math.min(1000, headersTimeout / 4)),
      maxHeaderSize: HEADER_BYTES,
    },
  });
  if (!(server instanceof Server)) throw new TypeError('"server" expected one of node:http, got another');
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => refuse(error, socket));
  await started(server, wanted, host);
  const { address, port, family } = server.address() as AddressInfo;
  const shown = family === 'IPv6' ? `[${address}]` : address;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= stopped(server, grace).then(() => collection.close());
    return closing;
  };
  return {
    url: `http://${shown}:${port}`,
    host: address,
    port,
    app,
    collection,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function started(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Connections are kept open for the next request: each goes when it has done the one that it is at. */
function stopped(server: Server, grace: number): Promise<void> {
  return new Promise((resolve) => {
    const idle = setInterval(() => server.closeIdleConnections(), IDLE_MS);
    const late = setTimeout(() => server.closeAllConnections(), grace);
    server.prependListener('request', (_request: IncomingMessage, response) => {
      response.setHeader('connection', 'close');
    });
    server.close(() => {
      clearInterval(idle);
      clearTimeout(late);
      resolve();
    });
  });
}

function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, code, message] = REFUSALS[error.code ?? ''] ?? MALFORMED;
  const requestId = crypto.randomUUID();
  const body = JSON.stringify({ error: { code, message, requestId } });
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\nx-request-id: ${requestId}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
