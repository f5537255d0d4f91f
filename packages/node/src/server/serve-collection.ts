/** Serves the collection of a folder. */
import { checkOptions, type OptionTable } from '@sagitta/core-wasm';
import type { JsonValue } from '@sagitta/retrieval';
import type { CollectionOptions } from '@sagitta/retrieval/collection';
import { isCollection } from '../collection/database-name.ts';
import { openAnyFolder, openCollection } from '../collection/open-collection.ts';
import { type CollectionServer, LISTEN_OPTIONS, type ListenOptions, listen } from './listen.ts';

/** Says which collection is served, where and how. */
export interface ServeOptions extends ListenOptions {
  /** How a collection of vectors is opened, or made; what is served for reading is opened so too. Default: as what is there. */
  readonly collection?: CollectionOptions;
}

const OPTIONS: OptionTable<ServeOptions> = { ...LISTEN_OPTIONS, collection: 'any' };

/**
 * Opens the collection of a folder and serves it over HTTP until it is closed.
 * @example
 * await using server = await serveCollection('notes', { port: 0 });
 * await fetch(`${server.url}/search`, { method: 'POST', headers, body: JSON.stringify({ query, k: 10 }) });
 * @throws as openCollection does; TypeError, RangeError on options; the system's error where the port is taken
 */
export async function serveCollection(folder: string, options: ServeOptions = {}): Promise<CollectionServer> {
  checkOptions('options', options, OPTIONS);
  const { collection: how, ...rest } = options;
  const { readOnly } = rest;
  const reading = readOnly !== undefined && { readOnly };
  const isAsItIs = how === undefined && (await isCollection(folder));
  const collection = isAsItIs
    ? await openAnyFolder<JsonValue>(folder, { ...reading })
    : await openCollection(folder, { ...how, ...reading });
  try {
    return await listen(collection, rest);
  } catch (error) {
    await collection.close();
    throw error;
  }
}
