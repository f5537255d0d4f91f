/** Copies a collection from one store into another. */
import { sourceChunks } from '../files/byte-source.ts';
import type { RecordId } from '../records/ids.ts';
import { COPYING, idsName, logNumber, MANIFEST, MODELS_RANGE, readOperation, textRange } from './format.ts';
import { type Entries, knownEntries, readEntries } from './load-parts.ts';
import type { RecordKind } from './record-kind.ts';
import type { Change, CollectionStore } from './store.ts';
import { TEXT_CHUNK } from './texts.ts';

/** What a copy needs of a collection that is written meanwhile. */
export interface Copied<V> {
  readonly store: CollectionStore;
  readonly kind: RecordKind<V>;
  readonly keepsTexts: boolean;
  /** All ids, as of now. */
  ids(): Iterable<RecordId>;
  /** The last write, as of now. */
  number(): number;
  /** Runs body while nothing is written. */
  alone(body: () => Promise<void>): Promise<void>;
}

/**
 * Copies files, then texts, then all other entries in one transaction: until then there is no collection in the target. It is that of
 * this last moment: texts that were written since theirs were copied come with it. Nothing of the source is removed meanwhile.
 * @throws RangeError where there is none, or one in the target
 */
export async function copyCollection<V>(source: Copied<V>, target: CollectionStore): Promise<void> {
  const { store, keepsTexts } = source;
  const { manifest } = await knownEntries(store);
  if (await readEntries(target)) {
    throw new RangeError(`"target" expected no collection, got one in ${target.name}`);
  }
  for (const { name } of manifest.segments) {
    for (const one of [name, idsName(name)]) {
      const file = await store.openFile(one);
      try {
        await target.writeFile(one, sourceChunks(file));
      } finally {
        await file.close?.();
      }
    }
  }
  const number = source.number();
  if (keepsTexts) {
    await target.commit([{ key: COPYING, value: new Uint8Array(1) }]);
    const ids = [...source.ids()];
    for (let first = 0; first < ids.length; first += TEXT_CHUNK) {
      const texts = await store.read(ids.slice(first, first + TEXT_CHUNK).map(textRange));
      await target.commit(texts.flat());
    }
  }
  await source.alone(async () => {
    const { bytes, live, log } = await knownEntries(store);
    const changes: Change[] = [{ key: MANIFEST, value: bytes }, { key: COPYING }, ...live, ...log];
    const [models = []] = await store.read([MODELS_RANGE]);
    changes.push(...models);
    if (keepsTexts) changes.push(...(await changedTexts(source, log, number)));
    await target.commit(changes);
  });
}

/** What became of texts in writes behind number `after`. */
async function changedTexts<V>(
  { store, kind }: Copied<V>,
  log: Entries['log'],
  after: number,
): Promise<Change[]> {
  const later = log.filter(({ key }) => logNumber(key) > after);
  const ids = new Set(
    later.flatMap(({ key, value }) => readOperation(`${store.name}/${key}`, value, kind).ids),
  );
  const ranges = Array.from(ids, textRange);
  const texts = await store.read(ranges);
  return ranges.map(({ from }, i) => ({ key: from, value: texts[i]?.[0]?.value }));
}
