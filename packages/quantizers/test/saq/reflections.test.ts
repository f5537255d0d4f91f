/** Models of many dimensions: the map is orthonormal, its first axes are the directions, and codes are as good as of a projection. */
import { ByteReader, ByteWriter, crc32, createCore, FormatError, RandomStream } from '@sagitta/core-wasm';
import { gaussianRows, randomBytes, skewedRows } from '@sagitta/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SaqDecoder, SaqEncoder, type SaqModel, trainSaq } from '../../src/index.ts';
import { readSaqModel, writeSaqModel } from '../../src/saq/format.ts';
import { saqLayout } from '../../src/saq/layout.ts';
import {
  type Reflections,
  ReflectionTransform,
  reflectionBytes,
  reflectOnto,
} from '../../src/saq/reflections.ts';
import { orthonormalise } from '../../src/training/leading-eigen.ts';
import { asSet, codeList } from '../coded-set.ts';

const core = createCore();

function apply(reflections: Reflections, rows: Float32Array, isBack = false): Float32Array {
  using transform = new ReflectionTransform(core, reflections, 5, reflections.dims);
  using block = core.allocate(rows.byteLength);
  block.f32().set(rows);
  const n = rows.length / reflections.dims;
  if (isBack) transform.invert(block, n);
  else transform.apply(block, n);
  return block.f32(0, rows.length).slice();
}

const norm = (x: Float32Array): number => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));

describe('reflections', () => {
  it('of any bytes keep lengths and inner products, and are undone by their inverse', () => {
    const shape = fc.record({
      extra: fc.integer({ min: 0, max: 9 }),
      groups: fc.integer({ min: 0, max: 2 }),
      seed: fc.integer({ min: 1, max: 1000 }),
    });
    fc.assert(
      fc.property(shape, ({ extra, groups, seed }) => {
        const count = 64 * groups;
        const dims = Math.max(64, count) + 16 * extra;
        const bytes = randomBytes(reflectionBytes(dims, count), seed);
        const vectors = new Int8Array(bytes.length);
        for (let row = 0, at = 0; row < count; row++) {
          for (let j = 0; j < dims - (row - (row % 64)); j++, at++) {
            vectors[at] = j <= row % 64 ? 0 : Math.max(-127, (bytes[at] as number) - 128);
          }
        }
        const diagonal = gaussianRows(1, count, seed).map((x) => (x < 0 ? -1 : 1) * (127 + 1000 * x * x));
        const reflections = { dims, count, vectors, diagonal };
        const rows = gaussianRows(2, dims, seed + 1);
        const turned = apply(reflections, rows);
        const [a, b] = [rows.subarray(0, dims), rows.subarray(dims)];
        const [p, q] = [turned.subarray(0, dims), turned.subarray(dims)];
        const dot = (x: Float32Array, y: Float32Array): number =>
          x.reduce((sum, value, i) => sum + value * (y[i] as number), 0);
        const bound = 3e-4 * norm(a) * norm(b);
        expect(Math.abs(norm(p) - norm(a))).toBeLessThan(3e-4 * norm(a));
        expect(Math.abs(dot(p, q) - dot(a, b))).toBeLessThan(bound);
        const back = apply(reflections, turned, true);
        expect(norm(back.map((value, i) => value - (rows[i] as number)))).toBeLessThan(3e-4 * norm(rows));
      }),
      { numRuns: 12 },
    );
  });

  it.each([
    [128, 200, 208],
    [64, 64, 64],
    [0, 48, 64],
  ])('take %i directions of %i dims to the first axes, or their opposites', (count, d, dims) => {
    const directions = gaussianRows(count, d, 3);
    orthonormalise(core, directions, d, new RandomStream(1, 'test'));
    const reflections = reflectOnto(core, directions, d, dims);
    for (let i = 0; i < count; i += 9) {
      const row = new Float32Array(dims);
      row.set(directions.subarray(i * d, (i + 1) * d));
      const turned = apply(reflections, row);
      // what rounding to 8 bits moves
      expect(Math.abs(turned[i] as number)).toBeGreaterThan(0.999);
    }
  });

  it('of directions that lie on axes, and of 0, are finite', () => {
    const directions = new Float32Array(64 * 80);
    for (let i = 0; i < 60; i++) directions[i * 80 + ((i * 7) % 80)] = i % 2 ? 1 : -1;
    const turned = apply(reflectOnto(core, directions, 80, 80), gaussianRows(1, 80, 4));
    expect(norm(turned)).toBeCloseTo(norm(gaussianRows(1, 80, 4)), 3);
  });
});

describe('a model of 1,050 dimensions', () => {
  const d = 1050;
  const n = 300;
  const rows = skewedRows(n, d, { seed: 1 });
  const set = asSet(rows, d);
  const model = trainSaq(core, set, { metric: 'l2', bits: 4 });
  const bytes = writeSaqModel(model).slice();
  const read = (from: Uint8Array): SaqModel => readSaqModel(new ByteReader(from));

  it('has reflections, and no segment lies across their border', () => {
    const { reflections, plan, projection } = model;
    expect(projection.length).toBe(0);
    expect(reflections?.dims).toBe(1056);
    expect(plan.reduce((dims, segment) => dims + segment.dims, 0)).toBe(1056);
    const count = reflections?.count as number;
    expect(count).toBe(320);
    expect(plan.filter(({ start, dims, bits }) => bits > 0 && start < count && count < start + dims)).toEqual(
      [],
    );
    expect(saqLayout(plan).bytesPerVector * 8).toBeLessThanOrEqual(4 * 1088 + 64);
  });

  it('decodes what it encodes', () => {
    const list = codeList(
      core,
      model,
      rows.map((value, i) => value - (model.mean[i % d] as number)),
    );
    using decoder = new SaqDecoder(core, model);
    const decoded = decoder.decode(list.blocks, n, { origin: model.mean });
    let lost = 0;
    let all = 0;
    for (let i = 0; i < decoded.length; i++) {
      lost += ((decoded[i] as number) - (rows[i] as number)) ** 2;
      all += ((rows[i] as number) - (model.mean[i % d] as number)) ** 2;
    }
    list.blocks.dispose();
    expect(lost / all).toBeGreaterThan(0.001);
    expect(lost / all).toBeLessThan(0.0112);
  });

  it('comes back equal, is the same bytes on every engine, and encodes the same', () => {
    const again = read(bytes);
    expect(Buffer.compare(writeSaqModel(again), bytes)).toBe(0);
    expect(again.plan).toEqual(model.plan);
    using encoder = new SaqEncoder(core, again);
    using blocks = core.allocate(encoder.layout.blockBytes * Math.ceil(n / 32));
    encoder.encode(rows, blocks, 0, model.mean);
    expect([crc32(bytes), crc32(blocks.u8())]).toEqual([2570566532, 1888239213]);
  });

  it('is refused with hostile reflections', () => {
    const { reflections } = model as Required<SaqModel>;
    const write = (changed: Partial<Reflections>): Uint8Array =>
      writeSaqModel({ ...model, reflections: { ...reflections, ...changed } });
    const diagonal = (value: number): Float32Array =>
      reflections.diagonal.map((own, i) => (i === 7 ? value : own));
    const vectors = (at: number, value: number): Int8Array =>
      reflections.vectors.map((own, i) => (i === at ? value : own));
    for (const changed of [
      { count: 63 },
      { count: 384 },
      { count: 2 ** 31 },
      ...[0, 1, 1e6, Number.NaN, Number.POSITIVE_INFINITY].map((value) => ({ diagonal: diagonal(value) })),
      { vectors: vectors(0, 1) },
      { vectors: vectors(1056 + 1, -3) },
      { vectors: vectors(5000, -128) },
    ]) {
      expect(() => read(write(changed))).toThrow(FormatError);
    }
    expect(() => read(bytes.subarray(0, bytes.length - 1))).toThrow(FormatError);
    expect(() => read(new ByteWriter().bytes(bytes).u32(0).finish())).toThrow(FormatError);
  });
});
