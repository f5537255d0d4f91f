/** One file of many workers, and many workers of one file: both are what one index in memory is. */
import {
  createCore,
  FormatError,
  RandomStream,
  readContainer,
  type Section,
  UnsupportedError,
  writeContainer,
} from '@sagitta/core-wasm';
import { sampleRows } from '@sagitta/quantizers';
import { clusteredRows } from '@sagitta/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { type IvfIndex, loadIndex, saveIndex, trainIndex } from '../../src/index.ts';
import type { BuildOptions, Progress } from '../../src/remote/index.ts';
import { runsInOrder } from '../../src/remote/merge-files.ts';
import { endWorkers, manyWorkers, oneWorker, stored } from './support/memory-place.ts';

afterEach(endWorkers);

const D = 24;
const N = 5000;
const FIRST = 3300;
const K = 10;
const rows = clusteredRows(N, D, { seed: 6, clusters: 12, spread: 0.5 });
// equal vectors in different shards: ties have to fall as in one index
rows.copyWithin(2000 * D, 10 * D, 40 * D);
const queries = clusteredRows(40, D, { seed: 6, clusters: 12, spread: 0.5, stream: 'query' });
queries.set(rows.subarray(10 * D, 30 * D));

/** What a direct call makes, trained on the same sample, after the first of two steps. */
function directFirst(options: BuildOptions): IvfIndex {
  const first = { data: rows.subarray(0, FIRST * D), n: FIRST, d: D };
  const sample = sampleRows(first, 20_000, new RandomStream(1, 'build/sample'));
  const index = trainIndex(createCore(), sample, options);
  index.add(rows.subarray(0, FIRST * D));
  return index;
}

const CASES: Record<string, BuildOptions> = {
  'saq l2, kept': { metric: 'l2', bits: 3, nlist: 10, keepVectors: true },
  'saq cosine flat': { metric: 'cosine', bits: 2, keepVectors: true },
  'rabitq ip': { metric: 'ip', quantizer: 'rabitq', bits: 2, nlist: 10 },
  'pq in nibbles': { metric: 'l2', quantizer: 'pq', bits: 2, nlist: 7 },
  'float l2 flat': { metric: 'l2', quantizer: 'none' },
  'two codes': { metric: 'l2', bits: 1, nlist: 5, secondary: { quantizer: 'lvq', bits: 8 } },
};

describe.each(Object.entries(CASES))('%s', (_name, options) => {
  it('is saved as the file of one index, and dealt from it', async () => {
    using index = directFirst(options);
    const begun = saveIndex(index);
    index.add(rows.subarray(FIRST * D));
    const file = saveIndex(index);
    // each worker chooses candidates of its own: the same are scored again where all are
    const search = { nprobe: 4, gamma: 1000, ...(options.secondary && { rerank: { candidates: N } }) };
    const expected = index.searchBatch(queries, K, search);
    for (const shards of [1, 3]) {
      await using many = await manyWorkers(shards);
      await many.build(rows.subarray(0, FIRST * D), D, options);
      await many.add(rows.subarray(FIRST * D));
      expect(await many.save('all', { storage: 'shelf' })).toEqual({ bytes: file.length, storage: 'shelf' });
      expect(Buffer.compare(stored.get('all') as Uint8Array, file)).toBe(0);
      expect(Buffer.compare(await many.toBytes(), file)).toBe(0);

      // dealt to another number of workers, it is the same again
      await using dealt = await manyWorkers(shards + 1);
      const info = await dealt.load({ stored: 'all', storage: 'shelf' });
      expect(info).toMatchObject({ n: N, d: D, metric: options.metric });
      expect(Buffer.compare(await dealt.toBytes(), file)).toBe(0);
      expect(await dealt.searchBatch(queries, K, search)).toEqual(await many.searchBatch(queries, K, search));
      expect((await dealt.searchBatch(queries, K, search)).ids).toEqual(expected.ids);

      // what was dealt grows as what was built
      await dealt.load({ bytes: begun });
      expect(await dealt.add(rows.subarray(FIRST * D))).toBe(N);
      expect(Buffer.compare(await dealt.toBytes(), file)).toBe(0);

      await using one = await oneWorker();
      await one.load({ bytes: stored.get('all') as Uint8Array });
      expect(await one.searchBatch(queries, K, search)).toEqual(expected);
    }
  });
});

describe('ShardedClient', () => {
  const options: BuildOptions = { metric: 'l2', bits: 3, nlist: 10 };

  it('has as many workers as there are cores', async () => {
    await using many = await manyWorkers();
    expect(many.shards).toBe(3);
  });

  it('lists and removes what it saved, and searches while it saves', async () => {
    await using many = await manyWorkers(2);
    await many.build(rows, D, options);
    const saving = many.save('a');
    const found = await many.search(rows.subarray(0, D), 1);
    expect([...found.ids]).toEqual([0]);
    const { bytes } = await saving;
    expect(await many.stored()).toEqual([{ name: 'a', bytes }]);
    await many.remove('a');
    expect(await many.stored()).toEqual([]);
    await expect(many.load({ stored: 'a' })).rejects.toThrow(/"name" expected a stored index/);
    expect((await many.info())?.n).toBe(N);
  });

  it('tells its progress by phases', async () => {
    await using many = await manyWorkers(2);
    const seen: Progress[] = [];
    const onProgress = (progress: Progress): void => {
      seen.push(progress);
    };
    await many.build(rows, D, options, { onProgress });
    const phases = [...new Set(seen.map(({ phase }) => phase))];
    expect(phases).toEqual(['train', 'add']);
    expect(seen[0]).toEqual({ phase: 'train', done: 0, total: N });
    expect(seen.at(-1)).toEqual({ phase: 'add', done: N, total: N });
    const blob = new Blob([await many.toBytes()]);
    seen.length = 0;
    await many.load({ blob }, { onProgress });
    const last = seen.at(-1) as Progress;
    expect(last.phase).toBe('load');
    expect(last.done).toBeLessThanOrEqual(last.total);
    expect(last.total).toBe(2 * blob.size);
  });

  it('stops a save and a load at a signal, and works on', async () => {
    await using many = await manyWorkers(3);
    await many.build(rows, D, { ...options, keepVectors: true });
    const before = (await many.info())?.bytesUsed;
    const file = await many.toBytes();
    for (const call of [
      (signal: AbortSignal) => many.save('a', { signal }),
      (signal: AbortSignal) => many.toBytes({ signal }),
      (signal: AbortSignal) => many.load({ bytes: file }, { signal }),
    ]) {
      const reason = new Error('enough');
      const stop = new AbortController();
      const called = call(stop.signal);
      await new Promise((resolve) => setTimeout(resolve, 2));
      stop.abort(reason);
      await expect(called).rejects.toBe(reason);
    }
    expect(Buffer.compare(await many.toBytes(), file)).toBe(0);
    expect(stored.size).toBe(0);
    await many.load({ bytes: file });
    expect((await many.info())?.bytesUsed).toBe(before);
  });

  it('refuses what is no index, in all shards, and keeps what it has', async () => {
    await using many = await manyWorkers(3);
    await many.build(rows, D, options);
    const before = (await many.info())?.bytesUsed;
    const file = await many.toBytes();
    const cut = file.slice(0, file.length - 40);
    const changed = file.slice();
    changed[file.length >> 1] = (changed[file.length >> 1] as number) ^ 1;
    for (const bytes of [new Uint8Array(100), cut, changed]) {
      await expect(many.load({ bytes })).rejects.toThrow(FormatError);
    }
    await expect(many.load({ path: 'x' } as never)).rejects.toThrow(
      /"from" expected \{ room \}, \{ stored \}, \{ blob \} or \{ bytes \}, got \{ path \}/,
    );
    await expect(many.load({ bytes: 'x' } as never)).rejects.toThrow(/"from.bytes" expected a Uint8Array/);
    expect((await many.info())?.bytesUsed).toBe(before);
    expect(Buffer.compare(await many.toBytes(), file)).toBe(0);
  });

  it('refuses ids that are no ids, and what is more than vectors', async () => {
    await using many = await manyWorkers(2);
    await many.build(rows, D, options);
    const file = readContainer(await many.toBytes());
    const ids = ['META', 'CENT', 'SIZE', 'IDS', 'CODE', 'SAQM'];
    const changed = (change: (ids: Uint32Array) => void, more: Section[] = []): Uint8Array => {
      const all = new Uint32Array(file.section('IDS').slice().buffer);
      change(all);
      const sections = ids.map((id) => ({
        id,
        pieces: [id === 'IDS' ? new Uint8Array(all.buffer) : file.section(id)],
      }));
      return writeContainer({ kind: file.kind, version: file.version, sections: [...sections, ...more] });
    };
    const twice = (from: number) => (all: Uint32Array) => {
      all[all.indexOf(from)] = 7;
    };
    // missing in the shard of the one that stands twice, and in the other
    await expect(many.load({ bytes: changed(twice(8)) })).rejects.toThrow(/id 7 expected once/);
    await expect(many.load({ bytes: changed(twice(1500)) })).rejects.toThrow(/ids expected/);
    await expect(many.load({ bytes: changed((all) => all.fill(N, 0, 1)) })).rejects.toThrow(
      /number below 5000/,
    );
    const strange = changed(() => {}, [{ id: 'XTRA', pieces: [new Uint8Array(3)] }]);
    await expect(many.load({ bytes: strange })).rejects.toThrow(UnsupportedError);
    await many.load({ bytes: changed(() => {}) });
  });

  it('saves an index of few vectors, where shards have none', async () => {
    await using many = await manyWorkers(3);
    await many.build(rows.subarray(0, 50 * D), D, { metric: 'ip', quantizer: 'none', keepVectors: true });
    const file = await many.toBytes();
    using index = loadIndex(createCore(), file);
    expect(index.n).toBe(50);
    await many.load({ bytes: file });
    expect((await many.search(rows.subarray(0, D), 60)).ids).toHaveLength(50);
  });
});

describe('runsInOrder', () => {
  it('goes through all ids in order', () => {
    const lists = [
      Uint32Array.of(0, 1, 2, 9),
      new Uint32Array(0),
      Uint32Array.of(3, 4, 8),
      Uint32Array.of(5),
    ];
    const runs = [...runsInOrder(lists)].map(({ shard, first, count }) => [shard, first, count]);
    expect(runs).toEqual([
      [0, 0, 3],
      [2, 0, 2],
      [3, 0, 1],
      [2, 2, 1],
      [0, 3, 1],
    ]);
  });
});
