import { RandomStream } from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import { draw, meanOf, quantile, quantilesOf, scaledTo } from '../../src/scale/distribution.ts';
import { Servers, Timeline } from '../../src/scale/events.ts';
import { type Scene, simulate } from '../../src/scale/simulate.ts';

const exponential = quantilesOf(
  Array.from({ length: 100_000 }, (_, i) => -Math.log(1 - (i + 0.5) / 100_000)),
);
const one: Scene = {
  ...{ shards: 1, replicas: 1, serviceMs: [1, 1], load: { perSecond: 500 }, hedging: false },
  ...{ queries: 20_000, seed: 1, roundTripMs: 0 },
};
const near = (got: number, expected: number, share: number): void => {
  expect(Math.abs(got / expected - 1), `${got} beside ${expected}`).toBeLessThan(share);
};

describe('a distribution', () => {
  it('draws what was measured, and keeps its shape at another mean', () => {
    const random = new RandomStream(7, 'test');
    const drawn = Float64Array.from({ length: 50_000 }, () => draw(exponential, random)).sort();
    near(quantile(drawn, 0.5), Math.LN2, 0.03);
    near(quantile(drawn, 0.99), Math.log(100), 0.05);
    near(meanOf(exponential), 1, 0.01);
    near(meanOf(scaledTo(exponential, 5)), 5, 1e-9);
    expect(quantile([1, 3], 0.25)).toBe(1.5);
  });
});

describe('servers', () => {
  it('work in the order of arrival, so many at a time', () => {
    const time = new Timeline();
    const ends: number[] = [];
    const two = new Servers(time, 2);
    for (const ms of [5, 1, 1, 1]) two.submit(ms, () => ends.push(time.now));
    time.run();
    expect(ends).toEqual([1, 2, 3, 5]);
  });

  it('stand still and go on', () => {
    const time = new Timeline();
    const ends: number[] = [];
    const server = new Servers(time, 1, { stalls: { everyMs: 10, forMs: 4 } });
    for (const ms of [8, 5, 7]) server.submit(ms, () => ends.push(time.now));
    time.run();
    // 8; two more, a rest of four, three more; three, a rest, four
    expect(ends).toEqual([8, 17, 28]);
  });
});

describe('the simulation', () => {
  it('gives the times of the members where nothing waits', () => {
    const calm = simulate({ ...one, serviceMs: exponential, load: { atOnce: 1 } });
    near(calm.p50, Math.LN2, 0.03);
    near(calm.p99, Math.log(100), 0.05);
    near(calm.perSecond, 1000, 0.03);
    expect([calm.askedAgain, calm.partial]).toEqual([0, 0]);
  });

  it('waits as queues of theory do', () => {
    // M/D/1: half of ρ/(1 − ρ) services; M/M/1: ρ/(1 − ρ)
    near(simulate(one).mean, 1 + 0.5, 0.03);
    near(simulate({ ...one, load: { perSecond: 700 } }).mean, 1 + 0.7 / 0.6, 0.05);
    near(simulate({ ...one, serviceMs: exponential }).mean, 2, 0.06);
  });

  it('is as slow as the slowest of all shards', () => {
    // the mean of the greatest of s exponential times: 1 + 1/2 + … + 1/s
    const { mean } = simulate({
      ...{ ...one, shards: 20, serviceMs: exponential, load: { atOnce: 1 }, queries: 2000 },
    });
    near(
      mean,
      Array.from({ length: 20 }, (_, i) => 1 / (i + 1)).reduce((a, b) => a + b),
      0.03,
    );
  });

  it('gives the same for the same seed, another for another', () => {
    const scene = { ...one, shards: 4, replicas: 2, serviceMs: exponential, hedging: true, queries: 500 };
    expect(simulate(scene)).toEqual(simulate(scene));
    expect(simulate({ ...scene, seed: 2 })).not.toEqual(simulate(scene));
  });

  it('asks a second member of a shard whose first stands still', () => {
    const scene = {
      ...{ ...one, shards: 4, replicas: 2, load: { perSecond: 200 }, queries: 5000, roundTripMs: 0.7 },
      stalls: { everyMs: 1000, forMs: 100 },
    };
    const [plain, hedged] = [simulate(scene), simulate({ ...scene, hedging: true })];
    expect(plain.p99).toBeGreaterThan(50);
    expect(hedged.p99).toBeLessThan(25);
    expect(hedged.askedAgain).toBeGreaterThan(0);
  });

  it('asks no more again than first questions allow, and says what is missing at the deadline', () => {
    // two members that have twice the work they can do
    const { askedAgain, partial } = simulate({
      ...{ ...one, replicas: 2, load: { perSecond: 4000 }, hedging: true, queries: 8000, deadlineMs: 200 },
    });
    expect(partial).toBeGreaterThan(0.3);
    expect(askedAgain).toBeGreaterThan(0);
    expect(askedAgain).toBeLessThanOrEqual(0.1 + 16 / 8000);
  });

  it('leaves no shard with more than it can do', () => {
    const scene = {
      ...one,
      shards: 20,
      replicas: 2,
      load: { perSecond: 1400 },
      hedging: true,
      queries: 2500,
    };
    // with one bound for all shards together: half a second
    const { p50, partial } = simulate(scene);
    expect(p50).toBeLessThan(40);
    expect(partial).toBe(0);
  });

  it('shares cores between members, the client and the servers of messages', () => {
    const scene = { ...one, shards: 4, replicas: 2, load: { atOnce: 16 }, queries: 2000 };
    const perSecond = (clientMs: number, serverMs: number): number =>
      simulate({ ...scene, shared: { cores: 2, clientMs, serverMs } }).perSecond;
    // 4 × (1 + 0.5) ms on two cores
    near(perSecond(0, 0.5), 333, 0.03);
    // the client is one thread: 4 × 3 ms, of which a member's millisecond takes the other core
    near(perSecond(3, 0), 83, 0.03);
  });
});
