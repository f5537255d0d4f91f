/** Codes of two levels: a scan by the first, candidates scored by both. */
import { createCore, METRICS } from '@sagitta/core-wasm';
import { clusteredRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { buildFlat, buildIvf, type IvfIndex, loadIndex, saveIndex } from '../src/index.ts';
import { exactNeighbors } from './brute-force.ts';

const D = 32;
const N = 900;
const DATA = { seed: 4, clusters: 10, spread: 0.6 };
const rows = clusteredRows(N, D, DATA);
const queries = clusteredRows(20, D, { ...DATA, stream: 'query' });
const query = (q: number): Float32Array => queries.subarray(q * D, (q + 1) * D);
const core = createCore();

function hitsOf(index: IvfIndex, candidates: number | undefined): number {
  let hits = 0;
  for (let q = 0; q < 20; q++) {
    const truth = new Set(exactNeighbors(index.metric, rows, D, query(q), 10).ids);
    const options = candidates === undefined ? {} : { rerank: { candidates } };
    for (const id of index.search(query(q), 10, { nprobe: 16, ...options }).ids) if (truth.has(id)) hits++;
  }
  return hits;
}

describe.each(METRICS)('lvq on two levels, %s', (metric) => {
  const options = { metric, quantizer: 'lvq', bits: 4 } as const;
  const two = { ...options, quantizerOptions: { secondBits: 8 } };

  it.each(['flat', 'ivf'] as const)('%s: a first scan by 4 bits, then all 12', (kind) => {
    const build = (what: typeof options): IvfIndex =>
      kind === 'flat' ? buildFlat(core, rows, D, what) : buildIvf(core, rows, D, { ...what, nlist: 7 });
    using one = build(options);
    using both = build(two);
    expect(both.codeBytesPerVector).toBe(one.codeBytesPerVector + D);
    const first = hitsOf(one, undefined);
    expect(first).toBeLessThan(194);
    // both levels scored for all, and for 30 candidates of the first: the second finds nearly what the first lost
    expect(hitsOf(both, undefined)).toBeGreaterThanOrEqual(198);
    expect(hitsOf(both, 30)).toBeGreaterThanOrEqual(197);
    // scores are those of a scan of both levels, wherever the candidates' lists are
    for (let q = 0; q < 20; q++) {
      const { ids, scores } = both.search(query(q), 10, { nprobe: 16, rerank: { candidates: 30 } });
      const all = both.estimates(query(q), 16);
      const byId = new Map(Array.from(all.ids, (id, i) => [id, all.scores[i] as number]));
      for (const [i, id] of ids.entries()) {
        const expected = byId.get(id) as number;
        expect(Math.abs((scores[i] as number) - expected)).toBeLessThan(1e-4 * (1 + Math.abs(expected)));
      }
    }
    // the first scan errs as the first level alone does: without candidates to spare the order is not that of both
    expect(hitsOf(both, 10)).toBeLessThan(hitsOf(both, 30));
  });

  it('is the same after adding more and after loading', () => {
    using index = buildIvf(core, rows.subarray(0, 500 * D), D, { ...two, nlist: 5 });
    const options = { nprobe: 5, rerank: { candidates: 20 } };
    index.search(query(0), 5, options);
    index.add(rows.subarray(500 * D));
    using loaded = loadIndex(core, saveIndex(index));
    for (let q = 0; q < 20; q++) {
      const found = index.search(query(q), 5, options);
      expect(loaded.search(query(q), 5, options)).toEqual(found);
      expect(found.ids.some((id) => id >= 500) || q > 0).toBe(true);
    }
  });
});

describe('binary with rescoring', () => {
  it.each(['float32', 'float16', 'lvq'] as const)('signs find candidates, %s orders them', (quantizer) => {
    const binary = { metric: 'cosine', quantizer: 'sign' } as const;
    using signs = buildFlat(core, rows, D, binary);
    using index = buildFlat(core, rows, D, { ...binary, secondary: { quantizer } });
    const alone = hitsOf(signs, undefined);
    expect(index.search(query(0), 10, { rerank: false })).toEqual(signs.search(query(0), 10));
    expect(hitsOf(index, 200)).toBeGreaterThan(alone + 40);
    // a larger buffer never finds less with exact scores
    if (quantizer === 'float32') {
      const grown = [10, 50, 200, N].map((candidates) => hitsOf(index, candidates));
      for (let i = 1; i < grown.length; i++) {
        expect(grown[i]).toBeGreaterThanOrEqual(grown[i - 1] as number);
      }
      expect(grown.at(-1)).toBe(200);
    }
  });
});

describe('residual PQ', () => {
  it('in lists codes what is left of the centroids, and errs less than flat at the same bytes', () => {
    const pq = { metric: 'l2', quantizer: 'pq', bits: 1 } as const;
    using flat = buildFlat(core, rows, D, pq);
    using lists = buildIvf(core, rows, D, { ...pq, nlist: 12 });
    expect(lists.codeBytesPerVector).toBe(flat.codeBytesPerVector);
    const errorOf = (index: IvfIndex): number => {
      let sum = 0;
      for (let q = 0; q < 20; q++) {
        const { ids, scores } = index.estimates(query(q), 12);
        for (const [i, id] of ids.entries()) {
          let exact = 0;
          for (let j = 0; j < D; j++) exact += ((query(q)[j] as number) - (rows[id * D + j] as number)) ** 2;
          sum += Math.abs((scores[i] as number) - exact) / exact;
        }
      }
      return sum;
    };
    expect(errorOf(lists)).toBeLessThan(0.9 * errorOf(flat));
  });

  it('gives its memory back', () => {
    expect(core.bytesUsed()).toBe(0);
  });
});
