/** Checks every checksum of a collection, says what damaged segments lose, and saves what they do not. */
import type { RecordId } from '../records/ids.ts';
import { hasSlot } from '../search/slot-set.ts';
import { type CheckedSegment, checkSegment, damagedSections, type SegmentDamage } from './check-segment.ts';
import { liveName, readLiveWords, type SegmentEntry } from './format.ts';
import type { Keeper } from './keeper.ts';
import { type Entries, knownEntries, readLog } from './load-parts.ts';
import type { Parts } from './parts.ts';
import type { RecordKind } from './record-kind.ts';
import type { CollectionStore } from './store.ts';
import { readModel, type Texts } from './texts.ts';

/** What verify found. */
export interface Verification {
  readonly isWhole: boolean;
  /** Bytes of segments that were read. */
  readonly bytes: number;
  /** Damaged segments. Where one was repaired from memory, nothing of it is lost. */
  readonly damage: readonly SegmentDamage[];
  /** Records whose text is damaged; a repair takes these texts out. */
  readonly damagedTexts: readonly RecordId[];
  /** What is wrong with the entries, the log or the text model, if anything: that is not repaired. */
  readonly defect: string | undefined;
  readonly isRepaired: boolean;
}

/** What the entries say beside the manifest. */
interface Known {
  /** Bits of the rows that live, by segment. */
  readonly words: ReadonlyMap<string, Uint32Array>;
  /** Ids of which the log says what became: what a segment has of them is old. */
  readonly rewritten: ReadonlySet<RecordId>;
}

/** keeper — of the writer, whose jobs wait meanwhile. @throws what reading and, in a repair, writing rejects with */
export async function verifySegments<M, V>(
  store: CollectionStore,
  parts: Parts<M, V>,
  texts: Texts,
  keeper: Keeper<M, V> | undefined,
  repair: boolean,
): Promise<Verification> {
  const entries = await knownEntries(store);
  const { known, defect } = await readKnown(store, entries, parts.kind);
  const isRepaired = repair && keeper !== undefined && defect === undefined;
  const damagedTexts = await texts.damaged(parts.ids());
  const damage: SegmentDamage[] = [];
  let bytes = 0;
  for (const entry of entries.manifest.segments) {
    const words = known.words.get(entry.name);
    const living = (ids: readonly RecordId[]): RecordId[] =>
      ids.filter((id, slot) => (!words || hasSlot(words, slot)) && !known.rewritten.has(id));
    const checked = await checkSegment(store, parts, entry, living);
    bytes += checked.bytes;
    if (!checked.damage) continue;
    const fromMemory = isRepaired && (await repairSegment(store, parts, keeper, entry, checked));
    damage.push(fromMemory ? { ...checked.damage, lost: [], withoutMetadata: [] } : checked.damage);
  }
  const lost = damage.flatMap((one) => one.lost);
  if (isRepaired && damagedTexts.length + lost.length > 0) {
    // what was written meanwhile stays
    await keeper.alone(async () => {
      const gone = lost.filter((id) => parts.partOf(id) === undefined);
      await store.commit(texts.changes([...(await texts.damaged(damagedTexts)), ...gone]));
    });
  }
  const isWhole = damage.length + damagedTexts.length === 0 && defect === undefined;
  return { isWhole, bytes, damage, damagedTexts, defect, isRepaired: isRepaired && !isWhole };
}

async function readKnown<V>(
  store: CollectionStore,
  { log, live, manifest }: Entries,
  kind: RecordKind<V>,
): Promise<{ known: Known; defect: string | undefined }> {
  const words = new Map<string, Uint32Array>();
  const rewritten = new Set<RecordId>();
  let defect = await store.defect();
  try {
    const sizes = new Map(manifest.segments.map(({ name, n }) => [name, n]));
    for (const { key, value } of live) {
      const name = liveName(key);
      words.set(name, readLiveWords(`${store.name}/${key}`, value, sizes.get(name) ?? 0));
    }
    for (const { ids } of readLog(store.name, log, manifest.folded, kind)) {
      for (const id of ids) rewritten.add(id);
    }
    if (manifest.hasTextModel) await readModel(store);
    await kind.check?.(store);
  } catch (error) {
    defect ??= error instanceof Error ? error.message : String(error);
  }
  return { known: { words, rewritten }, defect };
}

/**
 * A new segment of what is whole, where anything is, in place of the damaged one, whose file is kept under another name.
 * @returns whether all of it was in memory
 */
async function repairSegment<M, V>(
  store: CollectionStore,
  parts: Parts<M, V>,
  keeper: Keeper<M, V>,
  { name }: SegmentEntry,
  { damage, salvage }: CheckedSegment<M>,
): Promise<boolean> {
  const keptAs = `${name}.damaged`;
  const loaded = parts.list.find(({ file }) => file?.name === name);
  if (loaded?.file) {
    loaded.damaged = damage?.sections.length ? damage.sections : await damagedSections(loaded.file);
    if (loaded.canDoWithout(loaded.damaged)) {
      await keeper.replace([loaded], undefined, keptAs);
      return true;
    }
    await keeper.alone(() => keeper.takeIn([loaded], undefined, []));
    await store.renameFile(name, keptAs).catch(() => {});
    return false;
  }
  const saved = await salvage?.();
  if (saved) parts.list = [saved, ...parts.list];
  keeper.leftOut.delete(name);
  if (saved) await keeper.replace([saved], undefined);
  else await keeper.takeIn([], undefined, []);
  await store.renameFile(name, keptAs).catch(() => {});
  return false;
}
