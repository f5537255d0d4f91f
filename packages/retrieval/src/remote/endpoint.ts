/** What a client needs of the other end: a browser's worker, a message port, a thread of Node behind an adapter. */

/** Is a worker, a message port, or the inside of a worker. */
export interface Endpoint {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
  addEventListener(type: EndpointEnd, listener: (event: Event) => void): void;
  removeEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
  removeEventListener(type: EndpointEnd, listener: (event: Event) => void): void;
  /** Message ports begin when told to. */
  start?(): void;
}

/** Events that say that an endpoint is of no use any more, where an engine has them. */
export type EndpointEnd = 'error' | 'messageerror' | 'close';

/** Is a worker or message port of the caller's. */
export type WorkerEndpoint = Endpoint & {
  terminate?(): void;
  /** An event says whatever ends this worker, so that neither a lock nor pings have to find it out. */
  readonly tellsItsEnd?: boolean;
};
