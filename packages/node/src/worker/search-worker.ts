/** The file that a thread is made of: `new Worker(new URL('./search-worker.js', …))`. */
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { serveSearch } from './serve-search.ts';

/** What the thread may be started with. */
export interface SearchWorkerData {
  /** Other threads go first where cores are few. */
  readonly isBehind?: boolean;
}

/** Niceness. */
const BEHIND = 10;

if (!parentPort) throw new RangeError('"thread" expected a worker thread, got the main one');
// on Linux a thread has a priority of its own; elsewhere it would be that of the whole process
if ((workerData as SearchWorkerData)?.isBehind && process.platform === 'linux') {
  try {
    setPriority(BEHIND);
  } catch {
    // where it may not be asked for (Deno without --allow-sys) it takes its turn like any other
  }
}
serveSearch(parentPort);
