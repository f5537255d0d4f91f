/** Caches as bytes: what comes back errs as the report says, whatever the method; hostile bytes; other engines' arrays. */
import { crc32, createCore, FormatError, RandomStream } from '@sagitta/core-wasm';
import { gaussianRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import {
  cacheOfLayers,
  KV_METHODS,
  type KvLayer,
  type KvOptions,
  layersOfCache,
  packKv,
  unpackKv,
} from '../../src/kv/index.ts';
import { halfToNumber, numberToHalf } from '../../src/scalar/half-coder.ts';
import { likePair, lost, madeCache } from './caches.ts';

const core = createCore();
const SHAPE = { heads: 3, tokens: 40, headDims: 64 };

const WAYS: readonly KvOptions[] = [
  {},
  ...KV_METHODS.flatMap((method) => ([2, 3, 4, 8] as const).map((bits) => ({ method, bits, firstLayer: 0 }))),
  { method: 'merge', keep: 0, t: 0.6 },
  { method: 'merge', keep: 1, firstLayer: 1 },
  { maxError: 0.02, firstLayer: 0 },
  { maxError: 0.1, firstLayer: 0, seed: 9 },
];

describe.each(WAYS)('%o', (options) => {
  const layers = madeCache(5, SHAPE);
  const { bytes, report } = packKv(core, layers, SHAPE, options);

  it('comes back in its shape, with the errors that the report tells', () => {
    const unpacked = unpackKv(core, bytes);
    expect(unpacked.shape).toEqual(SHAPE);
    expect(unpacked.layers.length).toBe(5);
    for (const [i, layer] of unpacked.layers.entries()) {
      const { keyError, valueError } = report.layers[i] as (typeof report.layers)[number];
      const exact = layers[i] as KvLayer;
      expect(lost(exact.key, layer.key)).toBeCloseTo(keyError, 5);
      expect(lost(exact.value, layer.value)).toBeCloseTo(valueError, 5);
    }
    expect(report.bytes).toBe(bytes.length);
    expect(report.ratio).toBeCloseTo((2 * 2 * 5 * 3 * 40 * 64) / bytes.length, 10);
    expect(core.bytesUsed()).toBe(0);
  });

  it('is a function of layers, options and seed', () => {
    expect(Buffer.compare(packKv(core, layers, SHAPE, options).bytes, bytes)).toBe(0);
  });
});

it('gives the same bytes on every engine', () => {
  const random = new RandomStream(3, 'kv-bytes');
  const rows = (): Float32Array => Float32Array.from({ length: 3 * 40 * 64 }, () => random.nextUnit() - 0.5);
  const layers = Array.from({ length: 4 }, () => ({ key: rows(), value: rows() }));
  const sums = KV_METHODS.map((method) =>
    crc32(packKv(core, layers, SHAPE, { method, firstLayer: 0, t: 0.6 }).bytes),
  );
  expect(sums).toMatchInlineSnapshot(`
    [
      4222331923,
      4136480962,
      2608961532,
    ]
  `);
});

describe('what was measured', () => {
  const shape = { heads: 1, tokens: 1024, headDims: 128 };
  /** Mean error of a pair of this likeness. */
  const errorOf = (cosine: number, options: KvOptions): number => {
    const [a, b] = likePair(1024, 128, cosine, 1);
    const [c, d] = likePair(1024, 128, cosine, 2);
    const layers = [
      { key: a, value: c },
      { key: b, value: d },
    ];
    const { report } = packKv(core, layers, shape, { firstLayer: 0, ...options });
    return report.layers.reduce((sum, { keyError, valueError }) => sum + keyError + valueError, 0) / 4;
  };

  it.each([
    [0.75, 0.128, 0.044],
    [0.85, 0.081, 0.03],
    [0.9, 0.058, 0.023],
    [0.95, 0.035, 0.014],
    [0.98, 0.021, 0.0105],
  ])('at cosine %d: merge %d, predict %d at most', (cosine, merge, predict) => {
    const merged = errorOf(cosine, { method: 'merge' });
    expect(merged).toBeLessThan(merge);
    expect(merged).toBeGreaterThan(0.9 * merge);
    const predicted = errorOf(cosine, {});
    expect(predicted).toBeLessThan(predict);
    const plain2 = errorOf(cosine, { method: 'plain', bits: 2 });
    const plain3 = errorOf(cosine, { method: 'plain', bits: 3 });
    // merging beats 2 bits from .8 on, prediction 3 bits everywhere, at about the bytes of 3 bits
    if (cosine >= 0.85) expect(merged).toBeLessThan(plain2);
    expect(predicted).toBeLessThan(plain3);
    expect(plain2).toBeLessThan(0.12);
    expect(plain3).toBeLessThan(0.038);
  });

  it('holds maxError on average, by the cheapest way', () => {
    const ways = [0.75, 0.9, 0.98].map((cosine) =>
      [0.01, 0.02, 0.06].map((maxError) => {
        const [a, b] = likePair(512, 64, cosine, 1);
        const layers = [
          { key: a, value: b },
          { key: b, value: a },
        ];
        const own = { heads: 1, tokens: 512, headDims: 64 };
        const { report } = packKv(core, layers, own, { firstLayer: 0, maxError });
        for (const part of ['keyError', 'valueError'] as const) {
          const mean = report.layers.reduce((sum, layer) => sum + layer[part], 0) / 2;
          // the expected error is that of normal numbers
          expect(mean).toBeLessThan(1.1 * maxError);
        }
        return report.ratio;
      }),
    );
    for (const ratios of ways) expect([...ratios].sort((a, b) => a - b)).toEqual(ratios);
    expect((ways[2] as number[])[1]).toBeGreaterThan((ways[0] as number[])[1] as number);
  });

  it('spreads channels of outliers, so that they cost little', () => {
    const rows = gaussianRows(400, 64, 3).map((value, at) => (at % 64 === 7 ? 20 * value : value));
    const { report } = packKv(
      core,
      [{ key: rows, value: rows }],
      { heads: 1, tokens: 400, headDims: 64 },
      { method: 'plain', bits: 4 },
    );
    expect(report.layers[0]?.keyError).toBeLessThan(0.02);
  });

  it('counts as the paper does, and all bytes beside', () => {
    const { report } = packKv(
      core,
      madeCache(4, { ...SHAPE, headDims: 128 }),
      { ...SHAPE, headDims: 128 },
      { method: 'merge' },
    );
    expect(report.paperRatio).toBeCloseTo(5.0196, 4);
    expect(report.ratio).toBeLessThan(report.paperRatio);
    expect(report.ratio).toBeGreaterThan(4.4);
  });
});

describe('attention', () => {
  it('errs little where keys and values do, with heads that share keys, and not at all where nothing is lost', () => {
    const layers = madeCache(2, SHAPE);
    const queries = [gaussianRows(12, 64, 7), undefined];
    const of = (options: KvOptions): number =>
      packKv(core, layers, SHAPE, { firstLayer: 0, ...options, queries }).report.layers[0]
        ?.attentionError as number;
    const [fine, coarse] = [of({ method: 'plain', bits: 8 }), of({ method: 'plain', bits: 2 })];
    expect(fine).toBeLessThan(0.001);
    expect(coarse).toBeGreaterThan(10 * fine);
    expect(coarse).toBeLessThan(1);
    const { report } = packKv(core, layers, SHAPE, { queries });
    expect(report.layers[1]?.attentionError).toBeUndefined();
  });

  it('is softmax(QKᵀ/√d)V, written out', () => {
    const shape = { heads: 1, tokens: 2, headDims: 16 };
    const [key, value, query] = [gaussianRows(2, 16, 1), gaussianRows(2, 16, 2), gaussianRows(1, 16, 3)];
    const dims = Array.from({ length: 16 }, (_, j) => j);
    const { bytes, report } = packKv(core, [{ key, value }], shape, {
      method: 'plain',
      bits: 2,
      queries: [query],
    });
    const coded = unpackKv(core, bytes).layers[0] as KvLayer;
    const output = (k: ArrayLike<number>, v: ArrayLike<number>): number[] => {
      const scores = [0, 1].map((i) =>
        Math.exp(dims.reduce((s, j) => s + (query[j] as number) * (k[16 * i + j] as number), 0) / 4),
      );
      const total = (scores[0] as number) + (scores[1] as number);
      return dims.map(
        (j) =>
          ((scores[0] as number) * (v[j] as number) + (scores[1] as number) * (v[16 + j] as number)) / total,
      );
    };
    expect(report.layers[0]?.attentionError).toBeCloseTo(
      lost(output(key, value), output(coded.key, coded.value)),
      5,
    );
  });
});

describe('halves', () => {
  it('come back as halves, and what all but one are as numbers', () => {
    const layers = madeCache(2, SHAPE);
    const half = (rows: Float32Array | Uint16Array): Uint16Array =>
      Uint16Array.from(rows, (x) => numberToHalf(x));
    const halves = layers.map(({ key, value }) => ({ key: half(key), value: half(value) }));
    const unpacked = unpackKv(core, packKv(core, halves, SHAPE).bytes);
    for (const [i, { key, value }] of unpacked.layers.entries()) {
      expect(key).toBeInstanceOf(Uint16Array);
      expect(lost(layers[i]?.key as Float32Array, Array.from(key, halfToNumber))).toBeLessThan(0.04);
      expect(value.length).toBe(3 * 40 * 64);
    }
    const mixed = [{ ...(halves[0] as KvLayer), key: layers[0]?.key as Float32Array }];
    expect(unpackKv(core, packKv(core, mixed, SHAPE).bytes).layers[0]?.value).toBeInstanceOf(Float32Array);
    const infinite = halves.map(({ key, value }) => ({ key: key.slice().fill(0x7c00, 5, 6), value }));
    expect(() => packKv(core, infinite, SHAPE)).toThrow(/"layers\[0\].key"/);
  });
});

it.each([1, 4, 15, 16, 80, 96])(
  'takes heads of %i dims, one layer, one token, and vectors of zeros',
  (headDims) => {
    const shape = { heads: 2, tokens: 1, headDims };
    const layers = madeCache(3, shape);
    layers[1] = { key: new Float32Array(2 * headDims), value: new Float32Array(2 * headDims) };
    for (const method of KV_METHODS) {
      const { layers: back } = unpackKv(
        core,
        packKv(core, layers, shape, { method, bits: 8, firstLayer: 0 }).bytes,
      );
      expect(back[1]?.value.every((x) => Math.abs(x) < 0.02 || method === 'merge')).toBe(true);
      expect(lost(layers[2]?.key as Float32Array, back[2]?.key as Float32Array)).toBeLessThan(0.01);
    }
    expect(unpackKv(core, packKv(core, layers.slice(0, 1), shape).bytes).layers.length).toBe(1);
  },
);

describe('refuses', () => {
  const layers = madeCache(2, { heads: 1, tokens: 2, headDims: 4 });
  const shape = { heads: 1, tokens: 2, headDims: 4 };

  it('options and layers that do not fit, by name', () => {
    for (const [options, message] of [
      [{ bits: 5 }, /"bits" expected one of 2, 3, 4, 8/],
      [{ method: 'best' }, /"method"/],
      [{ maxError: 0 }, /"maxError"/],
      [{ maxError: 0.1, bits: 4 }, /"bits" expected none beside maxError/],
      [{ firstLayer: 3 }, /"firstLayer"/],
      [{ keeep: 1 }, /keep/],
      [{ queries: [new Float32Array(3)] }, /"queries\[0\]" expected a multiple of heads\*headDims = 4/],
    ] as const) {
      expect(() => packKv(core, layers, shape, options as KvOptions), String(message)).toThrow(message);
    }
    expect(() => packKv(core, [], shape)).toThrow(/"layers" expected/);
    expect(() =>
      packKv(core, [{ key: layers[0]?.key as Float32Array, value: new Float32Array(9) }], shape),
    ).toThrow(/"layers\[0\].value" expected length heads\*tokens\*headDims = 8/);
    expect(() =>
      packKv(core, [{ key: new Float32Array(8).fill(1e6), value: new Float32Array(8) }], shape),
    ).toThrow(/half precision/);
    expect(core.bytesUsed()).toBe(0);
  });

  it.each(KV_METHODS)('every truncation and flipped byte of %s', (method) => {
    const { bytes } = packKv(core, layers, shape, { method, firstLayer: 0, keep: 0.5 });
    for (let length = 0; length < bytes.length; length++) {
      expect(() => unpackKv(core, bytes.subarray(0, length))).toThrow(FormatError);
    }
    for (let at = 0; at < bytes.length; at++) {
      const broken = bytes.slice();
      broken[at] = (broken[at] as number) ^ 0x41;
      expect(() => unpackKv(core, broken), `byte ${at}`).toThrow(FormatError);
    }
    expect(core.bytesUsed()).toBe(0);
  });
});

describe('caches of Transformers.js', () => {
  const layers = madeCache(2, SHAPE);
  const tensor = (
    type: string,
    data: unknown,
    dims: number[],
  ): { type: string; data: unknown; dims: number[] } => ({
    type,
    data,
    dims,
  });

  it('go there and back', () => {
    const cache = cacheOfLayers(layers, SHAPE, tensor);
    expect(Object.keys(cache)).toEqual([
      'past_key_values.0.key',
      'past_key_values.0.value',
      'past_key_values.1.key',
      'past_key_values.1.value',
    ]);
    expect(cache['past_key_values.1.value']).toEqual({
      type: 'float32',
      data: layers[1]?.value,
      dims: [1, 3, 40, 64],
    });
    expect(layersOfCache({ ...cache, 'present.0.conv': tensor('int64', [], [1]) })).toEqual({
      layers,
      shape: SHAPE,
    });
    const halves = cacheOfLayers(
      [{ key: new Uint16Array(8), value: new Uint16Array(8) }],
      { heads: 1, tokens: 2, headDims: 4 },
      tensor,
    );
    expect(halves['past_key_values.0.key']?.type).toBe('float16');
    expect(layersOfCache(halves).layers[0]?.key).toBeInstanceOf(Uint16Array);
  });

  it('are refused by the name of a tensor', () => {
    const cache = cacheOfLayers(layers, SHAPE, tensor);
    const name = 'past_key_values.1.value';
    const { [name]: _, ...less } = cache;
    expect(() => layersOfCache(less)).toThrow(/expected a tensor past_key_values.1.value, got none/);
    expect(() => layersOfCache({})).toThrow(/got none/);
    for (const [change, message] of [
      [{ dims: [2, 3, 40, 64] }, /expected dims \[1, 3, 40, 64\], got \[2, 3, 40, 64\]/],
      [{ dims: [1, 3, 40, 32] }, /expected dims/],
      [{ type: 'int8' }, /expected float32 in a Float32Array or float16, got int8/],
    ] as const) {
      expect(() =>
        layersOfCache({ ...cache, [name]: { ...(cache[name] as object), ...change } as never }),
      ).toThrow(message);
    }
  });
});
