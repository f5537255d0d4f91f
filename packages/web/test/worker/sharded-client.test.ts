import { clusteredRows, F32_EPSILON } from '@sagitta/testing';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type BuildOptions,
  type Endpoint,
  SearchClient,
  ShardedClient,
  serveSearch,
} from '../../src/index.ts';

const D = 16;
const N = 5000;
const rows = clusteredRows(N, D, { seed: 6, clusters: 12, spread: 0.5 });
// equal vectors in different shards: ties have to fall as in one worker
rows.copyWithin(2000 * D, 10 * D, 40 * D);
const queries = clusteredRows(60, D, { seed: 6, clusters: 12, spread: 0.5, stream: 'query' });
queries.set(rows.subarray(10 * D, 40 * D));
const open: { close(): void }[] = [];

function createWorker(): Endpoint {
  const { port1, port2 } = new MessageChannel();
  open.push(port1, port2);
  serveSearch(port2);
  return port1;
}

afterEach(() => {
  for (const port of open.splice(0)) port.close();
});

const CASES: Record<string, BuildOptions> = {
  'saq l2': { metric: 'l2', bits: 3, nlist: 10 },
  'saq cosine flat': { metric: 'cosine', bits: 2 },
  'rabitq ip': { metric: 'ip', quantizer: 'rabitq', bits: 2, nlist: 10 },
  'float l2, kept': { metric: 'l2', quantizer: 'none', nlist: 10, keepVectors: true },
};

describe.each(Object.entries(CASES))('%s', (_name, options) => {
  it('answers as one worker does', async () => {
    const one = await SearchClient.start({ worker: createWorker() });
    await one.build(rows, D, options);
    for (const shards of [1, 2, 3]) {
      const many = await ShardedClient.start({ shards, createWorker });
      const info = await many.build(rows, D, options);
      expect(info.n).toBe(N);
      expect(info.shards.map(({ n }) => n).reduce((a, b) => a + b)).toBe(N);
      for (const more of [{ nprobe: 3 }, { nprobe: 10 }]) {
        const search = { ...more, gamma: 1000 };
        const found = await many.searchBatch(queries, 10, search);
        const expected = await one.searchBatch(queries, 10, search);
        // float32 rows are summed in fours; which rows share a four depends on the shard, and so does the last bit
        const tolerance = options.quantizer === 'none' ? 2 * D * F32_EPSILON : 0;
        for (let q = 0; q < 60; q++) {
          const wanted = new Map<number, number>();
          for (let i = 10 * q; i < 10 * q + 10; i++) {
            wanted.set(expected.ids[i] as number, expected.scores[i] as number);
          }
          for (let i = 10 * q; i < 10 * q + 10; i++) {
            const score = wanted.get(found.ids[i] as number);
            expect(score).toBeDefined();
            expect(Math.abs((found.scores[i] as number) - (score as number))).toBeLessThanOrEqual(
              tolerance * Math.abs(score as number),
            );
          }
        }
        expect(found.ids).toEqual(expected.ids);
      }
      const all = await many.search(queries.subarray(0, D), 2 * N, { nprobe: 10, gamma: 1000 });
      expect(new Set(all.ids).size).toBe(N);
      await many.dispose();
    }
    await one.dispose();
  });
});

describe('ShardedClient', () => {
  it('adds where it stopped, and passes errors and aborts on', async () => {
    const options: BuildOptions = { metric: 'l2', quantizer: 'none', nlist: 4 };
    const many = await ShardedClient.start({ shards: 3, createWorker });
    await expect(many.search(queries.subarray(0, D), 1)).rejects.toThrow(RangeError);
    await many.build(rows.subarray(0, 1500 * D), D, options);
    expect(await many.add(rows.subarray(1500 * D, 4000 * D))).toBe(4000);
    expect(await many.add(rows.subarray(4000 * D))).toBe(N);
    for (const id of [0, 1499, 1500, 2047, 2048, 3999, 4000, N - 1]) {
      const found = await many.search(rows.subarray(id * D, (id + 1) * D), 2, { nprobe: 4 });
      expect([...found.ids]).toContain(id);
    }
    await expect(many.search(new Float32Array(3), 1)).rejects.toThrow(/"query" expected length/);
    const reason = new Error('enough');
    await expect(many.build(rows, D, options, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect((await many.info())?.n).toBe(N);
    await many.dispose();
  });

  it('refuses a number of shards that is none', async () => {
    await expect(ShardedClient.start({ shards: 0, createWorker })).rejects.toThrow(RangeError);
  });
});
