/** The contract of every reader of token sets: a file of n documents of many vectors each, read some documents at a time. */
import { checkInteger, type TokenSet } from '@sagitta/core-wasm';
import type { JsonValue, RecordId } from '@sagitta/retrieval';

/** Holds some sets of a file, in its order. */
export interface TokenSetBatch {
  /** Fresh arrays, the caller's. */
  readonly tokens: TokenSet;
  /** Place of the first set in the file. */
  readonly start: number;
  /** One a set, where the file has them. */
  readonly ids?: readonly RecordId[];
  /** One a set, where the file has them; undefined for a set without. */
  readonly metadata?: readonly (JsonValue | undefined)[];
}

/** Reads the token sets of a file from front to back, as often as asked. */
export interface TokenSetSource {
  readonly path: string;
  /** Dimensions of a token. */
  readonly d: number;
  /** Sets in the file; undefined where only reading the file to its end would tell. */
  readonly n: number | undefined;
  /**
   * The sets in file order, as many whole ones at a time as have `maximumTokens` tokens together, at least one. Every value
   * is finite; sets may be empty. Several iterations may run one after the other.
   * @throws FormatError naming file, set and byte
   */
  batches(maximumTokens: number): AsyncIterable<TokenSetBatch>;
  /** Closes the file; idempotent. */
  close(): Promise<void>;
}

/** One document as a file has it. */
export interface TokenSetEntry {
  /** tokens × d values. */
  readonly data: Float32Array;
  readonly id?: RecordId | undefined;
  readonly metadata?: JsonValue | undefined;
}

/** Sets one by one, joined into batches; `data` of an entry is copied at once. */
export async function* batchEntries(
  entries: AsyncIterable<TokenSetEntry>,
  d: number,
  maximumTokens: number,
): AsyncGenerator<TokenSetBatch> {
  checkInteger('maximumTokens', maximumTokens, 1, 2 ** 32 - 1);
  let kept: TokenSetEntry[] = [];
  let tokens = 0;
  let start = 0;
  for await (const entry of entries) {
    const rows = entry.data.length / d;
    // empty sets cost no tokens, but a batch of only these should end as well
    if (kept.length > 0 && (tokens + rows > maximumTokens || kept.length >= maximumTokens)) {
      yield joinEntries(kept, d, start);
      start += kept.length;
      kept = [];
      tokens = 0;
    }
    kept.push({ ...entry, data: entry.data.slice() });
    tokens += rows;
  }
  if (kept.length > 0) yield joinEntries(kept, d, start);
}

function joinEntries(entries: readonly TokenSetEntry[], d: number, start: number): TokenSetBatch {
  const offsets = new Uint32Array(entries.length + 1);
  entries.forEach(({ data }, i) => {
    offsets[i + 1] = (offsets[i] as number) + data.length / d;
  });
  const data = new Float32Array((offsets[entries.length] as number) * d);
  entries.forEach((entry, i) => {
    data.set(entry.data, (offsets[i] as number) * d);
  });
  const hasIds = entries.some(({ id }) => id !== undefined);
  const hasMetadata = entries.some(({ metadata }) => metadata !== undefined);
  return {
    tokens: { data, offsets, n: entries.length, d },
    start,
    ...(hasIds && { ids: entries.map(({ id }, i) => id ?? start + i) }),
    ...(hasMetadata && { metadata: entries.map(({ metadata }) => metadata) }),
  };
}

/** The first n sets, without a copy. */
export function firstSets({ data, offsets, d }: TokenSet, n: number): TokenSet {
  const some = offsets.subarray(0, n + 1);
  return { data: data.subarray(0, (some[n] as number) * d), offsets: some, n, d };
}

/** Holds every set of a file. */
export interface AllTokenSets extends TokenSetBatch {
  readonly start: 0;
}

/** Reads every set of the source, or the first `limit`. The source stays open. */
export async function readAllTokenSets(
  source: TokenSetSource,
  limit: number = Infinity,
): Promise<AllTokenSets> {
  const { d } = source;
  const batches: TokenSetBatch[] = [];
  let sets = 0;
  let tokens = 0;
  for await (const batch of source.batches(1 << 20)) {
    if (sets >= limit) break;
    batches.push(batch);
    sets += batch.tokens.n;
    tokens += batch.tokens.data.length / d;
  }
  const n = Math.min(sets, limit);
  const offsets = new Uint32Array(sets + 1);
  const data = new Float32Array(tokens * d);
  for (const { start, tokens: set } of batches) {
    const at = offsets[start] as number;
    data.set(set.data, at * d);
    for (let i = 1; i <= set.n; i++) offsets[start + i] = at + (set.offsets[i] as number);
  }
  const ids = batches.flatMap(
    (batch) => batch.ids ?? Array.from({ length: batch.tokens.n }, (_, i) => batch.start + i),
  );
  const metadata = batches.flatMap(
    (batch) => batch.metadata ?? new Array<undefined>(batch.tokens.n).fill(undefined),
  );
  return {
    tokens: firstSets({ data, offsets, n: sets, d }, n),
    start: 0,
    ...(batches.some((batch) => batch.ids) && { ids: ids.slice(0, n) }),
    ...(batches.some((batch) => batch.metadata) && { metadata: metadata.slice(0, n) }),
  };
}
