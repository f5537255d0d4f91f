/** A thread of Node as a client sees workers: what worker_threads says by events of its own comes as those of browsers. */
import type { Transferable as ThreadTransferable, Worker } from 'node:worker_threads';
import type { WorkerEndpoint } from '@sagitta/retrieval/remote';

class ThreadEndpoint implements WorkerEndpoint {
  /** Node reports whatever ends a thread: its own exit, an exception, memory that ran out, terminate. */
  readonly tellsItsEnd = true;
  readonly #thread: Worker;
  readonly #events = new EventTarget();

  constructor(thread: Worker) {
    this.#thread = thread;
    thread.on('message', (data: unknown) =>
      this.#events.dispatchEvent(new MessageEvent('message', { data })),
    );
    thread.on('messageerror', () => this.#events.dispatchEvent(new Event('messageerror')));
    thread.on('error', (error: unknown) => this.#end(error instanceof Error ? error.message : String(error)));
    thread.on('exit', (code) => this.#end(`its thread left with code ${code}`));
  }

  #end(message: string): void {
    this.#events.dispatchEvent(Object.assign(new Event('error'), { message }));
  }

  addEventListener(type: string, listener: (event: MessageEvent) => void): void {
    this.#events.addEventListener(type, listener as EventListener);
  }

  removeEventListener(type: string, listener: (event: MessageEvent) => void): void {
    this.#events.removeEventListener(type, listener as EventListener);
  }

  postMessage(message: unknown, transfer: Transferable[]): void {
    // buffers and ports: what there is in both worlds
    this.#thread.postMessage(message, transfer as ThreadTransferable[]);
  }

  terminate(): void {
    // it rejects for no reason that anybody could act on
    this.#thread.terminate().catch(() => {});
  }
}

/** Makes the endpoint of a thread that runs serveSearch; `dispose` of the client ends the thread. */
export function threadEndpoint(thread: Worker): WorkerEndpoint {
  return new ThreadEndpoint(thread);
}
