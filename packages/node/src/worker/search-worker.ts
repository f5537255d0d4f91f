/** The file that a thread is made of: `new Worker(new URL('./search-worker.js', …))`. */
import { parentPort } from 'node:worker_threads';
import { serveSearch } from './serve-search.ts';

if (!parentPort) throw new RangeError('"thread" expected a worker thread, got the main one');
serveSearch(parentPort);
