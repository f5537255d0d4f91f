/** Indexes that come as a stream or are read in parts: the same answers as from memory, and as careful with bad bytes. */
import { CapacityError, crc32, createCore, FormatError } from '@sagitta/core-wasm';
import { clusteredRows } from '@sagitta/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { readRanges } from '../src/files/byte-source.ts';
import {
  type BatchSearchResult,
  type ByteSource,
  blobSource,
  buildFlat,
  buildIvf,
  bytesSource,
  type IvfIndex,
  loadIndexFrom,
  openIndex,
  saveIndex,
  sourceChunks,
  trainIndex,
} from '../src/index.ts';

const D = 20;
const N = 900;
const NLIST = 8;
const rows = clusteredRows(N, D, { seed: 4, clusters: 10, spread: 0.5 });
const queries = clusteredRows(12, D, { seed: 4, clusters: 10, spread: 0.5, stream: 'query' });
const core = createCore();

const MAKES: Record<string, () => IvfIndex> = {
  'ivf saq l2': () => buildIvf(core, rows, D, { metric: 'l2', bits: 3, nlist: NLIST }),
  'ivf saq cosine, kept': () =>
    buildIvf(core, rows, D, { metric: 'cosine', bits: 1, nlist: NLIST, keepVectors: true }),
  'flat saq ip': () => buildFlat(core, rows, D, { metric: 'ip', bits: 4 }),
  'ivf rabitq l2': () =>
    buildIvf(core, rows, D, { metric: 'l2', quantizer: 'rabitq', bits: 2, nlist: NLIST }),
  'ivf lvq ip': () => buildIvf(core, rows, D, { metric: 'ip', quantizer: 'lvq', bits: 4, nlist: NLIST }),
  'ivf saq l2, float32 behind it': () =>
    buildIvf(core, rows, D, { metric: 'l2', bits: 1, nlist: NLIST, secondary: { quantizer: 'float32' } }),
  'ivf lvq cosine, int8 behind it': () =>
    buildIvf(core, rows, D, {
      metric: 'cosine',
      quantizer: 'lvq',
      bits: 2,
      nlist: NLIST,
      secondary: { quantizer: 'int8', bits: 8 },
    }),
  'flat float l2': () => buildFlat(core, rows, D, { metric: 'l2', quantizer: 'float32' }),
  empty: () =>
    trainIndex(core, { data: rows, n: N, d: D }, { metric: 'l2', bits: 2, nlist: NLIST, iterations: 1 }),
};

function* chunked(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function stream(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  const chunks = chunked(bytes, size);
  return new ReadableStream({
    pull(controller) {
      const next = chunks.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
  });
}

/** As the body of a response is: read into the reader's buffer. */
function byteStream(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  const chunks = chunked(bytes, size);
  return new ReadableStream({
    type: 'bytes',
    pull(controller) {
      const next = chunks.next();
      if (!next.done) return controller.enqueue(next.value.slice());
      controller.close();
      controller.byobRequest?.respond(0);
    },
  });
}

/** Counts reads and remembers their ranges. */
function counting(source: ByteSource): ByteSource & { readonly ranges: [number, number][] } {
  const ranges: [number, number][] = [];
  return {
    size: source.size,
    ranges,
    read(offset, length, signal) {
      ranges.push([offset, length]);
      return source.read(offset, length, signal);
    },
  };
}

function entryOf(file: Uint8Array, id: string): { at: number; offset: number; length: number } {
  const view = new DataView(file.buffer, file.byteOffset);
  for (let at = 32; ; at += 24) {
    if (String.fromCharCode(...file.subarray(at, at + 4)).replaceAll('\0', '') !== id) continue;
    return { at, offset: view.getUint32(at + 8, true), length: view.getUint32(at + 16, true) };
  }
}

/** Changes a section and makes the checksums right again. */
function edited(file: Uint8Array, id: string, edit: (section: DataView) => void): Uint8Array {
  const out = file.slice();
  const { at, offset, length } = entryOf(out, id);
  edit(new DataView(out.buffer, offset, length));
  const view = new DataView(out.buffer);
  view.setUint32(at + 4, crc32(out.subarray(offset, offset + length)), true);
  view.setUint32(20, 0, true);
  view.setUint32(20, crc32(out.subarray(0, 32 + 24 * view.getUint32(16, true))), true);
  return out;
}

/** One assertion an array: comparing them element by element takes seconds. */
function expectSame(found: BatchSearchResult, expected: BatchSearchResult): void {
  expect(Object.keys(found)).toEqual(Object.keys(expected));
  expect(Buffer.compare(Buffer.from(found.ids.buffer), Buffer.from(expected.ids.buffer))).toBe(0);
  expect(Buffer.compare(Buffer.from(found.scores.buffer), Buffer.from(expected.scores.buffer))).toBe(0);
}

afterAll(() => expect(core.bytesUsed()).toBe(0));

describe.each(Object.entries(MAKES))('%s', (_name, make) => {
  const index = make();
  const file = saveIndex(index);
  afterAll(() => index.dispose());

  it.each([77, 1 << 20])('is loaded from a stream of chunks of %d bytes', async (size) => {
    for (const chunks of [chunked(file, size), stream(file, size), byteStream(file, size)]) {
      const seen: number[] = [];
      using loaded = await loadIndexFrom(core, chunks, { onProgress: (done) => seen.push(done) });
      expect(Buffer.compare(saveIndex(loaded), file)).toBe(0);
      expect(seen[seen.length - 1]).toBeGreaterThan(0);
      const { ids } = loaded.searchBatch(queries, 5, { nprobe: 3 });
      expect(ids).toEqual(index.searchBatch(queries, 5, { nprobe: 3 }).ids);
    }
  });

  it('answers in parts as in memory, whatever the budget and the pieces', async () => {
    for (const options of [{}, { cacheBytes: 0 }, { cacheBytes: 20_000, pieceBytes: 1, gapBytes: 0 }]) {
      using paged = await openIndex(core, blobSource(new Blob([file])), options);
      expect([paged.n, paged.d, paged.nlist, paged.metric]).toEqual([index.n, D, index.nlist, index.metric]);
      for (const nprobe of [1, 3, NLIST]) {
        for (const k of [1, 10, 2 * N]) {
          const found = await paged.searchBatch(queries, k, { nprobe });
          expectSame(found, index.searchBatch(queries, k, { nprobe }));
        }
      }
      const { statistics } = await paged.search(queries.subarray(0, D), 3, { nprobe: 2, statistics: true });
      expect(statistics?.lists).toBe(Math.min(2, index.nlist));
    }
  });

  it('is cut off', async () => {
    for (let length = 0; length < file.length; length += Math.ceil(file.length / 25)) {
      const cut = file.subarray(0, length);
      await expect(loadIndexFrom(core, [cut])).rejects.toThrow(FormatError);
      await expect(openIndex(core, bytesSource(cut))).rejects.toThrow(FormatError);
    }
    await expect(loadIndexFrom(core, [file, new Uint8Array(1)])).rejects.toThrow(FormatError);
    await expect(loadIndexFrom(core, [file], { size: file.length + 1 })).rejects.toThrow(FormatError);
  });

  it('has a byte flipped: refused, or it works as what it says', async () => {
    for (let at = 0; at < file.length; at += Math.ceil(file.length / 40)) {
      const bad = file.slice();
      bad[at] = (bad[at] as number) ^ 0x41;
      // each byte is under a checksum or has to be zero
      await expect(loadIndexFrom(core, [bad])).rejects.toThrow(FormatError);
      try {
        using paged = await openIndex(core, bytesSource(bad));
        const { ids } = await paged.search(queries.subarray(0, D), 5, { nprobe: NLIST });
        for (const id of ids) expect(id).toBeLessThan(N);
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
      }
    }
  });
});

describe('loadIndexFrom', () => {
  const file = (() => {
    using index = MAKES['ivf saq l2']?.() as IvfIndex;
    return saveIndex(index);
  })();

  it('stops at the signal and frees what it had', async () => {
    const used = core.bytesUsed();
    const stop = new AbortController();
    const reason = new Error('enough');
    const loading = loadIndexFrom(core, stream(file, 1000), {
      signal: stop.signal,
      onProgress: (done) => done > file.length / 2 && stop.abort(reason),
    });
    await expect(loading).rejects.toBe(reason);
    expect(core.bytesUsed()).toBe(used);
  });

  it('takes the memory of the index and no more where the size is known', async () => {
    const vectors = clusteredRows(20_000, 64, { seed: 1, clusters: 20, spread: 0.5 });
    const builder = createCore();
    const big = buildFlat(builder, vectors, 64, { metric: 'l2', quantizer: 'rabitq', bits: 4 });
    const bytes = saveIndex(big);
    const own = createCore();
    using loaded = await loadIndexFrom(own, chunked(bytes, 1 << 16), { size: bytes.length });
    expect(loaded.n).toBe(20_000);
    expect(own.memoryBytes() - bytes.length).toBeLessThan(2 << 20);
    const small = createCore({ maximumBytes: 1 << 20 });
    await expect(loadIndexFrom(small, [bytes], { size: bytes.length })).rejects.toThrow(CapacityError);
    expect(small.bytesUsed()).toBe(0);
  });

  it('refuses ids twice, ids out of range and sizes that do not add up', async () => {
    for (const bad of [
      edited(file, 'IDS', (view) => view.setUint32(0, view.getUint32(4, true), true)),
      edited(file, 'IDS', (view) => view.setUint32(0, N, true)),
      edited(file, 'SIZE', (view) => view.setUint32(0, 1 + view.getUint32(0, true), true)),
      edited(file, 'META', (view) => view.setUint32(0, 0xfffffff0, true)),
    ]) {
      await expect(loadIndexFrom(core, [bad])).rejects.toThrow(FormatError);
    }
  });
});

describe('openIndex', () => {
  const index = MAKES['ivf saq cosine, kept']?.() as IvfIndex;
  const file = saveIndex(index);
  afterAll(() => index.dispose());

  it('reads the lists that it visits, and once while they fit', async () => {
    const source = counting(bytesSource(file));
    using paged = await openIndex(core, source, { gapBytes: 0 });
    const opened = source.ranges.length;
    const query = queries.subarray(0, D);
    await paged.search(query, 5, { nprobe: 1 });
    const { offset, length } = entryOf(file, 'CODE');
    const [codes] = source.ranges.slice(opened).filter(([at]) => at >= offset && at < offset + length);
    expect(codes?.[1]).toBeLessThan(length / 2);
    expect(source.ranges.length).toBe(opened + 2);
    await paged.search(query, 5, { nprobe: 1 });
    expect(source.ranges.length).toBe(opened + 2);
    expect(paged.reads).toMatchObject({ requests: 2, hits: 1, misses: 1 });
    expect(paged.cachedBytes).toBeGreaterThan(0);
  });

  it('reranks with kept vectors that it fetches', async () => {
    using paged = await openIndex(core, bytesSource(file));
    for (let q = 0; q < 12; q++) {
      const query = queries.subarray(q * D, (q + 1) * D);
      const options = { nprobe: 3, rerank: { candidates: 40 } };
      expect(await paged.search(query, 7, options)).toEqual(index.search(query, 7, options));
    }
    using float = MAKES['flat float l2']?.() as IvfIndex;
    const without = saveIndex(float);
    using plain = await openIndex(core, bytesSource(without));
    await expect(plain.search(queries.subarray(0, D), 1, { rerank: { candidates: 9 } })).rejects.toThrow(
      RangeError,
    );
  });

  it('runs searches that overlap one after the other', async () => {
    using paged = await openIndex(core, bytesSource(file), { cacheBytes: 5_000, pieceBytes: 1_000 });
    const found = await Promise.all(
      Array.from({ length: 12 }, (_, q) => paged.search(queries.subarray(q * D, (q + 1) * D), 5)),
    );
    const expected = index.searchBatch(queries, 5);
    for (const [q, { ids }] of found.entries()) expect(ids).toEqual(expected.ids.subarray(5 * q, 5 * q + 5));
    expect(paged.cachedBytes).toBeLessThanOrEqual(5_000);
  });

  it('is usable after an abort, an error of the source, and refuses after dispose', async () => {
    let isBroken = false;
    const paged = await openIndex(core, {
      size: file.length,
      async read(offset, length, signal) {
        signal?.throwIfAborted();
        if (isBroken) throw new Error('offline');
        return file.subarray(offset, offset + length);
      },
    });
    const query = queries.subarray(0, D);
    const reason = new Error('typed on');
    await expect(paged.search(query, 5, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    isBroken = true;
    await expect(paged.search(query, 5)).rejects.toThrow('offline');
    isBroken = false;
    expect(await paged.search(query, 5)).toEqual(index.search(query, 5));
    const late = paged.search(query, 5);
    paged.dispose();
    await expect(late).rejects.toThrow(RangeError);
    await expect(paged.search(query, 5)).rejects.toThrow(RangeError);
  });
});

describe('readRanges', () => {
  it('joins near ranges and keeps the order asked for', async () => {
    const bytes = Uint8Array.from({ length: 200 }, (_, i) => i);
    const source = counting(bytesSource(bytes));
    const ranges = [
      { offset: 150, length: 3 },
      { offset: 10, length: 4 },
      { offset: 20, length: 2 },
      { offset: 12, length: 1 },
    ];
    const { parts, requests } = await readRanges(source, ranges, { gapBytes: 6 });
    expect(parts.map((part) => [...part])).toEqual([[150, 151, 152], [10, 11, 12, 13], [20, 21], [12]]);
    expect(requests).toBe(2);
    expect(source.ranges).toEqual([
      [10, 12],
      [150, 3],
    ]);
  });

  it('gives a source front to back', async () => {
    const source = bytesSource(new Uint8Array(10));
    const sizes: number[] = [];
    for await (const chunk of sourceChunks(source, undefined, 4)) sizes.push(chunk.length);
    expect(sizes).toEqual([4, 4, 2]);
  });
});
