import { describe, expect, it } from 'vitest';
import { fitLists, graphMs, lineThrough, listsMs, plan, type UnitCost } from '../../src/scale/model.ts';

const cost: UnitCost = {
  ...{ bytesPerVector: 400, searchMs: 2, codeCpuSecondsPerMillion: 36, trainCpuSeconds: 3600 },
  ...{ wayMs: { client: 0.1, member: 0.5, server: 0.2 }, queryBytes: 3000, answerBytes: 88 },
};

describe('a plan', () => {
  it('adds up what a billion needs', () => {
    const found = plan(1e9, cost);
    expect(found).toMatchObject({ shards: 200, segmentGb: 400, memoryGb: 800, machinesByMemory: 16 });
    // 200 × 2.5 ms × 100/s are 50 cores, of which half may be busy
    expect(found).toMatchObject({ memberCpuMs: 500, machinesByCpu: 7, machines: 16 });
    expect(found.inputGb).toBeCloseTo(3072);
    expect(found.buildCoreHours).toBeCloseTo(11);
    expect(found.buildReadSeconds).toBeCloseTo(192);
    expect(found.bytesPerQuery).toBe(200 * 3088);
    expect(found.calmMs).toBeCloseTo(0.7 + 2.5 + 20);
    expect(found.otherCores).toBeCloseTo(12);
    expect(found.machineMonth).toBeCloseTo(16 * (16 * 0.03 * 730 + 128));
    expect(found.storageMonth).toBeCloseTo(8);
  });

  it('has as many machines as the load asks for, and one a replica', () => {
    expect(plan(1e9, cost, { queriesPerSecond: 1000 }).machines).toBe(63);
    expect(plan(1e6, cost)).toMatchObject({ shards: 1, machines: 2 });
    expect(plan(1e6, cost, { replicas: 3 }).machines).toBe(3);
  });

  it('refuses shards that no index can hold', () => {
    expect(() => plan(1e9, cost, { rowsPerShard: 20_000_000 })).toThrow(
      '"rowsPerShard" expected shards within 4 GiB',
    );
  });
});

describe('fits', () => {
  it('find what made the points', () => {
    const [a, b] = lineThrough([1, 2, 5].map((x) => [x, 3 + 2 * x] as const));
    expect([a, b].map((value) => value.toFixed(9))).toEqual(['3.000000000', '2.000000000']);
    expect(() => lineThrough([[1, 1]])).toThrow('expected two places');
    const shardOf = (nlist: number) => ({
      nlist,
      searches: [100, 1000, 5000].map((rows) => ({ rows, cpuMs: 0.1 + 1e-4 * nlist + 2e-5 * rows })),
    });
    const fit = fitLists([shardOf(300), shardOf(1200)]);
    expect(listsMs(fit, 1e6, 16)).toBeCloseTo(0.1 + 0.1 + 0.32);
    expect(
      graphMs(
        [
          [2 ** 16, 1],
          [2 ** 18, 1.5],
        ],
        2 ** 22,
      ),
    ).toBeCloseTo(2.5);
  });
});
