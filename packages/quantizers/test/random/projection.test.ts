/** A random projection errs as its formula says, is without bias, and is read back with what it keeps. */
import { ByteReader, crc32, createCore, FormatError, RandomStream } from '@sagitta/core-wasm';
import { gaussianRows, skewedRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import {
  blockCount,
  type LinearQuantizer,
  randomProjection,
  readQuantizer,
  trainQuantizer,
  writeQuantizer,
} from '../../src/index.ts';
import { FrameTransform, fromFrame, keptFrame } from '../../src/linear/frame.ts';

const core = createCore();
const N = 300;
const D = 1024;

/** Relative errors of the squared distances of all pairs, about an origin that is not the quantizer's own. */
function relativeErrors(quantizer: LinearQuantizer, rows: Float32Array, shift: number): Float64Array {
  using encoder = quantizer.createEncoder(core);
  using estimator = quantizer.createEstimator(core);
  using blocks = core.allocate(blockCount(N) * quantizer.layout.blockBytes);
  using out = core.allocate(blockCount(N) * 128);
  using centroid = core.allocate(4 * estimator.centroidDims);
  const origin = quantizer.origin.map((value) => value + shift);
  centroid.f32().set(estimator.project(origin));
  encoder.encode(rows, origin, blocks, 0);
  const errors: number[] = [];
  for (let a = 1; a < N; a++) {
    estimator.setQuery(rows.subarray(a * D, (a + 1) * D));
    // the exact distance of the origin is not used: it would not fit to what is projected
    estimator.scores(blocks.at(), N, centroid.at(), Number.NaN, out.at());
    const scores = out.f32(0, N);
    for (let b = 0; b < a; b++) {
      let truth = 0;
      for (let j = 0; j < D; j++) truth += ((rows[a * D + j] as number) - (rows[b * D + j] as number)) ** 2;
      errors.push((scores[b] as number) / truth - 1);
    }
  }
  return Float64Array.from(errors);
}

describe.each([
  ['normal', gaussianRows(N, D, 3)],
  ['skewed', skewedRows(N, D, { seed: 3 })],
] as const)('%s vectors', (_, rows) => {
  it.each([64, 128, 256])(
    '%i of 1,024 dims: squared distances err by √(2/k·(1 − k/d)), without bias',
    (k) => {
      const quantizer = trainQuantizer(
        core,
        { data: rows.subarray(0, D), n: 1, d: D },
        { name: 'random', metric: 'l2', dims: k },
      );
      const errors = relativeErrors(quantizer, rows, 0.1);
      const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
      const sd = Math.sqrt(errors.reduce((sum, error) => sum + (error - mean) ** 2, 0) / errors.length);
      expect(Math.abs(mean)).toBeLessThan(0.01);
      const expected = Math.sqrt((2 / k) * (1 - k / D));
      expect(Math.abs(sd / expected - 1)).toBeLessThan(0.1);
      expect(sd).toBeLessThan(1.1 * Math.sqrt(2 / k));
    },
  );
});

it('keeps every distance where it keeps all dims', () => {
  const rows = gaussianRows(N, D, 4);
  const quantizer = trainQuantizer(
    core,
    { data: rows, n: N, d: D },
    { name: 'random', metric: 'l2', dims: D },
  );
  expect(Math.max(...relativeErrors(quantizer, rows, 0).map(Math.abs))).toBeLessThan(1e-3);
});

it('keeps coordinates of the rotation, scaled, and gives back the shortest vector that has them', () => {
  const d = 40;
  const frame = keptFrame(d, 17, new RandomStream(1, 'test'));
  const { signs, kept } = frame;
  expect(kept?.length).toBe(17);
  expect(new Set(kept).size).toBe(17);
  using whole = new FrameTransform(core, { d, dims: 48, signs: signs as Uint32Array }, 'data');
  using some = new FrameTransform(core, frame, 'data');
  const rows = gaussianRows(300, d, 5);
  const turned = whole.apply(rows);
  const own = some.apply(rows);
  for (let i = 0; i < 300; i++) {
    const expected = Float32Array.from({ length: 32 }, (_, t) =>
      t < 17 ? Math.fround(Math.sqrt(48 / 17) * (turned[i * 48 + (kept?.[t] as number)] as number)) : 0,
    );
    expect(own.slice(i * 32, (i + 1) * 32)).toEqual(expected);
  }
  using again = new FrameTransform(core, { ...frame, d: 48 }, 'data');
  const back = fromFrame({ ...frame, d: 48 }, own.subarray(0, 32));
  for (const [t, value] of again.apply(back).entries()) expect(value).toBeCloseTo(own[t] as number, 4);
});

it('learns nothing: one vector of another collection gives the same model, and refuses more dims than there are', () => {
  const model = (data: Float32Array, dims = 8): Uint8Array =>
    writeQuantizer(
      trainQuantizer(core, { data, n: 1, d: 32 }, { name: 'random', metric: 'ip', dims, seed: 5 }),
    );
  expect(model(gaussianRows(1, 32, 1))).toEqual(model(gaussianRows(1, 32, 2)));
  expect(() => model(gaussianRows(1, 32, 1), 33)).toThrow(/"dims"/);
  expect(randomProjection.name).toBe('random');
});

it('has the same bytes on every engine', () => {
  const data = Float32Array.from({ length: 40 }, (_, j) => j);
  const quantizer = trainQuantizer(core, { data, n: 1, d: 40 }, { name: 'random', metric: 'l2', dims: 20 });
  using encoder = quantizer.createEncoder(core);
  using blocks = core.allocate(quantizer.layout.blockBytes);
  encoder.encode(
    data.map((value) => (value * value) % 7),
    quantizer.origin,
    blocks,
    0,
  );
  expect([crc32(writeQuantizer(quantizer)), crc32(blocks.u8())]).toMatchInlineSnapshot(`
    [
      3974265794,
      2845080363,
    ]
  `);
});

it('refuses a file whose kept coordinates repeat or lie outside', () => {
  const bytes = writeQuantizer(
    trainQuantizer(
      core,
      { data: gaussianRows(1, 32, 1), n: 1, d: 32 },
      { name: 'random', metric: 'ip', dims: 16 },
    ),
  );
  // behind the numbers, the count: 16 kept coordinates and the coder's word
  const at = bytes.length - 4 - 16 * 4;
  for (const [place, value] of [
    [at + 4, 0],
    [at + 60, 32],
  ] as const) {
    const wrong = bytes.slice();
    new DataView(wrong.buffer).setUint32(place, value, true);
    expect(() => readQuantizer(new ByteReader(wrong))).toThrow(FormatError);
    expect(() => readQuantizer(new ByteReader(wrong))).toThrow(/"kept"/);
  }
});
