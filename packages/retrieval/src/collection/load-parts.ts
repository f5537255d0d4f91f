/** Puts the parts of a collection together from what its store has: segments, what is dead of them, and the log behind them. */
import { FormatError } from '@sagitta/core-wasm';
import type { ByteSource } from '../files/byte-source.ts';
import { noCollection } from './errors.ts';
import {
  COPYING,
  LIVE_RANGE,
  liveName,
  logNumber,
  logRange,
  MANIFEST_RANGE,
  type Manifest,
  named,
  naming,
  type Operation,
  readLiveWords,
  readManifest,
  readOperation,
} from './format.ts';
import { type Part, readTable } from './part.ts';
import type { Parts } from './parts.ts';
import type { RecordKind } from './record-kind.ts';
import type { CollectionStore, Entry } from './store.ts';

/** The entries of a collection, of one moment. */
export interface Entries {
  readonly manifest: Manifest;
  /** The manifest's bytes: where they differ, it does. */
  readonly bytes: Uint8Array;
  readonly live: readonly Entry[];
  readonly log: readonly Entry[];
}

/** undefined: there is no collection. after — the last write that is known already. @throws FormatError */
export async function readEntries(store: CollectionStore, after = 0): Promise<Entries | undefined> {
  const [manifests, live, log] = await store.read([MANIFEST_RANGE, LIVE_RANGE, logRange(after)]);
  const [found] = manifests as Entry[];
  if (!found) return undefined;
  if (found.key === COPYING) {
    throw new RangeError(
      `"${store.argument}" expected a collection or nothing, got a copy that was never ended in ${store.name}: remove it`,
    );
  }
  const manifest = readManifest(store.name, found.value);
  return { manifest, bytes: found.value, live: live as Entry[], log: log as Entry[] };
}

/** readEntries of a collection that is there. @throws RangeError where there is none any more */
export async function knownEntries(store: CollectionStore, after = 0): Promise<Entries> {
  const entries = await readEntries(store, after);
  if (entries) return entries;
  throw noCollection(store);
}

/** A segment that could not be read. */
export interface DamagedSegment {
  readonly name: string;
  readonly error: unknown;
}

/**
 * Makes `parts` those of the entries. known — segments that are loaded already, taken over; others of them are disposed.
 * @returns segments that are damaged, where onDamage did not throw, and the last write
 */
export async function loadParts<M, V>(
  store: CollectionStore,
  parts: Parts<M, V>,
  { manifest, live, log }: Entries,
  isLenient: boolean,
): Promise<{ damaged: DamagedSegment[]; number: number }> {
  const { core, kind, list: before } = parts;
  const known = new Map(before.flatMap((part) => (part.file ? [[part.file.name, part] as const] : [])));
  const words = new Map(live.map(({ key, value }) => [liveName(key), value]));
  const damaged: DamagedSegment[] = [];
  const list: Part<M>[] = [];
  const fresh: Part<M>[] = [];
  try {
    for (const { name, n } of manifest.segments) {
      let part = known.get(name);
      try {
        part ??= await openPart<M, V>(store, parts, name, n);
        if (!known.has(name)) fresh.push(part);
        const said = words.get(name);
        if (said) part.keepLive(readLiveWords(`${store.name}/live/${name}`, said, n));
        part.saidDead = part.index.dead;
        list.push(part);
      } catch (error) {
        if (!isLenient) throw error;
        damaged.push({ name, error });
      }
    }
    const operations = readLog<M, V>(store.name, log, manifest.folded, kind);
    const tail = kind.tail<M>(core, before.at(-1));
    fresh.push(tail);
    list.push(tail);
    parts.list = list;
    parts.next = Math.max(parts.next, manifest.next);
    parts.apply(operations);
  } catch (error) {
    parts.list = before;
    for (const part of fresh) await part.dispose();
    throw error;
  }
  for (const part of before) if (!list.includes(part)) await part.dispose();
  return { damaged, number: manifest.folded + log.length };
}

async function openPart<M, V>(
  store: CollectionStore,
  parts: Parts<M, V>,
  name: string,
  n: number,
): Promise<Part<M>> {
  const part = await openSegment<M, V>(store, parts, name);
  if (part.slots === n) return part;
  await part.dispose();
  throw new FormatError(
    `${store.name}/${name}: expected ${n} records as the manifest says, got ${part.slots}`,
  );
}

/** A segment as a part. @throws FormatError naming the file, CapacityError */
export async function openSegment<M, V>(
  store: CollectionStore,
  { core, kind }: Parts<M, V>,
  name: string,
): Promise<Part<M>> {
  let source: ByteSource | undefined;
  try {
    source = await store.openFile(name);
    const part = await kind.segment<M>(core, { name, source, table: await readTable(source) });
    const { d, metric } = part.index;
    if (d === kind.d && metric === kind.metric) return part;
    part.index.dispose();
    throw new FormatError(`expected d = ${kind.d} and ${kind.metric}, got ${d} and ${metric}`);
  } catch (error) {
    await source?.close?.();
    throw named(`${store.name}/${name}`, error);
  }
}

/** Writes behind number `after`, one after the other. @throws FormatError where one is missing or damaged */
export function readLog<M, V>(
  name: string,
  log: readonly Entry[],
  after: number,
  kind: RecordKind<V>,
): Operation<M, V>[] {
  return log.map(({ key, value }, i) => {
    const place = `${name}/${key}`;
    if (logNumber(key) === after + 1 + i) return readOperation<M, V>(place, value, kind);
    return naming(place, () => {
      throw new FormatError(`expected write ${after + 1 + i} of the log, got another`);
    });
  });
}

export function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
