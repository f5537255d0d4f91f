import { describe, expect, it } from 'vitest';
import { RandomStream } from '../src/index.ts';

function draw(stream: RandomStream, count: number): number[] {
  return Array.from({ length: count }, () => stream.nextU32());
}

/** sfc32 in 64-bit integers masked to 32 bits, from Chris Doty-Humphrey's PractRand description; the naive twin. */
function sfc32(a: bigint, b: bigint, c: bigint, counter: bigint, count: number): number[] {
  const mask = 0xffffffffn;
  return Array.from({ length: count }, () => {
    const sum = (a + b + counter) & mask;
    counter = (counter + 1n) & mask;
    a = b ^ (b >> 9n);
    b = (c + (c << 3n)) & mask;
    c = ((((c << 21n) | (c >> 11n)) & mask) + sum) & mask;
    return Number(sum);
  });
}

/** The 32-bit finaliser of MurmurHash3. */
function mix(h: bigint): bigint {
  const mask = 0xffffffffn;
  h = ((h ^ (h >> 16n)) * 0x85ebca6bn) & mask;
  h = ((h ^ (h >> 13n)) * 0xc2b2ae35n) & mask;
  return h ^ (h >> 16n);
}

describe('RandomStream', () => {
  it('gives these numbers for ever: stored bytes depend on them', () => {
    expect(draw(new RandomStream(0, 'a'), 4)).toEqual([4061706867, 2283311752, 3847805563, 2268614840]);
    expect(draw(new RandomStream(1, 'a'), 4)).toEqual([1207464739, 2569137320, 2334424856, 2611246863]);
    expect(draw(new RandomStream(-1, 'a'), 2)).toEqual([2534692419, 877427270]);
    expect(draw(new RandomStream(2 ** 40 + 1, 'a'), 2)).toEqual([4134052332, 4270657107]);
    expect(draw(new RandomStream(1, 'a').fork('b'), 2)).toEqual([3937624327, 3339348399]);
    const stream = new RandomStream(42, 'golden');
    expect([stream.nextBelow(1000), stream.nextUnit(), stream.nextSign()]).toEqual([
      551, 0.8448418974876404, -1,
    ]);
    const order = Uint32Array.from({ length: 10 }, (_, i) => i);
    stream.shuffle(order);
    expect([...order]).toEqual([0, 9, 5, 1, 7, 8, 6, 4, 2, 3]);
  });

  it('equals its twin in big integers', () => {
    const seed = 987_654_321_987n;
    let name = 0x9e3779b9n;
    for (const character of 'twin') name = mix(name ^ BigInt(character.charCodeAt(0)));
    const [a, b] = [mix(seed & 0xffffffffn), mix((seed >> 32n) ^ 0x243f6a88n)];
    const expected = sfc32(a, b, name, 1n, 1015).slice(15);
    expect(draw(new RandomStream(Number(seed), 'twin'), 1000)).toEqual(expected);
  });

  it('differs between seeds, names and forks, and a fork does not depend on what was drawn', () => {
    const streams = [
      new RandomStream(1, 'a'),
      new RandomStream(2, 'a'),
      new RandomStream(1 + 2 ** 32, 'a'),
      new RandomStream(1, 'b'),
      new RandomStream(1, 'aa'),
      new RandomStream(1, ''),
      new RandomStream(1, 0),
      new RandomStream(1, 'a').fork('a'),
      new RandomStream(1, 'a').fork('b'),
    ];
    const all = streams.flatMap((stream) => draw(stream, 100));
    expect(new Set(all).size).toBeGreaterThan(all.length - 3);
    const drawn = new RandomStream(1, 'a');
    draw(drawn, 17);
    expect(draw(drawn.fork('b'), 5)).toEqual(draw(new RandomStream(1, 'a').fork('b'), 5));
    expect(draw(new RandomStream(1, 7), 3)).toEqual(draw(new RandomStream(1, '7'), 3));
  });

  it('draws uniformly: chi-square of 64 cells over 64,000 draws within 4.5 sigma, high and low bits', () => {
    for (const cellOf of [
      (stream: RandomStream) => stream.nextBelow(64),
      (stream: RandomStream) => stream.nextU32() >>> 26,
      (stream: RandomStream) => Math.floor(stream.nextUnit() * 64),
    ]) {
      const stream = new RandomStream(3, 'uniform');
      const cells = new Float64Array(64);
      for (let i = 0; i < 64_000; i++) cells[cellOf(stream)]++;
      const chiSquare = cells.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
      // mean 63, variance 2 * 63
      expect(Math.abs(chiSquare - 63)).toBeLessThan(4.5 * Math.sqrt(126));
    }
  });

  it('keeps its ranges', () => {
    const stream = new RandomStream(4, 'ranges');
    let signs = 0;
    for (let i = 0; i < 10_000; i++) {
      const unit = stream.nextUnit();
      if (!(unit >= 0 && unit < 1) || (unit * 2 ** 24) % 1 !== 0) expect.fail(`nextUnit gave ${unit}`);
      const below = stream.nextBelow(7);
      if (!(below >= 0 && below < 7 && Number.isInteger(below))) expect.fail(`nextBelow gave ${below}`);
      signs += stream.nextSign();
    }
    expect(Math.abs(signs)).toBeLessThan(450);
    expect(stream.nextBelow(1)).toBe(0);
    expect(stream.nextBelow(2 ** 32)).toBeLessThan(2 ** 32);
  });

  it('shuffles every order of four equally often', () => {
    const stream = new RandomStream(5, 'shuffle');
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const order = Uint32Array.of(0, 1, 2, 3);
      stream.shuffle(order);
      counts.set(order.join(), (counts.get(order.join()) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  it('refuses seeds and bounds that are no integers in range', () => {
    for (const seed of [0.5, Number.NaN, 2 ** 53]) {
      expect(() => new RandomStream(seed, 'a')).toThrow(RangeError);
    }
    const stream = new RandomStream(1, 'a');
    for (const n of [0, -1, 1.5, Number.NaN, 2 ** 32 + 1]) {
      expect(() => stream.nextBelow(n)).toThrow(RangeError);
    }
  });
});
