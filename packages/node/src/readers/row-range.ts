/** Rows of a source as a source of their own, and several sources as one: what a shard of many files is read from. */
import { checkInteger, FormatError } from '@sagitta/core-wasm';
import { isRandomAccess, type VectorSource } from './vector-source.ts';

/**
 * The rows first … first+n−1; reads no others where rows can be read anywhere, else from the front. The source stays the caller's.
 * @throws RangeError on a range that is not within the source
 */
export function rowRange(source: VectorSource, first: number, n: number): VectorSource {
  const { path, d } = source;
  const most = source.n ?? Number.MAX_SAFE_INTEGER;
  checkInteger('first', first, 0, most);
  checkInteger('n', n, 0, most - first);
  return {
    path,
    d,
    n,
    chunks: (rowsPerChunk) => {
      checkInteger('rowsPerChunk', rowsPerChunk, 1, Number.MAX_SAFE_INTEGER);
      return rows(source, first, n, rowsPerChunk);
    },
    close: async () => undefined,
  };
}

async function* rows(
  source: VectorSource,
  first: number,
  n: number,
  rowsPerChunk: number,
): AsyncGenerator<Float32Array> {
  const end = first + n;
  if (isRandomAccess(source)) {
    for (let row = first; row < end; row += rowsPerChunk) {
      yield await source.readRows(row, Math.min(rowsPerChunk, end - row));
    }
    return;
  }
  const { d } = source;
  let row = 0;
  if (n > 0) {
    for await (const chunk of source.chunks(rowsPerChunk)) {
      const from = Math.max(first - row, 0);
      const to = Math.min(chunk.length / d, end - row);
      if (from < to) yield chunk.subarray(from * d, to * d);
      row += chunk.length / d;
      if (row >= end) return;
    }
  }
  if (row < end) {
    throw new FormatError(`${source.path}: expected rows up to ${end - 1}, got ${row} rows`);
  }
}

/**
 * The rows of all sources, one after the other, as one; closing it closes them. Rows can be read anywhere where they can in each.
 * @throws FormatError where they have different dimensions
 */
export function joinSources(sources: readonly [VectorSource, ...VectorSource[]]): VectorSource {
  const [head] = sources;
  if (sources.length === 1) return head;
  const { d } = head;
  for (const source of sources) {
    if (source.d === d) continue;
    throw new FormatError(`${source.path}: expected ${d} dimensions as ${head.path} has, got ${source.d}`);
  }
  const sizes = sources.map(({ n }) => n);
  const n = sizes.includes(undefined) ? undefined : sizes.reduce<number>((sum, one) => sum + (one ?? 0), 0);
  const joined = {
    path: `${head.path} and ${sources.length - 1} more`,
    d,
    n,
    async *chunks(rowsPerChunk: number): AsyncGenerator<Float32Array> {
      for (const source of sources) yield* source.chunks(rowsPerChunk);
    },
    async close(): Promise<void> {
      for (const source of sources) await source.close();
    },
  };
  const anywhere = sources.filter(isRandomAccess);
  if (anywhere.length < sources.length || n === undefined) return joined;
  const all = n;
  return Object.assign(joined, {
    async readRows(start: number, count: number): Promise<Float32Array> {
      checkInteger('start', start, 0, all);
      checkInteger('count', count, 0, all - start);
      const out = new Float32Array(count * d);
      let from = 0;
      for (const source of anywhere) {
        const begin = Math.max(start, from);
        const end = Math.min(start + count, from + source.n);
        if (begin < end) out.set(await source.readRows(begin - from, end - begin), (begin - start) * d);
        from += source.n;
      }
      return out;
    },
  });
}
