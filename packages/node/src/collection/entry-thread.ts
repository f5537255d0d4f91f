/** The file of the thread that writes entries: `new Worker(new URL('./entry-thread.js', …))`. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Change, Durability } from '@sagitta/retrieval/collection';
import { EntryWriter } from './entries.ts';
import { importSqlite } from './sqlite.ts';

/** What the thread is started with. */
export interface EntryThreadData {
  readonly sqlite: string;
  readonly path: string;
  readonly durability: Durability;
}

/** What it is asked, with a number; without changes: to close the file. The answer has the number, and what was thrown. */
export interface EntryRequest {
  readonly id: number;
  readonly changes?: readonly Change[];
}

if (!parentPort) throw new RangeError('"thread" expected a worker thread, got the main one');
const port = parentPort;
const { sqlite, path, durability } = workerData as EntryThreadData;
/** An error in words that survive the way: its class says nothing here. */
const told = (thrown: unknown): object => {
  const { message = String(thrown), code, errcode, name } = thrown as Record<string, unknown>;
  return { message, code, errcode, name };
};

let writer: EntryWriter | undefined;
try {
  writer = new EntryWriter(await importSqlite(sqlite), path, durability);
  port.postMessage({ id: 0 });
} catch (error) {
  port.postMessage({ id: 0, error: told(error) });
}

port.on('message', ({ id, changes }: EntryRequest) => {
  try {
    if (changes) writer?.commit(changes);
    else writer?.close();
    port.postMessage({ id });
  } catch (error) {
    port.postMessage({ id, error: told(error) });
  }
  if (changes) writer?.checkpointIfDue();
});
