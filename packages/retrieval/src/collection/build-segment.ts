/**
 * Makes a segment of records of older parts, beside this thread: rows go to a builder in chunks, it trains and codes them and
 * saves the file. The parts go on answering and losing records meanwhile; who takes the segment in looks at what has died.
 */
import type { Metric } from '@sagitta/core-wasm';
import type { RecordId } from '../records/ids.ts';
import type { VectorIndexOptions } from '../vector-index/options.ts';
import { idsName, writeIds } from './format.ts';
import { type Part, readTable } from './part.ts';
import type { Parts } from './parts.ts';
import type { CollectionStore } from './store.ts';

/** Bytes of vectors in one message: a few hundred records, which hold up this thread for a millisecond or two. */
const CHUNK_BYTES = 1 << 19;

/**
 * Writes the file of a segment and the one of its ids; neither is part of the collection yet.
 * @returns the ids in the order of rows; none: nothing was left, and there is no file
 */
export async function buildSegment<M>(
  store: CollectionStore,
  parts: Parts<M, Metric>,
  sources: readonly Part<M>[],
  name: string,
): Promise<RecordId[]> {
  const { plan } = parts;
  const wanted = sources.flatMap(({ index }) => index.ids());
  if (wanted.length === 0) return [];
  const builder = await store.startBuilder();
  try {
    const { trainAt, ...options } = plan;
    const never = { trainAt: Number.POSITIVE_INFINITY, compactAt: 1 };
    await builder.create({ ...options, ...never } as VectorIndexOptions);
    const chunk = Math.max(1, Math.floor(CHUNK_BYTES / (4 * plan.d)));
    const ids: RecordId[] = [];
    for (let first = 0; first < wanted.length; first += chunk) {
      const rows = await parts.rows(wanted.slice(first, first + chunk), sources);
      if (rows.ids.length === 0) continue;
      await builder.add({ ...rows, metadata: rows.metadata as never });
      for (const id of rows.ids) ids.push(id);
    }
    if (ids.length === 0) return [];
    if (ids.length >= trainAt) await builder.train();
    await builder.save(name, { storage: store.builderStorage });
    await writeIdsBeside(store, name, ids.length);
    return ids;
  } catch (error) {
    throw store.translated(error);
  } finally {
    await builder.dispose();
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
