/** The file that a page's module worker is made of: `new Worker(new URL('./search-worker.js', …), { type: 'module' })`. */
import type { Endpoint } from '@sagitta/retrieval/remote';
import { serveSearch } from './serve-search.ts';

declare const self: Endpoint;

serveSearch(self);
