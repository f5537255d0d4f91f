/** What a scan leaves unread must not decide what is found: its default bound loses less than codes do. */
import { createCore, RandomStream } from '@sagitta/core-wasm';
import { gaussianRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { buildIvf, recallAtK } from '../../src/index.ts';
import { exactTable } from '../brute-force.ts';

const N = 8000;
const D = 96;
const QUERIES = 300;
const K = 10;
const CLUSTERS = 60;
const DIRECTIONS = 12;
const core = createCore();

/** Clusters that are wide in directions of their own: what lies near is spread otherwise than the collection is. */
function ownDirections(): Float32Array {
  const rows = N + QUERIES;
  const centres = gaussianRows(CLUSTERS, D, 1);
  const directions = gaussianRows(CLUSTERS * DIRECTIONS, D, 2);
  const widths = gaussianRows(rows, DIRECTIONS, 3);
  const random = new RandomStream(1, 'pruning');
  const out = new Float32Array(rows * D);
  for (let i = 0; i < rows; i++) {
    const cluster = random.nextBelow(CLUSTERS);
    for (let j = 0; j < D; j++) {
      let value = (centres[cluster * D + j] as number) / Math.sqrt(1 + j / 8);
      for (let t = 0; t < DIRECTIONS; t++) {
        const direction = directions[(cluster * DIRECTIONS + t) * D + j] as number;
        value += (3 / (1 + t / 4) / Math.sqrt(D)) * (widths[i * DIRECTIONS + t] as number) * direction;
      }
      out[i * D + j] = value;
    }
  }
  return out;
}

describe('pruning by default', () => {
  const rows = ownDirections();
  const base = rows.subarray(0, N * D);
  const queries = rows.slice(N * D);
  const truth = exactTable('l2', base, D, queries, K);

  it.each([1, 2, 4, 8])('loses at most .0005 of the recall of reading every code, %i bits', (bits) => {
    using index = buildIvf(core, base, D, { metric: 'l2', bits, nlist: 32, seed: 1 });
    const recall = (options: { gamma?: number }): number =>
      recallAtK(index.searchBatch(queries, K, { nprobe: 16, ...options }).ids, K, truth, K, K);
    const whole = recall({ gamma: 1000 });
    expect(recall({})).toBeGreaterThanOrEqual(whole - 0.0005);
    expect(recall({ gamma: 1 })).toBe(recall({}));
    // the knob does something: half of the bound loses what is near
    expect(recall({ gamma: 0.5 })).toBeLessThan(whole - 0.0005);
  });
});
