/** Workers without threads: services behind message ports. */
import { afterEach } from 'vitest';
import { serveSearch, type WorkerEndpoint } from '../../src/index.ts';

export interface FakeWorker {
  /** The client's end. */
  readonly endpoint: WorkerEndpoint;
  /** The worker's end: closing it is the worker's end. */
  readonly inside: MessagePort;
}

const open: MessagePort[] = [];
afterEach(() => {
  for (const port of open.splice(0)) port.close();
});

/** serve — what the worker runs. */
export function fakeWorker(serve: (port: MessagePort) => void = serveSearch): FakeWorker {
  const { port1, port2 } = new MessageChannel();
  open.push(port1, port2);
  serve(port2);
  return { endpoint: port1, inside: port2 };
}
