/** What clients and workers have in Node: threads, files, and folders of index files. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { ClientPlace, CommonLocation, WorkerEndpoint, WorkerPlace } from '@sagitta/retrieval/remote';
import { fileSource } from '../file-source.ts';
import { FolderStorage } from './folder-storage.ts';
import { threadEndpoint } from './thread-endpoint.ts';

/** Where the bytes of an index are: in a file, in a folder where it was saved, in a Blob, at hand. */
export type IndexLocation = CommonLocation | { readonly path: string };

/** Types of Node's place; a storage is the path of a folder. */
export interface NodePlace {
  readonly location: IndexLocation;
  readonly storage: string;
}

/** Makes a thread of the package's own file. */
export function createSearchWorker(): WorkerEndpoint {
  // the program's flags are not for this file, and some (--input-type) no thread can have
  return threadEndpoint(new Worker(new URL('./search-worker.js', import.meta.url), { execArgv: [] }));
}

export const NODE_CLIENT: ClientPlace<NodePlace> = {
  createWorker: createSearchWorker,
  cores: availableParallelism,
  locations: ['path', 'stored', 'blob', 'bytes'],
  locate: (from) => from,
  errors: [],
};

export const NODE_WORKER: WorkerPlace = {
  storage: async (kind) => new FolderStorage(kind === 'auto' ? '.' : kind),
  open: (from) => fileSource((from as Extract<IndexLocation, { path: string }>).path),
};
