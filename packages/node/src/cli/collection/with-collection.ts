/** A collection for the length of a command. */
import type { JsonValue, RecordId } from '@sagitta/retrieval';
import type {
  Collection,
  CollectionOptions,
  OpenOptions,
  TokenCollection,
  TokenCollectionOptions,
} from '@sagitta/retrieval/collection';
import { isCollection } from '../../collection/database-name.ts';
import { blame, CommandFailure } from '../failure.ts';
import type { CommandIo } from '../io.ts';

/** What help says of a folder. */
export const FOLDER = 'the folder of a collection';

/** Opens the collection of a folder for body, and closes it. */
export async function withCollection<T>(
  io: CommandIo,
  folder: string,
  options: CollectionOptions,
  body: (collection: Collection) => Promise<T>,
): Promise<T> {
  const { openFolder } = await import('../../collection/open-collection.ts');
  return closing(await blame('FOLDER', () => openFolder<JsonValue>(folder, options, io.threads)), body);
}

/** Collections, whatever their records are. */
export type AnyCollection = Collection | TokenCollection;

/** Opens the collection that is in a folder for body, and closes it: none is made. */
export async function withKnown<T>(
  io: CommandIo,
  folder: string,
  options: OpenOptions,
  body: (collection: AnyCollection) => Promise<T>,
): Promise<T> {
  await mustBeCollection(folder);
  const { openAnyFolder } = await import('../../collection/open-collection.ts');
  return closing(await blame('FOLDER', () => openAnyFolder<JsonValue>(folder, options, io.threads)), body);
}

/** Makes a collection of token sets in a folder for body, and closes it. */
export async function withTokenCollection<T>(
  io: CommandIo,
  folder: string,
  options: TokenCollectionOptions,
  body: () => Promise<T>,
): Promise<T> {
  const { openTokenFolder } = await import('../../collection/open-collection.ts');
  return closing(await blame('FOLDER', () => openTokenFolder<JsonValue>(folder, options, io.threads)), body);
}

async function closing<C extends AnyCollection, T>(
  collection: C,
  body: (collection: C) => Promise<T>,
): Promise<T> {
  try {
    return await body(collection);
  } finally {
    await blame('FOLDER', () => collection.close());
  }
}

/** Whether a collection is one of token sets. */
export function isOfTokens(collection: AnyCollection): collection is TokenCollection {
  return 'tokens' in collection;
}

/** A mistyped name makes no folder. @throws CommandFailure */
export async function mustBeCollection(folder: string): Promise<void> {
  if (await isCollection(folder)) return;
  throw new CommandFailure('FOLDER', `${folder}: expected a collection (sagitta init makes one), got none`);
}

/** Words as ids: a whole number that is one's id names that record, anything else is a string. */
export async function idsOf(collection: AnyCollection, words: readonly string[]): Promise<RecordId[]> {
  const ids: RecordId[] = [];
  for (const word of words) {
    const value = /^(0|[1-9]\d*)$/.test(word) ? Number(word) : undefined;
    const isNumber = value !== undefined && Number.isSafeInteger(value) && (await collection.has(value));
    ids.push(isNumber ? (value as number) : word);
  }
  return ids;
}

/** An id as JSON can hold it. */
export function printed(id: RecordId): string | number {
  return typeof id === 'bigint' ? String(id) : id;
}
