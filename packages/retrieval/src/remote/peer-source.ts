/** The file that one worker holds, read by another over a message port. */
import type { Snapshot } from '@sagitta/core-wasm';
import type { ByteSource } from '../index.ts';
import { describeError, reviveError, type TransferredError } from './transfer-error.ts';

interface Ask {
  readonly id: number;
  readonly offset: number;
  readonly length: number;
}

/** The first answer comes unasked: how long the file is, or why there is none. */
type Answer =
  | { readonly id: number; readonly size: number }
  | { readonly id: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly id: number; readonly error: TransferredError };

const FIRST = 0;

/** Gives the bytes of a file at a port, until it is disposed; the snapshot goes with it. */
export class PeerFile implements Disposable {
  readonly #snapshot: Snapshot;
  readonly #port: MessagePort;

  /** snapshot — makes the file; where it throws, so does this, and the other side hears of it. */
  constructor(port: MessagePort, snapshot: () => Snapshot) {
    this.#port = port;
    try {
      this.#snapshot = snapshot();
    } catch (error) {
      this.#answer({ id: FIRST, error: describeError(error) });
      throw error;
    }
    port.onmessage = ({ data }: MessageEvent<Ask>) => this.#read(data);
    this.#answer({ id: FIRST, size: this.#snapshot.byteLength });
  }

  #read({ id, offset, length }: Ask): void {
    try {
      const bytes = this.#snapshot.read(offset, length);
      this.#answer({ id, bytes }, [bytes.buffer]);
    } catch (error) {
      this.#answer({ id, error: describeError(error) });
    }
  }

  #answer(answer: Answer, transfer: Transferable[] = []): void {
    this.#port.postMessage(answer, transfer);
  }

  dispose(): void {
    this.#snapshot.dispose();
    this.#port.close();
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * Waits for the file at the other end of a port.
 * @throws why there is none, the signal's reason
 */
export function openPeer(port: MessagePort, signal: AbortSignal): Promise<ByteSource> {
  const waiting = new Map<number, (answer: Answer) => void>();
  let counter = FIRST;
  port.onmessage = ({ data }: MessageEvent<Answer>) => waiting.get(data.id)?.(data);

  const answerTo = (id: number): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const stop = (): void => {
        waiting.delete(id);
        reject(signal.reason);
      };
      if (signal.aborted) return stop();
      signal.addEventListener('abort', stop, { once: true });
      waiting.set(id, (answer) => {
        waiting.delete(id);
        signal.removeEventListener('abort', stop);
        if ('error' in answer) reject(reviveError(answer.error));
        else resolve(answer);
      });
    });

  const read: ByteSource['read'] = async (offset, length) => {
    const id = ++counter;
    port.postMessage({ id, offset, length } satisfies Ask, []);
    const answer = await answerTo(id);
    if ('bytes' in answer) return answer.bytes;
    throw new RangeError('"port" expected bytes, got another answer');
  };
  return answerTo(FIRST).then((answer) => {
    if ('size' in answer) return { size: answer.size, read, close: () => port.close() };
    throw new RangeError('"port" expected the size of a file, got another answer');
  });
}
