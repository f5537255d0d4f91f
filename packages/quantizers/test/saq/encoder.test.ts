/** The encoder through its public face: codes, their quality, blocks, ranges, memory. */
import { readFileSync } from 'node:fs';
import { type Core, crc32, createCore, hasRelaxedSimd } from '@sagitta/core-wasm';
import { createCore as createRelaxedCore } from '@sagitta/core-wasm/relaxed';
import { skewedRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import {
  blockCount,
  SaqDecoder,
  SaqEncoder,
  SaqEstimator,
  type SaqModel,
  trainSaq,
} from '../../src/index.ts';
import { saqLayout } from '../../src/saq/layout.ts';
import { asSet, codeList, dot, estimateList, plainModel, row, subtract, trueScores } from '../coded-set.ts';
import { normalRows } from '../normal-rows.ts';
import { optimalCosine, referenceEncode } from '../reference/saq.ts';
import { readCode, readFactor } from '../reference/saq-estimates.ts';

const core = createCore();

/** 1 - cos of each row to its code. */
function lossesOf(rows: Float32Array, d: number, bits: number): number[] {
  const model = plainModel(d, bits, 4 / (1 << bits));
  const list = codeList(core, model, rows);
  const decoder = new SaqDecoder(core, model);
  const decoded = decoder.decode(list.blocks, list.n, { scale: 'unbiased' });
  decoder.dispose();
  list.blocks.dispose();
  return Array.from({ length: list.n }, (_, i) => {
    const [o, y] = [row(rows, i, d), row(decoded, i, d)];
    return 1 - dot(o, y) / Math.sqrt(dot(o, o) * dot(y, y));
  });
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe('golden vectors', () => {
  interface GoldenCode {
    readonly vector: number[];
    readonly cases: { bits: number; rounds: number; code: number[]; cos: number; rescale?: number }[];
  }
  const golden: { codes: GoldenCode[] } = JSON.parse(
    readFileSync(new URL('../golden/saq-golden.json', import.meta.url), 'utf8'),
  );
  const cases = golden.codes.flatMap(({ vector, cases }) =>
    cases.map((expected) => ({ vector, ...expected })),
  );

  // 8 dims are written twice to fill a segment of 16: the same cosine, the same best code twice
  it.each(cases)('$bits bits, $rounds rounds: a cosine like that of the reference encoder', (expected) => {
    const { vector, bits } = expected;
    const o = Float32Array.from([...vector, ...vector]);
    const list = codeList(core, plainModel(16, bits), o);
    const code = readCode(list.blocks.u8(128 + 64), 16, bits);
    const y = code.map((k) => k - ((1 << bits) - 1) / 2);
    const cos = dot(o, y) / Math.sqrt(dot(o, o) * dot(y, y));
    // 8 dims leave few codes to choose from and single vectors end in different ones (means are compared below):
    // without adjustment ours is at least as good, with six rounds it loses at most 1.8 times as much
    const loss = (1 - expected.cos) * (expected.rounds > 1 ? 1.8 : 1);
    expect(1 - cos).toBeLessThan(loss + 1e-6);
    expect(cos).toBeLessThanOrEqual(optimalCosine(o, bits) + 1e-9);
    // the factor is |o|²/<o, y> of the code that is stored
    const factor = readFactor(list.blocks.u16(128, 1)[0] as number);
    const exact = dot(o, o) / dot(o, y);
    expect(Math.abs(factor - exact)).toBeLessThan(exact * 2 ** -11.9);
    list.blocks.dispose();
  });

  it('at 1 bit are the signs', () => {
    const o = Float32Array.from(golden.codes.flatMap(({ vector }) => vector));
    const list = codeList(core, plainModel(16, 1), o);
    expect(readCode(list.blocks.u8(128 + 64), 16, 1)).toEqual(Array.from(o, (value) => (value > 0 ? 1 : 0)));
    list.blocks.dispose();
  });
});

describe('the mean 1 - cos of 300 normal vectors', () => {
  // specification 5.6: the reference encoder with six rounds; for 768 dims the optimum of section 1.5, for 64 dims 3 %
  // below the reference
  const table: [d: number, bits: number, reference: number, optimum: number][] = [
    [64, 1, 0.1995, 0.1935],
    [64, 2, 0.0587, 0.05694],
    [64, 3, 0.0173, 0.01678],
    [64, 4, 4.56e-3, 0.004423],
    [64, 6, 2.79e-4, 0.0002706],
    [64, 8, 1.73e-5, 1.678e-5],
    [768, 1, 0.2024, 0.2024],
    [768, 2, 0.0613, 6.127e-2],
    [768, 3, 0.01914, 1.89e-2],
    [768, 4, 6.29e-3, 5.74e-3],
    [768, 5, 1.806e-3, 1.673e-3],
    [768, 6, 4.67e-4, 4.53e-4],
    [768, 8, 2.95e-5, 2.9e-5],
  ];
  // 2 %, and for d = 64 two standard errors of 300 vectors more
  it.each(table)('d = %i, %i bits: between the optimum and the reference', (d, bits, reference, optimum) => {
    const loss = mean(lossesOf(normalRows(300, d, 5), d, bits));
    const slack = d === 64 ? 0.04 : 0.02;
    expect(loss).toBeLessThan(reference * (1 + slack));
    expect(loss).toBeGreaterThan(optimum * (1 - slack));
  });

  it('is at most that of six walking rounds on the same vectors, and never below the optimum', () => {
    const d = 64;
    const rows = normalRows(100, d, 6);
    for (const bits of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const losses = lossesOf(rows, d, bits);
      const walked = mean(losses.map((_, i) => 1 - referenceEncode(row(rows, i, d), bits, 6).cos));
      // moves that gain less than a millionth of cos² are left out: 8 bits lose 4 % of a 1 - cos of 2e-5 by it
      expect(mean(losses) / walked).toBeLessThan(bits < 6 ? 1.005 : 1.06);
      if (bits > 5) continue;
      for (let i = 0; i < 100; i += 9) {
        expect(losses[i]).toBeGreaterThan(1 - optimalCosine(row(rows, i, d), bits) - 1e-6);
      }
    }
  });
});

describe('blocks', () => {
  const d = 40;
  const rows = skewedRows(700, d, { seed: 4 });
  const model = trainSaq(core, asSet(rows, d), { metric: 'l2', bits: 3, seed: 7 });
  const residuals = subtract(rows, model.mean);

  function encoded(from: Float32Array): Uint8Array {
    const encoder = new SaqEncoder(core, model);
    const n = from.length / d;
    const blocks = core.allocate(blockCount(n) * encoder.layout.blockBytes);
    blocks.u8().fill(0xaa);
    encoder.encode(from, blocks);
    const bytes = blocks.u8(0, blockCount(n) * encoder.layout.blockBytes).slice();
    encoder.dispose();
    blocks.dispose();
    return bytes;
  }

  it('hold the same code of a vector whatever its place and its neighbours, in chunks of any size', () => {
    const { blockBytes } = saqLayout(model.plan);
    const whole = encoded(residuals);
    for (const n of [1, 31, 32, 33, 64, 255, 256, 257, 511, 512, 513, 700]) {
      const full = Math.floor(n / 32) * blockBytes;
      expect(encoded(residuals.subarray(0, n * d)).subarray(0, full)).toEqual(whole.subarray(0, full));
    }
    const moved = encoded(residuals.subarray(5 * d, 6 * d));
    const { coded, offsets } = saqLayout(model.plan);
    const view = new DataView(whole.buffer);
    const own = new DataView(moved.buffer);
    expect(own.getFloat32(0, true)).toBe(view.getFloat32(20, true));
    for (const [s, segment] of coded.entries()) {
      const at = offsets[s] as number;
      const bytes = (segment.dims * segment.bits) / 8;
      expect(own.getUint16(at, true)).toBe(view.getUint16(at + 10, true));
      expect(moved.subarray(at + 64, at + 64 + bytes)).toEqual(
        whole.subarray(at + 64 + 5 * bytes, at + 64 + 6 * bytes),
      );
    }
  });

  it('are zero behind the last vector', () => {
    const { blockBytes, coded, offsets } = saqLayout(model.plan);
    const bytes = encoded(residuals.subarray(0, 33 * d)).subarray(blockBytes);
    expect(bytes.subarray(4, 128).every((byte) => byte === 0)).toBe(true);
    for (const [s, segment] of coded.entries()) {
      const at = (offsets[s] as number) + 64 + (segment.dims * segment.bits) / 8;
      const end = (offsets[s] as number) + 64 + 4 * segment.dims * segment.bits;
      expect(bytes.subarray(at, end).every((byte) => byte === 0)).toBe(true);
    }
  });

  it('are written at an offset and move one vector at a time', () => {
    const encoder = new SaqEncoder(core, model);
    const { blockBytes } = encoder.layout;
    const target = core.allocate(3 * blockBytes);
    target.u8().fill(1, 0, blockBytes);
    encoder.encode(residuals.subarray(0, 40 * d), target, blockBytes);
    expect(target.u8(0, blockBytes).every((byte) => byte === 1)).toBe(true);
    const source = core.allocate(2 * blockBytes);
    encoder.encode(residuals.subarray(0, 40 * d), source);
    const joined = core.allocate(2 * blockBytes);
    encoder.layout.blocks.move(source, 0, joined, 0, 30);
    encoder.layout.blocks.move(source, 30, joined, 30, 10);
    expect(joined.u8(0, 2 * blockBytes)).toEqual(source.u8(0, 2 * blockBytes));
    expect(target.u8(blockBytes, 2 * blockBytes)).toEqual(source.u8(0, 2 * blockBytes));
    expect(() => encoder.encode(residuals.subarray(0, 40 * d), target, 2 * blockBytes)).toThrow(RangeError);
    encoder.encode(new Float32Array(0), target);
    for (const block of [target, source, joined]) block.dispose();
    encoder.dispose();
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 1e25])('are refused for a residual of %f', (value) => {
    const bad = residuals.slice(0, 40 * d);
    bad[35 * d + 3] = value;
    expect(() => encoded(bad)).toThrow(/"vectors" expected (finite|vectors of lengths up to 2\^56)/);
  });

  it('have the same bytes on every engine', () => {
    expect(crc32(encoded(residuals))).toBe(1060214195);
  });

  it.skipIf(!hasRelaxedSimd())('have the same bytes in the relaxed build', () => {
    const relaxed = createRelaxedCore();
    const other = trainSaq(relaxed, asSet(rows, d), { metric: 'l2', bits: 3, seed: 7 });
    expect(other).toEqual(model);
    const list = codeList(relaxed, other, rows);
    expect(list.blocks.u8().slice(0, encoded(residuals).length)).toEqual(encoded(residuals));
  });

  it('refuse rows of another length', () => {
    const encoder = new SaqEncoder(core, model);
    const out = core.allocate(encoder.layout.blockBytes);
    expect(() => encoder.encode(new Float32Array(d + 1), out)).toThrow(RangeError);
    expect(() => encoder.encode(residuals.subarray(0, 33 * d), out)).toThrow(RangeError);
    encoder.dispose();
    out.dispose();
  });
});

describe('ranges', () => {
  const d = 33;
  const rows = skewedRows(300, d, { seed: 9 });

  /** Root mean square error of the scores over that of guessing 0 for every <o, p>. */
  function relativeError(scale: number): number {
    const scaled = rows.map((value) => value * scale);
    const model = trainSaq(core, asSet(scaled, d), { metric: 'l2', bits: 4 });
    const list = codeList(core, model, scaled);
    const estimator = new SaqEstimator(core, model);
    let error = 0;
    let spread = 0;
    for (let q = 0; q < 8; q++) {
      const query = row(scaled, 7 * q, d);
      const estimates = estimateList(core, estimator, list, query);
      const exact = trueScores(model, scaled, query);
      for (const [i, score] of exact.entries()) {
        error += (((estimates[i] as number) - score) / scale / scale) ** 2;
        spread += (score / scale / scale) ** 2;
      }
    }
    estimator.dispose();
    list.blocks.dispose();
    return Math.sqrt(error / spread);
  }

  it('from 10^-15 to 10^15 give the same error: units are powers of two', () => {
    const usual = relativeError(1);
    expect(usual).toBeGreaterThan(1e-4);
    expect(usual).toBeLessThan(0.02);
    for (const scale of [1e-15, 1e-9, 1e9, 1e15]) {
      expect(relativeError(scale) / usual).toBeGreaterThan(0.95);
      expect(relativeError(scale) / usual).toBeLessThan(1.05);
    }
  });

  it('give a zero vector factor 0 and the score of its centroid', () => {
    const model = trainSaq(core, asSet(rows, d), { metric: 'l2', bits: 2 });
    const list = codeList(core, model, new Float32Array([...model.mean, ...row(rows, 1, d), ...model.mean]));
    const { coded, offsets } = saqLayout(model.plan);
    for (const s of coded.keys()) {
      const [first, second, third] = list.blocks.u16(offsets[s], 3);
      expect([first, third]).toEqual([0, 0]);
      expect(second).toBeGreaterThan(0);
    }
    const estimator = new SaqEstimator(core, model);
    const query = row(rows, 5, d);
    const scores = estimateList(core, estimator, list, query);
    const expected = trueScores(model, model.mean, query)[0] as number;
    expect(Math.abs((scores[0] as number) - expected)).toBeLessThan(1e-5 * expected);
    // a query on the centroid: every score is the norm
    const onCentroid = estimateList(core, estimator, list, model.mean.slice());
    expect(onCentroid[0]).toBe(0);
    expect(onCentroid[1]).toBe(list.blocks.f32(4, 1)[0]);
    estimator.dispose();
    list.blocks.dispose();
  });

  it('refuse a vector 10^6 times farther than those of training, take one 10^4 times farther', () => {
    const model = trainSaq(core, asSet(rows, d), { metric: 'l2', bits: 4 });
    const far = (scale: number): Float32Array => subtract(row(rows, 3, d), model.mean).map((v) => v * scale);
    const encoder = new SaqEncoder(core, model);
    const out = core.allocate(encoder.layout.blockBytes);
    expect(() => encoder.encode(far(1e6), out)).toThrow(RangeError);
    encoder.encode(far(1e4), out);
    encoder.dispose();
    out.dispose();
  });
});

describe('memory', () => {
  function stateBytes(of: Core, model: SaqModel): number {
    const before = of.bytesUsed();
    const encoder = new SaqEncoder(of, model);
    const bytes = of.bytesUsed() - before;
    encoder.dispose();
    expect(of.bytesUsed()).toBe(before);
    return bytes;
  }

  // 10 million × 768 need what one chunk needs: nothing below depends on how many chunks went by. Beside the codes
  // (here one chunk's, written out by the caller) that is the encoder's state, bounded at full rank below.
  it('stays what the first chunk took, however many follow', () => {
    const own = createCore();
    const d = 96;
    const rows = skewedRows(1024, d, { seed: 3 });
    const model = trainSaq(own, asSet(rows, d), { metric: 'l2', bits: 4 });
    const encoder = new SaqEncoder(own, model);
    const out = own.allocate(blockCount(1024) * encoder.layout.blockBytes);
    const residuals = subtract(rows, model.mean);
    encoder.encode(residuals, out);
    const first = [own.memoryBytes(), own.bytesUsed()];
    const heap = process.memoryUsage();
    for (let chunk = 0; chunk < 40; chunk++) encoder.encode(residuals, out);
    expect([own.memoryBytes(), own.bytesUsed()]).toEqual(first);
    // 40 chunks are 15 MiB of input; what the garbage collector has not fetched yet stays far below
    const now = process.memoryUsage();
    expect(now.arrayBuffers - heap.arrayBuffers).toBeLessThan(4 * 2 ** 20);
    encoder.dispose();
    out.dispose();
    expect(own.bytesUsed()).toBe(0);
  });

  it('of an encoder for 768 dims is far below 64 MiB at full rank', () => {
    const bytes = stateBytes(createCore(), plainModel(768, 8));
    expect(bytes).toBeGreaterThan(768 * 768 * 4);
    expect(bytes).toBeLessThan(8 * 2 ** 20);
  });
});
