/** What clients and workers have in a browser: module workers, addresses, storage. */
import type { ClientPlace, CommonLocation, WorkerPlace } from '@sagitta/retrieval/remote';
import { BlockedError, ChangedError, NetworkError, NotFoundError } from '../errors.ts';
import { download } from '../http-download.ts';
import { absoluteUrl } from '../http-request.ts';
import { httpSource } from '../http-source.ts';
import { FileFolder, folderOfKind } from '../storage/file-folder.ts';
import type { StorageKind } from '../storage/index-storage.ts';
import { QuotaError } from '../storage/quota-error.ts';
import { openStorage } from '../storage/storage.ts';

/** Where the bytes of an index are. A relative url is one of the page's. */
export type IndexLocation =
  | CommonLocation<StorageKind>
  | { readonly url: string; readonly headers?: Readonly<Record<string, string>> };

/** Names the types of a browser's place. */
export interface WebPlace {
  readonly location: IndexLocation;
  readonly storage: StorageKind;
}

type UrlLocation = Extract<IndexLocation, { url: string }>;

/** Shards where the engine does not tell its cores. */
const SHARDS = 2;

/** Makes the worker of the package's own file. Page content security: `worker-src 'self'`. */
export function createSearchWorker(): Worker {
  return new Worker(new URL('./search-worker.js', import.meta.url), { type: 'module' });
}

export const WEB_CLIENT: ClientPlace<WebPlace> = {
  createWorker: createSearchWorker,
  cores: () => globalThis.navigator?.hardwareConcurrency ?? SHARDS,
  locations: ['url', 'stored', 'blob', 'bytes'],
  // relative addresses are the page's, not those of the worker's file
  locate: (from) => ('url' in from ? { ...from, url: absoluteUrl(from.url) } : from),
  errors: [QuotaError, NotFoundError, ChangedError, BlockedError, NetworkError],
};

export const WEB_WORKER: WorkerPlace = {
  storage(kind) {
    const folder = folderOfKind(kind);
    return folder === undefined ? openStorage(kind as StorageKind | 'auto') : FileFolder.open(folder);
  },
  open: (from, signal) => {
    const { url, headers } = from as UrlLocation;
    return httpSource(url, { signal, ...(headers && { headers }) });
  },
  stream: (from, signal) => {
    if (!('url' in from)) return undefined;
    const { url, headers = {} } = from as UrlLocation;
    return download(url, { headers, signal });
  },
};
