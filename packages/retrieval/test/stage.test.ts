/** Vectors that are staged: seen by nobody until they are published, gone without a trace when they are withdrawn. */
import { CapacityError, createCore } from '@sagitta/core-wasm';
import { clusteredRows } from '@sagitta/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildIvf, type IvfIndex, type IvfOptions, saveIndex, trainIndex } from '../src/index.ts';

const D = 24;
const N = 400;
const rows = clusteredRows(N, D, { seed: 5, clusters: 12, spread: 0.5 });
const part = (from: number, to: number): Float32Array => rows.subarray(from * D, to * D);

const CASES: Record<string, IvfOptions> = {
  'saq l2': { metric: 'l2', bits: 4, nlist: 7 },
  'lvq cosine with secondary codes': {
    metric: 'cosine',
    quantizer: 'lvq',
    bits: 4,
    nlist: 7,
    secondary: { quantizer: 'scalar' },
  },
  'float ip, kept': { metric: 'ip', quantizer: 'float32', nlist: 1, keepVectors: true },
};

describe.each(Object.entries(CASES))('%s', (_name, options) => {
  const core = createCore();
  const train = (): IvfIndex => trainIndex(core, { data: rows, n: N, d: D }, options);

  it('is what adding at once gives, whatever was withdrawn before', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            count: fc.integer({ min: 0, max: 70 }),
            step: fc.constantFrom('stage', 'publish', 'withdraw'),
          }),
          { maxLength: 14 },
        ),
        (steps) => {
          using index = train();
          using expected = train();
          let n = 0;
          let staged = 0;
          for (const { count, step } of steps) {
            if (step === 'stage' && n + staged + count <= N) {
              index.stage(part(n + staged, n + staged + count));
              staged += count;
            } else if (step === 'publish') {
              index.publish();
              if (staged > 0) expected.add(part(n, n + staged));
              n += staged;
              staged = 0;
            } else if (step === 'withdraw') {
              index.withdraw();
              staged = 0;
            }
            expect(index.n).toBe(n);
            const found = index.search(part(0, 1), 5, { nprobe: 7 });
            expect(found).toEqual(expected.search(part(0, 1), 5, { nprobe: 7 }));
            if (staged === 0) expect(Buffer.compare(saveIndex(index), saveIndex(expected))).toBe(0);
          }
        },
      ),
      { numRuns: 12, seed: 7 },
    );
    expect(core.bytesUsed()).toBe(0);
  });
});

describe('stage', () => {
  it('leaves what was staged before where memory ends', () => {
    const core = createCore({ maximumBytes: 4 << 20 });
    using index = buildIvf(core, part(0, 100), D, { metric: 'l2', quantizer: 'float32', nlist: 4 });
    const before = saveIndex(index);
    index.stage(part(100, 140));
    const many = new Float32Array(60_000 * D).fill(0.5);
    expect(() => index.stage(many)).toThrow(CapacityError);
    expect(index.n).toBe(100);
    index.publish();
    expect(index.n).toBe(140);
    expect(index.search(part(120, 121), 1, { nprobe: 4 }).ids[0]).toBe(120);
    index.stage(part(140, 200));
    index.withdraw();
    expect(index.n).toBe(140);
    expect(saveIndex(index).length).toBeGreaterThan(before.length);
  });
});
