/** Collections on sources: their threads run bundles of the sources. */
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Metric } from '@sagitta/core-wasm';
import type { JsonValue } from '@sagitta/retrieval';
import type {
  Collection,
  CollectionOptions,
  TokenCollection,
  TokenCollectionOptions,
} from '@sagitta/retrieval/collection';
import type { ThreadFiles } from '../../src/collection/folder-store.ts';
import { openFolder, openTokenFolder } from '../../src/collection/open-collection.ts';
import { bundle } from './bundle.ts';

/** Where bundles that open collections by themselves have to be: SQLite is found from there. */
export const BESIDE_PACKAGES: string = fileURLToPath(new URL('../../node_modules/.bundles', import.meta.url));

export type Opener = <M = JsonValue, S extends Metric = Metric>(
  path: string,
  options?: CollectionOptions<S>,
) => Promise<Collection<M, S>>;

/** folder — where the bundles go */
export function threadsIn(folder: string): ThreadFiles {
  const [entries, search] = bundle(folder, ['src/collection/entry-thread.ts', 'src/worker/search-worker.ts']);
  return { entries: pathToFileURL(entries), search: pathToFileURL(search) };
}

export function collectionsIn(folder: string): Opener {
  const threads = threadsIn(folder);
  return (path, options = {}) => openFolder(path, options, threads);
}

export function tokenCollectionsIn(
  folder: string,
): <M = JsonValue>(path: string, options?: TokenCollectionOptions) => Promise<TokenCollection<M>> {
  const threads = threadsIn(folder);
  return (path, options = {}) => openTokenFolder(path, options, threads);
}
