/** Quantizers as values: the same index as by name, byte for byte, and a refusal of what an app does not carry. */
import { createCore, UnsupportedError } from '@sagitta/core-wasm';
import {
  float16,
  float32,
  leanvec,
  lvq,
  METHODS,
  type QuantizerChoice,
  rabitq,
  saq,
  scalar,
  sign,
} from '@sagitta/quantizers';
import { QUANTIZER_ALIASES } from '@sagitta/quantizers/internal';
import { clusteredRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import {
  buildFlat,
  buildIndex,
  buildIvf,
  buildVectorIndex,
  type IndexOptions,
  type IvfIndex,
  loadIndex,
  loadVectorIndex,
  readIndex,
  saveIndex,
  trainIndex,
  type VectorIndexOptions,
} from '../src/index.ts';

const D = 24;
const rows = clusteredRows(400, D, { seed: 5, clusters: 8, spread: 0.5 });
const COMMON = { metric: 'l2', seed: 3 } as const;

function expectSame(a: IvfIndex, b: IvfIndex): void {
  expect(Buffer.compare(saveIndex(a), saveIndex(b))).toBe(0);
}

/** A quantizer as a value, and the same by name. */
const SAME: readonly [QuantizerChoice, Omit<IndexOptions, 'metric'>][] = [
  [saq(), {}],
  [saq({ bits: 2.5, blockSize: 32 }), { bits: 2.5, blockSize: 32 }],
  [saq({ singleSegment: true }), { quantizer: 'saq', quantizerOptions: { singleSegment: true } }],
  [float32(), { quantizer: 'none' }],
  [float16(), { quantizer: 'fp16', bits: 16 }],
  [sign(), { quantizer: 'binary' }],
  [scalar({ bits: 4 }), { quantizer: 'int4' }],
  [lvq({ bits: 4, secondBits: 8 }), { quantizer: 'lvq', bits: 4, quantizerOptions: { secondBits: 8 } }],
  [leanvec({ primary: lvq() }), { quantizer: 'leanvec' }],
  [
    leanvec({ primary: rabitq({ bits: 4, mode: 'optimal' }), dims: 8 }),
    { quantizer: 'leanvec', bits: 4, quantizerOptions: { primary: 'rabitq', mode: 'optimal', dims: 8 } },
  ],
];

describe('a method as a value', () => {
  it.each(SAME)('%o builds what %o builds by name, in any of the functions', (quantizer, named) => {
    using core = createCore();
    using byName = buildFlat(core, rows, D, { ...COMMON, ...named });
    using value = buildIndex(core, rows, D, { ...COMMON, quantizer });
    using flat = buildFlat(core, rows, D, { ...COMMON, quantizer });
    expectSame(value, byName);
    expectSame(flat, byName);
    expect(value.quantizer).toBe(quantizer.method.name);
    const lists = { ...COMMON, nlist: 5, iterations: 3 };
    using ivfByName = buildIvf(core, rows, D, { ...lists, ...named });
    using ivf = buildIndex(core, rows, D, { ...lists, quantizer });
    using trained = trainIndex(core, { data: rows, d: D }, { ...lists, quantizer });
    trained.add(rows);
    expectSame(ivf, ivfByName);
    expectSame(trained, ivfByName);
  });

  it('is a secondary as well', () => {
    using core = createCore();
    using byName = buildFlat(core, rows, D, {
      ...COMMON,
      quantizer: 'sign',
      secondary: { quantizer: 'scalar', bits: 4 },
    });
    using value = buildIndex(core, rows, D, {
      ...COMMON,
      quantizer: sign(),
      secondary: scalar({ bits: 4 }),
    });
    expectSame(value, byName);
    expect([value.quantizer, value.secondary?.quantizer]).toEqual(['sign', 'scalar']);
  });

  it('has its options within, not beside', () => {
    using core = createCore();
    for (const beside of [
      { bits: 4 },
      { quantizerOptions: {} },
      { blockSize: 16 },
      { singleSegment: true },
    ]) {
      const [name] = Object.keys(beside);
      const options = { metric: 'l2', quantizer: saq(), ...beside } as never;
      for (const build of [buildIndex, buildFlat, buildIvf]) {
        expect(() => build(core, rows, D, options)).toThrow(
          `"options" expected "${name}" among the options of the method`,
        );
      }
    }
    // @ts-expect-error an option that lies within the method
    expect(() => buildFlat(core, rows, D, { metric: 'l2', quantizer: lvq(), bits: 4 })).toThrow(RangeError);
    expect(() => buildFlat(core, rows, D, { metric: 'l2', quantizer: saq(), nlist: 4 } as never)).toThrow(
      /got "nlist"/,
    );
  });

  it('refuses options that it does not have, with the one that was meant, and others out of range', () => {
    // @ts-expect-error no option of lvq
    expect(() => lvq({ secondbits: 4 })).toThrow(/got "secondbits": did you mean "secondBits"\?$/);
    expect(() => lvq({ bits: 17 })).toThrow('"bits" expected an integer from 1 to 16, got 17');
    expect(() => saq({ bits: 2.1 })).toThrow('"bits" expected a multiple of 0.25 from 0.25 to 12, got 2.1');
    expect(() => leanvec({} as never)).toThrow(/^"primary" expected a method with its options/);
    const wrong = { method: rabitq, options: { mod: 'fast' } };
    using core = createCore();
    expect(() => buildIndex(core, rows, D, { metric: 'l2', quantizer: wrong })).toThrow(
      /^"quantizer.options" expected .*did you mean "mode"\?$/,
    );
    for (const quantizer of ['saq', saq, {}, null, 7]) {
      expect(() => buildIndex(core, rows, D, { metric: 'l2', quantizer } as never)).toThrow(
        /^"quantizer" expected a method with its options/,
      );
    }
    expect(() =>
      buildIndex(core, rows, D, { metric: 'l2', quantizer: leanvec({ primary: saq() as never }) }),
    ).toThrow(/^"primary" expected a method but saq, float32 and leanvec, got saq$/);
  });

  it('is what a vector index takes too, which saves it by name', () => {
    using core = createCore();
    const make = (quantizer: VectorIndexOptions['quantizer'], more: Partial<VectorIndexOptions> = {}) =>
      buildVectorIndex(core, { vectors: rows }, { d: D, metric: 'l2', quantizer, ...more });
    for (const [value, name, more] of [
      [lvq({ bits: 4, secondBits: 8 }), 'lvq', { bits: 4, quantizerOptions: { secondBits: 8 } }],
      [saq({ bits: 2, blockSize: 32 }), 'saq', { bits: 2, blockSize: 32 }],
      [
        leanvec({ primary: rabitq({ bits: 4 }), dims: 8 }),
        'leanvec',
        { bits: 4, quantizerOptions: { primary: 'rabitq', dims: 8 } },
      ],
    ] as const) {
      using one = make(value);
      using other = make(name, more);
      expect(one.quantizer).toBe(name);
      expect(one.search(rows.subarray(0, D), 5)).toEqual(other.search(rows.subarray(0, D), 5));
      using loaded = loadVectorIndex(core, saveIndex(one));
      loaded.train();
      expect(loaded.quantizer).toBe(name);
    }
    // a secondary quantizer too, though types ask for names there
    using behind = make('saq', { secondary: scalar({ bits: 4 }) as never, keepVectors: true });
    using again = loadVectorIndex(core, saveIndex(behind));
    again.train();
    expect(again.search(rows.subarray(0, D), 5)).toEqual(behind.search(rows.subarray(0, D), 5));
    expect(() => make('saq', { secondary: saq({ blockSize: 32 }) as never })).toThrow(
      /"secondary" expected saq with bits alone/,
    );
    expect(() => make(lvq({ bits: 4 }), { bits: 4 })).toThrow(
      /"bits" expected none beside a quantizer that is a value/,
    );
    expect(() => make({ method: 1 } as never)).toThrow(/"quantizer" expected/);
  });
});

describe('readIndex', () => {
  it('reads indexes of its methods and names what it refuses', () => {
    using core = createCore();
    const saved = (quantizer: 'saq' | 'float32' | 'rabitq'): Uint8Array => {
      using index = buildFlat(core, rows, D, { metric: 'l2', quantizer, seed: 3 });
      return saveIndex(index);
    };
    for (const quantizer of ['saq', 'float32'] as const) {
      const bytes = saved(quantizer);
      using index = readIndex(core, bytes, [saq, float32]);
      using same = loadIndex(core, bytes);
      expect(index.search(rows.subarray(0, D), 5)).toEqual(same.search(rows.subarray(0, D), 5));
    }
    expect(() => readIndex(core, saved('rabitq'), [saq, float32])).toThrow(UnsupportedError);
    expect(() => readIndex(core, saved('rabitq'), [saq, float32])).toThrow(
      'the index expected saq or float32 for its quantizer, got rabitq',
    );
    for (const methods of [undefined, [], saq, [{}]]) {
      expect(() => readIndex(core, saved('saq'), methods as never)).toThrow(/^"methods" expected/);
    }
  });

  it('needs the primary of LeanVec beside it, and secondary codes', () => {
    using core = createCore();
    const quantizer = leanvec({ primary: rabitq({ bits: 4 }) });
    using index = buildIndex(core, rows, D, { ...COMMON, quantizer, secondary: lvq() });
    const bytes = saveIndex(index);
    using read = readIndex(core, bytes, [leanvec, rabitq, lvq]);
    expectSame(read, index);
    expect(() => readIndex(core, bytes, [leanvec, lvq])).toThrow(/expected rabitq among the methods/);
    expect(() => readIndex(core, bytes, [leanvec, rabitq])).toThrow(/got lvq$/);
  });
});

describe('the name of a quantizer', () => {
  it.each(Object.entries(QUANTIZER_ALIASES))('%s is taken and reported as %o', (alias, { name, bits }) => {
    using core = createCore();
    const quantizer = alias as keyof typeof QUANTIZER_ALIASES;
    using index = buildFlat(core, rows, D, { metric: 'l2', quantizer, secondary: { quantizer } });
    expect([index.quantizer, index.secondary?.quantizer]).toEqual([name, name]);
    if (bits !== undefined) {
      expect(() => buildFlat(core, rows, D, { metric: 'l2', quantizer, bits: bits - 1 })).toThrow(
        `"bits" expected ${bits} with ${alias}`,
      );
    }
  });

  it('is that of its method', () => {
    for (const method of METHODS) expect((method as { readonly name: string }).name).toBe(method.name);
    expect(() => buildFlat(createCore(), rows, D, { metric: 'l2', quantizer: 'pqx' } as never)).toThrow(
      /^"quantizer" expected one of float32, saq, .*, got pqx$/,
    );
  });
});
