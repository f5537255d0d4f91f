/** A server on 127.0.0.1 that answers by a script, down to the bytes on the socket, and counts what it could send. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Of the range asked for, clamped to the file. */
  readonly start: number;
  readonly end: number;
  /** Earlier requests for this address, its query included. */
  readonly before: number;
}
export type Script = Readonly<Record<string, (asked: Asked) => void>>;

export interface ScriptedServer {
  readonly origin: string;
  /** Ranges asked for, in order. */
  readonly ranges: string[];
  /** Bytes that `pour` got rid of. */
  poured: number;
  close(): Promise<void>;
}

export async function scriptedServer(file: Uint8Array, script: Script): Promise<ScriptedServer> {
  const counts = new Map<string, number>();
  const ranges: string[] = [];
  const server: Server = createServer((request, response) => {
    const address = request.url ?? '/';
    const path = address.replace(/^\/|\?.*$/g, '');
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    ranges.push(request.headers.range ?? '');
    const before = counts.get(address) ?? 0;
    counts.set(address, before + 1);
    const start = Number(range?.[1] ?? 0);
    const end = Math.min(Number(range?.[2] ?? file.length - 1), file.length - 1);
    const answer = script[path];
    if (answer) answer({ request, response, start, end, before });
    else response.writeHead(404).end('there is no such file');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ranges,
    poured: 0,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
