/** Multi-vector indexes that come as a stream, or whose tokens stay in their file: the same answers as from memory. */
import { createCore, FormatError } from '@sagitta/core-wasm';
import { containerEntries, repairChecksums } from '@sagitta/testing';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type ByteSource,
  buildMultiVectorIndex,
  bytesSource,
  fdeIndexes,
  loadMultiVectorIndex,
  loadMultiVectorIndexFrom,
  type MultiVectorOptions,
  MuveraFde,
  openMultiVectorIndex,
  saveMultiVectorIndex,
} from '../../src/index.ts';
import { rowsOf } from './chamfer.ts';
import { tokenDocuments } from './token-documents.ts';

const D = 16;
const N = 240;
const core = createCore();
const TOKENS = tokenDocuments(N, D, { seed: 3, most: 9 });
const QUERIES = tokenDocuments(8, D, { seed: 4, most: 5 });
const encoder = new MuveraFde({ d: D, numSimhashProjections: 3, numRepetitions: 6 });

const KINDS: Record<string, MultiVectorOptions> = {
  'int8, cosine': { encoder },
  'saq, finer float16 tokens, ip': {
    encoder,
    metric: 'ip',
    tokenEncoding: 'saq',
    tokenBits: 4,
    finerTokenEncoding: 'float16',
  },
  'bit1 and finer FDEs, in lists': {
    encoder,
    tokenEncoding: 'bit1',
    fdeEncoding: 'saq',
    finerFdeEncoding: 'int8',
    nlist: 6,
    indexes: fdeIndexes,
  },
};

afterAll(() => expect(core.bytesUsed()).toBe(0));

describe.each(Object.entries(KINDS))('%s', (_, options) => {
  const index = buildMultiVectorIndex(
    core,
    {
      ids: Array.from({ length: N }, (__, i) => (i % 2 === 0 ? `d${i}` : i)),
      tokens: TOKENS,
      metadata: Array.from({ length: N }, (__, i) => ({ folder: `f${i % 5}`, row: i })),
    },
    options,
  );
  index.delete(['d10', 11]);
  const file = saveMultiVectorIndex(index);
  using whole = loadMultiVectorIndex(core, file, { indexes: fdeIndexes });
  const loadedBytes = saveMultiVectorIndex(whole);
  afterAll(() => index.dispose());
  const searches = [
    { candidates: 60, rerank: 20 },
    { candidates: 60, rerank: 20, filter: { folder: 'f2' }, exactBelow: 0 },
    { filter: { row: { lt: 30 } }, exactBelow: 100 },
    { exact: true },
    { candidates: 80, ballCarving: 0.7, nprobe: 3 },
  ] as const;

  it('is loaded from a stream', async () => {
    for (const size of [999, 1 << 20]) {
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < file.length; at += size) chunks.push(file.subarray(at, at + size));
      using loaded = await loadMultiVectorIndexFrom(core, chunks, { size: file.length, indexes: fdeIndexes });
      expect(Buffer.compare(saveMultiVectorIndex(loaded), loadedBytes)).toBe(0);
      for (let q = 0; q < QUERIES.n; q++) {
        const query = rowsOf(QUERIES, q);
        expect(loaded.search(query, 5, searches[0])).toEqual(index.search(query, 5, searches[0]));
      }
    }
    await expect(
      loadMultiVectorIndexFrom(core, [file.subarray(0, 5000)], { indexes: fdeIndexes }),
    ).rejects.toThrow(FormatError);
    await expect(
      loadMultiVectorIndexFrom(core, [file, new Uint8Array(1)], { indexes: fdeIndexes }),
    ).rejects.toThrow(FormatError);
  });

  it('answers in parts as in memory, and reads the tokens it scores', async () => {
    const used = core.bytesUsed();
    using paged = await openMultiVectorIndex(core, bytesSource(file), { gapBytes: 0, indexes: fdeIndexes });
    expect([paged.n, paged.d, paged.metric, paged.ids()]).toEqual([index.n, D, index.metric, index.ids()]);
    expect(paged.reads).toEqual({ requests: 0, bytes: 0 });
    for (const search of searches) {
      for (let q = 0; q < QUERIES.n; q++) {
        const query = rowsOf(QUERIES, q);
        expect(await paged.search(query, 6, search)).toEqual(index.search(query, 6, search));
        const [one, other] = [await paged.searchIds(query, 3, search), index.searchIds(query, 3, search)];
        expect(one).toEqual(other);
      }
    }
    expect(paged.reads.bytes).toBeGreaterThan(0);
    const several = searches.map((search) => paged.search(rowsOf(QUERIES, 1), 4, search));
    expect(await Promise.all(several)).toEqual(
      searches.map((search) => index.search(rowsOf(QUERIES, 1), 4, search)),
    );
    paged.dispose();
    expect(core.bytesUsed()).toBe(used);
    await expect(paged.search(rowsOf(QUERIES, 0), 1)).rejects.toThrow(/"index" expected a live index/);
  });

  it('passes on what reading ends with, an abort, and tokens that are none', async () => {
    const source = bytesSource(file);
    let isBroken = false;
    const breaking: ByteSource = {
      size: source.size,
      read: (offset, length) =>
        isBroken ? Promise.reject(new Error('of the source')) : source.read(offset, length),
    };
    using paged = await openMultiVectorIndex(core, breaking, { indexes: fdeIndexes });
    isBroken = true;
    await expect(paged.search(rowsOf(QUERIES, 0), 3)).rejects.toThrow('of the source');
    isBroken = false;
    const reason = new Error('given up');
    await expect(paged.search(rowsOf(QUERIES, 0), 3, { signal: AbortSignal.abort(reason) })).rejects.toThrow(
      reason,
    );
    expect(await paged.search(rowsOf(QUERIES, 0), 3)).toHaveLength(3);
    const entries = containerEntries(file);
    const { offset } = entries.find(({ id }) => id === 'TOKP') as (typeof entries)[number];
    const bad = file.slice();
    bad[offset + 4] = 200;
    await expect(
      openMultiVectorIndex(core, bytesSource(repairChecksums(bad, entries)), { indexes: fdeIndexes }),
    ).rejects.toThrow(FormatError);
  });
});
