/** What an index holds of its documents, slot by slot: one row in each of several stores. */
import { making, normalizeRows, type TokenSet } from '@sagitta/core-wasm';
import type { Compaction } from '../columns/compaction.ts';
import type { TokenMetric, TokenStore } from '../maxsim/index.ts';
import type { FdeSession, FdeStore } from '../muvera/index.ts';
import { FdeIndex } from './fde-index.ts';

/** Holds what is kept of every document, by the stages that read it. */
export interface DocumentStores {
  /** Codes that are scanned, slot by slot, or in an index of their own. */
  readonly fdes: FdeStore | FdeIndex;
  readonly finerFdes?: FdeStore;
  readonly tokens: TokenStore;
  readonly finerTokens?: TokenStore;
}

/** Counts bytes of the core's memory by part. */
export interface MultiVectorBytes {
  readonly fdes: number;
  readonly finerFdes: number;
  readonly tokens: number;
  readonly finerTokens: number;
}

/** What every store has in common: one slot a document, numbered alike. */
interface SlotStore extends Disposable {
  readonly n: number;
  bytesUsed(): number;
  compaction(keep: Uint32Array): Compaction;
  truncate(n: number): void;
}

/** Bytes of FDEs that are encoded at a time. */
const CHUNK_BYTES = 8 << 20;
/** Tokens that are encoded at a time: whole documents, at least one. */
const CHUNK_TOKENS = 16_384;

/** Those there are. */
export function storesOf({ fdes, finerFdes, tokens, finerTokens }: DocumentStores): SlotStore[] {
  const all: (SlotStore | undefined)[] = [fdes, finerFdes, tokens, finerTokens];
  return all.filter((store) => store !== undefined);
}

export function bytesOf({ fdes, finerFdes, tokens, finerTokens }: DocumentStores): MultiVectorBytes {
  return {
    fdes: fdes.bytesUsed(),
    finerFdes: finerFdes?.bytesUsed() ?? 0,
    tokens: tokens.bytesUsed(),
    finerTokens: finerTokens?.bytesUsed() ?? 0,
  };
}

/**
 * Slot i is from now on what slot keep[i] was, keep ascending.
 * @throws CapacityError where memory ends, BusyError where it does and the index is being saved; then all is as it was
 */
export function compactStores(stores: DocumentStores, keep: Uint32Array): void {
  const ready = making((own) => storesOf(stores).map((store) => own(store.compaction(keep))));
  for (const compaction of ready) compaction.commit();
}

/**
 * Adds the sets as the next slots of every store, a chunk of documents at a time; on an error all stores are as they
 * were. set — checked.
 */
export function appendDocuments(
  stores: DocumentStores,
  session: FdeSession,
  metric: TokenMetric,
  set: TokenSet,
): void {
  const { fdes, finerFdes, tokens, finerTokens } = stores;
  const before = tokens.n;
  const { length } = session.encoder;
  const most = Math.max(1, Math.floor(CHUNK_BYTES / (4 * length)));
  try {
    for (let first = 0; first < set.n; ) {
      const end = chunkEnd(set, first, most);
      const chunk = chunkOf(set, first, end);
      const rows = metric === 'cosine' ? { ...chunk, data: normalizeRows(chunk.data, set.d) } : chunk;
      const out = new Float32Array(chunk.n * length);
      session.encodeDocuments(rows, out);
      fdes.append(out);
      finerFdes?.append(out);
      const coming = (set.offsets[set.n] as number) - (set.offsets[end] as number);
      tokens.append(chunk, coming);
      finerTokens?.append(chunk, coming);
      first = end;
    }
    if (fdes instanceof FdeIndex) fdes.publish();
  } catch (error) {
    for (const store of storesOf(stores)) if (store.n > before) store.truncate(before);
    throw error;
  }
}

/** The sets from `first` on that are encoded together end here. */
function chunkEnd({ offsets, n }: TokenSet, first: number, most: number): number {
  const start = offsets[first] as number;
  let end = first + 1;
  while (end < n && end - first < most && (offsets[end + 1] as number) - start <= CHUNK_TOKENS) end++;
  return end;
}

/** Sets first…end - 1, without a copy of the tokens. */
function chunkOf({ data, offsets, d }: TokenSet, first: number, end: number): TokenSet {
  const [start, stop] = [offsets[first] as number, offsets[end] as number];
  return {
    data: data.subarray(start * d, stop * d),
    offsets: offsets.slice(first, end + 1).map((offset) => offset - start),
    n: end - first,
    d,
  };
}
