/**
 * Makes a segment of records of older parts, beside this thread: rows go to a builder in chunks, it trains and codes them and
 * saves the file. The parts go on answering and losing records meanwhile; who takes the segment in looks at what has died.
 */
import type { RecordId } from '../records/ids.ts';
import { idsName, writeIds } from './format.ts';
import { type Part, readTable } from './part.ts';
import type { Parts } from './parts.ts';
import type { Rows } from './record-kind.ts';
import type { CollectionStore } from './store.ts';

/**
 * Writes the file of a segment and the one of its ids; neither is part of the collection yet.
 * @returns the ids in the order of rows; none: nothing was left, and there is no file
 */
export async function buildSegment<M, V>(
  store: CollectionStore,
  parts: Parts<M, V>,
  sources: readonly Part<M>[],
  name: string,
): Promise<RecordId[]> {
  const { kind } = parts;
  const wanted = sources.flatMap((part) => part.ids());
  if (wanted.length === 0) return [];
  const rows = (ids: readonly RecordId[]): Promise<Rows<M>> => parts.rows(ids, sources);
  try {
    const builder = await kind.startBuilder<M>(store, {
      n: wanted.length,
      read: (places) => rows(places.map((place) => wanted[place] as RecordId)),
    });
    try {
      const ids: RecordId[] = [];
      for (let first = 0; first < wanted.length; first += kind.chunk) {
        const some = await rows(wanted.slice(first, first + kind.chunk));
        if (some.ids.length === 0) continue;
        await builder.add(some);
        for (const id of some.ids) ids.push(id);
      }
      if (ids.length === 0) return [];
      await builder.save(name, store.builderStorage);
      await writeIdsBeside(store, name, ids.length);
      return ids;
    } finally {
      await builder.dispose();
    }
  } catch (error) {
    throw store.translated(error);
  }
}

/** As they are in the file: to write a hundred thousand down again would hold up this thread. */
async function writeIdsBeside(store: CollectionStore, name: string, n: number): Promise<void> {
  const file = await store.openFile(name);
  try {
    const section = (await readTable(file)).sections.find(({ id }) => id === 'RIDS');
    const ids = section && (await file.read(section.offset, section.length));
    await store.writeFile(idsName(name), [writeIds(n, ids)]);
  } finally {
    await file.close?.();
  }
}
