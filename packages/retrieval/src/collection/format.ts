/**
 * Entries of a collection, each a container of its own, so that everything has a checksum and a version:
 *
 * manifest  COLLECT 1: MANI, UTF-8 of a JSON object: options, segments in order, what is folded, the next number
 * log/N     COLLOG 1: META u32 operation (0 put, 1 delete), n, d · RIDS, RMDA: records as in any file · VECS f32 n × d, or for
 *           tokens LENS u32 n · VECS f32, as many rows of d as these lengths say
 * live/NAME COLLIVE 1: LIVE u32 words, a bit for each row of the segment that is not dead
 * text/ID   COLTEXT 1: TEXT UTF-8: the text of a record. ID is n:, b: or s: and a number, a bigint, or a string as in a URL
 * model/text  the text model, as saveTextModel writes it
 * model/encoder  COLENC 1: FDEN, what makes FDEs of tokens, as in the file of an index
 *
 * and the file NAME.ids, COLIDS 1: META u32 n · RIDS: the ids of a segment once more, for when it is damaged.
 */
import {
  type Container,
  FormatError,
  littleEndianBytes,
  readContainer,
  type Section,
  UnsupportedError,
  writeContainer,
} from '@sagitta/core-wasm';
import { type FdeEncoder, readFdeEncoder, writeFdeEncoder } from '../muvera/index.ts';
import { readRecords, recordSections } from '../records/format.ts';
import type { RecordId } from '../records/ids.ts';
import { Records } from '../records/records.ts';
import { wordsFor } from '../search/slot-set.ts';
import type { RecordKind, RecordKindName } from './record-kind.ts';
import type { KeyRange } from './store.ts';

export const MANIFEST = 'manifest';
const LOG = 'log/';
const LIVE = 'live/';
const TEXT = 'text/';
export const MODEL = 'model/text';
export const ENCODER = 'model/encoder';
/** Is there while a copy with texts is being made, which is no collection until it ends. */
export const COPYING: string = `${MANIFEST}.copying`;
const VERSION = 1;
/** Digits of a number in a key: as many as the largest has, so that keys are in the order of numbers. */
const DIGITS = 16;

/** All keys that begin with a prefix that ends in a slash. */
const under = (prefix: string): KeyRange => ({ from: prefix, to: `${prefix.slice(0, -1)}0` });

export const MANIFEST_RANGE: KeyRange = { from: MANIFEST, to: `${MANIFEST}0` };
/** All that begins with model/. */
export const MODELS_RANGE: KeyRange = under('model/');
export const MODEL_RANGE: KeyRange = { from: MODEL, to: `${MODEL}0` };
export const LIVE_RANGE: KeyRange = under(LIVE);
/** Writes behind number `after`. */
export const logRange = (after: number): KeyRange => ({ ...under(LOG), from: logKey(after + 1) });
export const logKey = (number: number): string => `${LOG}${String(number).padStart(DIGITS, '0')}`;
export const liveKey = (segment: string): string => `${LIVE}${segment}`;
/** In ASCII: its order is the same everywhere. */
export const textKey = (id: RecordId): string =>
  `${TEXT}${typeof id === 'string' ? `s:${encodeURIComponent(id)}` : typeof id === 'bigint' ? `b:${id}` : `n:${id}`}`;
/** One text alone: "!" comes before everything that may follow in a longer key. */
export const textRange = (id: RecordId): KeyRange => ({ from: textKey(id), to: `${textKey(id)}!` });
export const logNumber = (key: string): number => Number(key.slice(LOG.length));
export const liveName = (key: string): string => key.slice(LIVE.length);
export const segmentName = (number: number): string => `segment-${String(number).padStart(6, '0')}.sag`;
export const idsName = (segment: string): string => segment.replace(/\.sag$/, '.ids');
/** Whether a file is a segment, its ids, or a temporary file of either. */
export const isSegmentFile = (name: string): boolean => /^\.?segment-\d+\.(sag|ids)(\..*\.tmp)?$/.test(name);

/** A write as it is in the log. */
export type Operation<M, V> =
  | {
      readonly kind: 'put';
      readonly ids: readonly RecordId[];
      /** Of as many records. */
      readonly values: V;
      readonly metadata: readonly (M | undefined)[] | undefined;
    }
  | { readonly kind: 'delete'; readonly ids: readonly RecordId[] };

export interface SegmentEntry {
  readonly name: string;
  /** Rows, dead ones with them. */
  readonly n: number;
  readonly bytes: number;
}

export interface Manifest {
  /** What a record is. */
  readonly kind: RecordKindName;
  /** Options of the index, by name. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly segments: readonly SegmentEntry[];
  /** The last write that is in segments. */
  readonly folded: number;
  /** The next row number for records without ids. */
  readonly next: number;
  /** Segments that were ever made. */
  readonly made: number;
  /** Whether a text is kept for each record. Default false. */
  readonly keepsTexts?: boolean;
  /** Whether there is a text model. Default false. */
  readonly hasTextModel?: boolean;
}

function pack(kind: string, sections: readonly Section[]): Uint8Array {
  return writeContainer({ kind, version: VERSION, sections });
}

/** place — what the bytes are, for errors. @throws FormatError, UnsupportedError */
function unpack(place: string, kind: string, bytes: Uint8Array): Container {
  return naming(place, () => {
    const container = readContainer(bytes);
    if (container.kind !== kind)
      throw new FormatError(`expected "${kind}", got ${JSON.stringify(container.kind)}`);
    if (container.version === VERSION) return container;
    throw new UnsupportedError(`${place}: expected version ${VERSION}, got ${container.version}`);
  });
}

/** Errors in bytes say which. */
export function naming<T>(place: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw named(place, error);
  }
}

export function named(place: string, error: unknown): unknown {
  if (!(error instanceof FormatError) || error.message.startsWith(place)) return error;
  return new FormatError(`${place}: ${error.message.replace(/ \(at byte \d+\)$/, '')}`, error.offset);
}

export function writeManifest(manifest: Manifest): Uint8Array {
  return pack('COLLECT', [{ id: 'MANI', pieces: [new TextEncoder().encode(JSON.stringify(manifest))] }]);
}

/** @throws FormatError, UnsupportedError naming the place */
export function readManifest(place: string, bytes: Uint8Array): Manifest {
  const text = unpack(place, 'COLLECT', bytes).section('MANI');
  return naming(place, () => {
    const given = parsed(text);
    const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
    if (!isObject(given) || !isObject(given.options) || !Array.isArray(given.segments)) {
      throw new FormatError('expected options and segments in the manifest');
    }
    if (given.kind !== 'vectors' && given.kind !== 'tokens') {
      throw new UnsupportedError(
        `${place}: expected a collection of vectors or tokens, got ${JSON.stringify(given.kind)}`,
      );
    }
    for (const name of ['folded', 'next', 'made'] as const) checkCount(name, given[name]);
    for (const name of ['keepsTexts', 'hasTextModel'] as const) {
      if (given[name] === undefined || typeof given[name] === 'boolean') continue;
      throw new FormatError(`"${name}" expected a boolean, got ${JSON.stringify(given[name])}`);
    }
    for (const { name, n } of given.segments) {
      // names become paths
      if (!isSegmentFile(name) || name.startsWith('.') || !name.endsWith('.sag')) {
        throw new FormatError(`expected names of segments, got ${JSON.stringify(name)}`);
      }
      checkCount('n', n);
    }
    return given;
  });
}

function checkCount(name: string, value: unknown): void {
  if (Number.isSafeInteger(value) && Number(value) >= 0) return;
  throw new FormatError(`"${name}" expected an integer from 0, got ${JSON.stringify(value)}`);
}

function parsed(text: Uint8Array): Manifest {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text)) as Manifest;
  } catch {
    throw new FormatError('expected JSON in the manifest');
  }
}

/** Sections of ids alone, or with metadata. */
function idSections<M>(ids: readonly RecordId[], metadata?: readonly (M | undefined)[]): Section[] {
  const records = new Records<M>();
  records.commit({ ids: { count: ids.length, first: 0, ids }, metadata });
  return recordSections(records, records.liveSlots());
}

const META = (...values: number[]): Section => ({
  id: 'META',
  pieces: [littleEndianBytes(Uint32Array.from(values))],
});

export function writeOperation<M, V>(operation: Operation<M, V>, records: RecordKind<V>): Uint8Array {
  const { kind, ids } = operation;
  const sections = [META(kind === 'put' ? 0 : 1, ids.length, records.d)];
  sections.push(...idSections(ids, kind === 'put' ? operation.metadata : undefined));
  if (kind === 'put') sections.push(...records.sections(operation.values));
  return pack('COLLOG', sections);
}

/** @throws FormatError naming the place */
export function readOperation<M, V>(place: string, bytes: Uint8Array, kind: RecordKind<V>): Operation<M, V> {
  const container = unpack(place, 'COLLOG', bytes);
  return naming(place, () => {
    const meta = container.reader('META');
    const operation = meta.u32In('operation', 0, 1);
    const n = meta.u32();
    meta.u32In('d', kind.d, kind.d);
    meta.end();
    const records = readRecords<M>(container, n);
    const ids = records.liveIds();
    if (operation === 1) return { kind: 'delete', ids };
    const metadata = records.rows.isEmpty ? undefined : ids.map((_, slot) => records.metadataAt(slot));
    return { kind: 'put', ids, values: kind.read(container, n), metadata };
  });
}

export function writeLive(words: Uint32Array): Uint8Array {
  return pack('COLLIVE', [{ id: 'LIVE', pieces: [littleEndianBytes(words)] }]);
}

/** n — rows of the segment. @throws FormatError naming the place */
export function readLiveWords(place: string, bytes: Uint8Array, n: number): Uint32Array {
  const container = unpack(place, 'COLLIVE', bytes);
  return naming(place, () => {
    const reader = container.reader('LIVE');
    const words = reader.u32Array(wordsFor(n));
    reader.end();
    return words;
  });
}

/** ids — the section RIDS of a segment of n rows, where it has one: else they are the numbers from 0. */
export function writeIds(n: number, ids: Uint8Array | undefined): Uint8Array {
  return pack('COLIDS', [META(n), ...(ids ? [{ id: 'RIDS', pieces: [ids] }] : [])]);
}

/** @throws FormatError naming the place */
export function readIds(place: string, bytes: Uint8Array): RecordId[] {
  const container = unpack(place, 'COLIDS', bytes);
  return naming(place, () => readRecords(container, container.reader('META').u32()).liveIds());
}

export function writeEncoder(encoder: FdeEncoder): Uint8Array {
  return pack('COLENC', [{ id: 'FDEN', pieces: [writeFdeEncoder(encoder)] }]);
}

/** @throws FormatError naming the place */
export function readEncoder(place: string, bytes: Uint8Array): FdeEncoder {
  const container = unpack(place, 'COLENC', bytes);
  return naming(place, () => {
    const reader = container.reader('FDEN');
    const encoder = readFdeEncoder(reader);
    reader.end();
    return encoder;
  });
}

export function writeText(text: string): Uint8Array {
  return pack('COLTEXT', [{ id: 'TEXT', pieces: [new TextEncoder().encode(text)] }]);
}

/** @throws FormatError naming the place */
export function readText(place: string, bytes: Uint8Array): string {
  const text = unpack(place, 'COLTEXT', bytes).section('TEXT');
  return naming(place, () => {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text);
    } catch {
      throw new FormatError('expected UTF-8 in a text');
    }
  });
}
