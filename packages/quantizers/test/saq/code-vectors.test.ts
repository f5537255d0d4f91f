/** Scores between SAQ codes, as building a graph needs them. */
import { createCore, type Metric } from '@sagitta/core-wasm';
import { skewedRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { SaqDecoder, trainSaq } from '../../src/index.ts';
import { codeList } from '../coded-set.ts';

const D = 72;
const N = 240;
const core = createCore();

function dot(x: Float32Array, a: number, b: number): number {
  let sum = 0;
  for (let j = 0; j < D; j++) sum += (x[a * D + j] as number) * (x[b * D + j] as number);
  return sum;
}

interface Errors {
  /** Mean of (estimate - truth), and of (decoded - truth), over the mean truth or its spread. */
  readonly signed: number;
  readonly naive: number;
  /** Share of triples (a; b, c) ordered as the truth does. */
  readonly ordered: number;
}

function errorsOf(metric: Metric, bits: number): Errors {
  const data = skewedRows(N, D, { seed: 5 });
  const model = trainSaq(core, { data, n: N, d: D }, { metric, bits });
  const list = codeList(core, model, data);
  using decoder = new SaqDecoder(core, model);
  const { rows, lost } = decoder.codeVectors(list.blocks, N, { origin: model.mean });
  const plain = decoder.decode(list.blocks, N, { origin: model.mean });
  const isL2 = metric === 'l2';
  const score = (x: Float32Array, a: number, b: number): number =>
    isL2 ? dot(x, a, a) + dot(x, b, b) - 2 * dot(x, a, b) : dot(x, a, b);
  let [signed, naive, size, ordered, triples] = [0, 0, 0, 0, 0];
  for (let a = 0; a < N; a++) {
    let last: readonly [number, number] | undefined;
    for (let b = 0; b < N; b++) {
      if (a === b) continue;
      const truth = score(data, a, b);
      const estimate = score(rows, a, b) + (lost[a] as number) + (lost[b] as number);
      signed += estimate - truth;
      naive += score(plain, a, b) - truth;
      size += Math.abs(truth);
      if (last) {
        triples++;
        if (last[0] < truth === last[1] < estimate) ordered++;
      }
      last = [truth, estimate];
    }
  }
  list.blocks.dispose();
  return { signed: signed / size, naive: naive / size, ordered: ordered / triples };
}

describe('scores between codes', () => {
  it.each([
    [0.5, 0.85],
    [1, 0.93],
    [2, 0.96],
    [4, 0.985],
  ])('of l2 at %f bits have no bias, and order %f of pairs', (bits, share) => {
    const { signed, naive, ordered } = errorsOf('l2', bits);
    expect(Math.abs(signed)).toBeLessThan(0.015);
    // distances between decoded vectors are short by what both codes miss
    expect(naive).toBeLessThan(-1.5 * Math.abs(signed));
    expect(ordered).toBeGreaterThan(share);
  });

  it.each(['ip', 'cosine'] as const)('of %s have no bias', (metric) => {
    for (const bits of [2, 4]) {
      const { signed, ordered } = errorsOf(metric, bits);
      expect(Math.abs(signed)).toBeLessThan(0.01);
      expect(ordered).toBeGreaterThan(bits === 2 ? 0.95 : 0.98);
    }
  });

  it('of a vector that is its centroid are those of the centroid', () => {
    const data = skewedRows(40, D, { seed: 6 });
    const model = trainSaq(core, { data, n: 40, d: D }, { metric: 'l2', bits: 2 });
    const list = codeList(core, model, Float32Array.of(...model.mean, ...model.mean));
    using decoder = new SaqDecoder(core, model);
    const { rows, lost } = decoder.codeVectors(list.blocks, 2, { origin: model.mean });
    expect([...lost]).toEqual([0, 0]);
    expect(rows).toEqual(Float32Array.of(...model.mean, ...model.mean));
    expect(() => decoder.codeVectors(list.blocks, 2, { origin: new Float32Array(3) })).toThrow(RangeError);
    list.blocks.dispose();
  });
});
