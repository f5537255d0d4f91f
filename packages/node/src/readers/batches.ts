/** A source in batches of one size, whatever sizes its chunks have: what comes of a file then does not depend on its format. */
import { checkInteger } from '@sagitta/core-wasm';
import type { VectorSource } from './vector-source.ts';

/** Holds some vectors of a file, in its order. */
export interface Batch {
  /** n × d values; valid until the next batch is asked for. */
  readonly data: Float32Array;
  /** Row of the file at which the batch begins. */
  readonly start: number;
  readonly n: number;
}

/** Rows of d float32 values that fit into `bytes`, at least one. */
export function rowsWithin(bytes: number, d: number): number {
  return Math.max(1, Math.floor(bytes / (4 * d)));
}

/**
 * The first `limit` rows in batches of `rows`; only the last one may be shorter.
 * @throws RangeError on rows below 1; what the source throws
 */
export async function* readBatches(
  source: VectorSource,
  rows: number,
  limit: number = Infinity,
): AsyncGenerator<Batch> {
  const { d } = source;
  const most = Math.min(checkInteger('rows', rows, 1, Number.MAX_SAFE_INTEGER), source.n ?? rows, limit);
  if (most < 1) return;
  let own: Float32Array | undefined;
  let filled = 0;
  let start = 0;
  for await (const chunk of source.chunks(most)) {
    let rest = chunk.subarray(0, Math.min(chunk.length, (limit - start - filled) * d));
    while (rest.length > 0) {
      if (filled === 0 && rest.length === most * d) {
        yield { data: rest, start, n: most };
        start += most;
        break;
      }
      own ??= new Float32Array(most * d);
      const take = rest.subarray(0, (most - filled) * d);
      own.set(take, filled * d);
      filled += take.length / d;
      rest = rest.subarray(take.length);
      if (filled < most) break;
      yield { data: own, start, n: most };
      start += most;
      filled = 0;
    }
    if (start + filled >= limit) break;
  }
  if (filled > 0) yield { data: (own as Float32Array).subarray(0, filled * d), start, n: filled };
}
