/**
 * Reads a segment and checks every section. A segment of vectors says everything twice but metadata: vectors as codes and, where
 * kept, as float32; ids in the file and in one beside it. So one with damaged codes can be coded anew from its vectors, one with
 * damaged vectors from its codes, and only where both are damaged, or the head that says where they are, records are lost. One of
 * token sets has tokens once, or twice where there are finer ones, and FDEs that can be made of them.
 */
import { ByteReader, crc32, type SectionEntry } from '@sagitta/core-wasm';
import type { ByteSource } from '../files/byte-source.ts';
import { readRecords } from '../records/format.ts';
import type { RecordId } from '../records/ids.ts';
import type { Records } from '../records/records.ts';
import { idsName, readIds, type SegmentEntry } from './format.ts';
import { type Part, readTable, type SegmentFile } from './part.ts';
import type { Parts } from './parts.ts';
import type { SavedValues } from './record-kind.ts';
import type { CollectionStore } from './store.ts';

const PIECE_BYTES = 1 << 22;
/** What is wrong with a segment, and what that costs. */
export interface SegmentDamage {
  readonly segment: string;
  /** What is damaged, in words. */
  readonly reason: string;
  /** Sections whose bytes are not those that were written. */
  readonly sections: readonly string[];
  /** Records that nothing is left of. */
  readonly lost: readonly RecordId[];
  /** Records that are whole but for their metadata. */
  readonly withoutMetadata: readonly RecordId[];
}

export interface CheckedSegment<M> {
  /** Bytes that were read. */
  readonly bytes: number;
  readonly damage: SegmentDamage | undefined;
  /** Makes a part of vectors, ids and metadata, where there is enough for that. */
  readonly salvage?: () => Promise<Part<M>>;
}

/** living — of the segment's ids, by row, those that live. */
export async function checkSegment<M, V>(
  store: CollectionStore,
  parts: Parts<M, V>,
  { name, n }: SegmentEntry,
  living: (ids: readonly RecordId[]) => RecordId[],
): Promise<CheckedSegment<M>> {
  let source: ByteSource | undefined;
  try {
    source = await store.openFile(name);
    return await checkFile(store, parts, { name, n, source }, living);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const lost = living((await idsBeside(store, name)) ?? []);
    return {
      bytes: source?.size ?? 0,
      damage: { segment: name, reason, sections: [], lost, withoutMetadata: [] },
    };
  } finally {
    await source?.close?.();
  }
}

/** @throws FormatError where the head is damaged */
async function checkFile<M, V>(
  store: CollectionStore,
  parts: Parts<M, V>,
  { name, n, source }: { readonly name: string; readonly n: number; readonly source: ByteSource },
  living: (ids: readonly RecordId[]) => RecordId[],
): Promise<CheckedSegment<M>> {
  const bytes = source.size;
  const table = await readTable(source);
  const { kind, core } = parts;
  const kept = new Set(['RIDS', 'RMDA', ...kind.keptForSaving]);
  const whole = new Map<string, Uint8Array>();
  for (const entry of table.sections) {
    const read = await readSection(source, entry, kept.has(entry.id));
    if (read) whole.set(entry.id, read);
  }
  const sections = table.sections.map(({ id }) => id).filter((id) => !whole.has(id));
  if (sections.length === 0) return { bytes, damage: undefined };
  const readable = {
    has: (id: string) => whole.has(id),
    reader: (id: string) => new ByteReader(whole.get(id) ?? new Uint8Array(0)),
  };
  const ids = sections.includes('RIDS')
    ? await idsBeside(store, name)
    : readRecords({ ...readable, has: (id) => id === 'RIDS' && whole.has(id) }, n).liveIds();
  const isSpared = sections.every((id) => kind.spare.includes(id));
  const values = kind.saved(core, { source, table, ...readable }, n);
  const isSaved = isSpared || (values !== undefined && ids?.length === n);
  const all = living(ids ?? []);
  const damage = {
    segment: name,
    reason: `damaged ${sections.join(', ')}`,
    sections,
    lost: isSaved ? [] : all,
    withoutMetadata: isSaved && sections.includes('RMDA') ? all : [],
  };
  if (!isSaved || isSpared || !values || !ids) return { bytes, damage };
  const metadata = whole.has('RMDA')
    ? readRecords<M>({ ...readable, has: (id) => id === 'RMDA' }, n)
    : undefined;
  const salvage = (): Promise<Part<M>> =>
    salvaged(store, parts, { name, ids, metadata, keep: new Set(all), whole: readable });
  return { bytes, damage, salvage };
}

/** A section's bytes where they are wanted, else none; undefined where they are damaged. */
async function readSection(
  source: ByteSource,
  { offset, length, checksum }: SectionEntry,
  isWanted: boolean,
): Promise<Uint8Array | undefined> {
  const kept = new Uint8Array(isWanted ? length : 0);
  let sum = 0;
  for (let at = 0; at < length; at += PIECE_BYTES) {
    const piece = await source.read(offset + at, Math.min(PIECE_BYTES, length - at));
    sum = crc32(piece, sum);
    if (isWanted) kept.set(piece, at);
  }
  return sum === checksum ? kept : undefined;
}

/** Which sections of a file that was whole when it was opened are not any more. */
export async function damagedSections({ source, table }: SegmentFile): Promise<string[]> {
  const damaged: string[] = [];
  for (const entry of table.sections) if (!(await readSection(source, entry, false))) damaged.push(entry.id);
  return damaged;
}

async function idsBeside(store: CollectionStore, name: string): Promise<RecordId[] | undefined> {
  let file: ByteSource | undefined;
  try {
    file = await store.openFile(idsName(name));
    return readIds(`${store.name}/${idsName(name)}`, await file.read(0, file.size));
  } catch {
    // damaged too, or gone: then nobody can say
    return undefined;
  } finally {
    await file?.close?.();
  }
}

interface Salvage<M> {
  readonly name: string;
  readonly ids: readonly RecordId[];
  readonly metadata: Records<M> | undefined;
  readonly keep: ReadonlySet<RecordId>;
  readonly whole: { has(id: string): boolean; reader(id: string): ByteReader };
}

/** A part in memory of what a file holds whole. */
async function salvaged<M, V>(
  store: CollectionStore,
  { core, kind }: Parts<M, V>,
  { name, ids, metadata, keep, whole }: Salvage<M>,
): Promise<Part<M>> {
  const part = kind.tail<M>(core);
  const source = await store.openFile(name);
  try {
    const table = await readTable(source);
    const values = kind.saved(core, { source, table, ...whole }, ids.length) as SavedValues;
    for (let first = 0; first < ids.length; first += kind.chunk) {
      const some = ids.slice(first, first + kind.chunk);
      const rows = kind.join(await values(first, some.length));
      const given = metadata && some.map((_, i) => metadata.metadataAt(first + i));
      part.index.stage(rows);
      part.index.publish();
      part.index.record(rows, { ids: some, metadata: given });
      part.index.settle();
      part.index.delete(some.filter((id) => !keep.has(id)));
    }
    return part;
  } catch (error) {
    await part.dispose();
    throw error;
  } finally {
    await source.close?.();
  }
}
