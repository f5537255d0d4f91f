import { readFileSync } from 'node:fs';
import { createCore, tokenSet } from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import { MuveraFde } from '../../src/muvera/muvera-fde.ts';
import type { MuveraMatrices } from '../../src/muvera/muvera-matrices.ts';
import type { MuveraOptions } from '../../src/muvera/muvera-options.ts';
import { googleMatrices, Mt19937, normals, sketchPlace } from './google-random.ts';

interface Sketch {
  readonly index: number[];
  readonly sign: number[];
}

interface GoldenCase {
  readonly name: string;
  readonly scheme: 'google' | 'paper' | 'extension' | 'limit' | undefined;
  readonly d: number;
  readonly reps: number;
  readonly k: number;
  readonly seed: number;
  readonly proj: number | null;
  readonly final: number | null;
  readonly mu: number[];
  readonly query: number[][];
  readonly doc: number[][];
  readonly hyperplanes: number[][][];
  readonly inner_count_sketch: Sketch[] | undefined;
  readonly final_count_sketch: Sketch | undefined;
  readonly signs_proj_by_d: number[][][];
  readonly chamfer: number;
  readonly [figure: `${string}fde${string}` | `dot${string}`]: number[] & number;
}

const golden = JSON.parse(readFileSync(new URL('../golden/muvera-golden.json', import.meta.url), 'utf8')) as {
  readonly cases: GoldenCase[];
  readonly rng: Record<string, never> & {
    readonly mt19937_seed1: number[];
    readonly mt19937_seed42: number[];
    readonly normal_f32_seed1: number[];
    readonly uniform_index_then_sign_seed1_n4: [number, number][];
  };
};

const TOLERANCE = 2e-6;
const core = createCore();

function expectClose(actual: Float32Array, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    if (!(Math.abs(actual[i] - expected[i]) <= TOLERANCE)) {
      expect.fail(`[${i}] expected ${expected[i]}, got ${actual[i]}`);
    }
  }
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

function encode(encoder: MuveraFde, one: GoldenCase): { query: Float32Array; document: Float32Array } {
  using session = encoder.createSession(core);
  const document = new Float32Array(encoder.length);
  const tokens = Float32Array.from(one.doc.flat());
  session.encodeDocuments(tokenSet(tokens, Uint32Array.of(0, one.doc.length), one.d), document);
  return { query: session.encodeQuery(Float32Array.from(one.query.flat())), document };
}

function places({ index, sign }: Sketch): number[] {
  return index.map((place, i) => (sign[i] < 0 ? (place | 0x80000000) >>> 0 : place));
}

/** The matrices that the case lists. */
function listed(one: GoldenCase): MuveraMatrices {
  return {
    hyperplanes: Float32Array.from(one.hyperplanes.flat(2)),
    dense: new Float32Array(0),
    sketches: Uint32Array.from((one.inner_count_sketch ?? []).flatMap(places)),
    finalSketch: Uint32Array.from(one.final_count_sketch ? places(one.final_count_sketch) : []),
  };
}

function optionsOf(one: GoldenCase): MuveraOptions {
  return {
    d: one.d,
    numSimhashProjections: one.k,
    numRepetitions: one.reps,
    order: one.scheme === 'google' ? 'gray' : 'binary',
    ...(one.proj == null ? {} : { projectionDimension: one.proj, projection: 'count-sketch' }),
    ...(one.final == null ? {} : { finalProjectionDimension: one.final }),
  };
}

describe.each(golden.cases.filter(({ scheme }) => scheme === 'google'))('golden case $name', (one) => {
  for (const [what, matrices] of [
    ['listed', listed(one)],
    ['drawn', googleMatrices(one)],
  ] as const) {
    it(`is met with ${what} matrices`, () => {
      for (const fillEmpty of [false, true]) {
        const { query, document } = encode(new MuveraFde({ ...optionsOf(one), fillEmpty }, matrices), one);
        const suffix = fillEmpty ? 'fill' : 'nofill';
        expectClose(query, one.query_fde);
        expectClose(document, one[`doc_fde_${suffix}`]);
        expect(Math.abs(dot(query, document) - one[`dot_${suffix}`])).toBeLessThan(1e-5);
      }
    });
  }
});

it('meets the golden case of repeated tokens: half of them give the same FDE', () => {
  const one = golden.cases.find(({ name }) => name.startsWith('F_')) as GoldenCase;
  for (const fillEmpty of [false, true]) {
    const encoder = new MuveraFde({ ...optionsOf(one), fillEmpty }, listed(one));
    const half = { ...one, doc: one.doc.slice(0, one.doc.length / 2) };
    expectClose(encode(encoder, half).document, one[`doc_fde_${fillEmpty ? 'fill' : 'nofill'}`]);
  }
});

it('meets the golden case of the paper: binary order, dense projection', () => {
  const one = golden.cases.find(({ scheme }) => scheme === 'paper') as GoldenCase;
  const p = one.proj as number;
  const dense = one.signs_proj_by_d.flatMap((signs) =>
    Array.from({ length: one.d * p }, (_, at) => signs[at % p][Math.floor(at / p)] / Math.sqrt(p)),
  );
  const matrices = { ...listed(one), dense: Float32Array.from(dense) };
  const encoder = new MuveraFde({ ...optionsOf(one), projection: 'dense' }, matrices);
  const { query, document } = encode(encoder, one);
  expectClose(query, one.query_fde);
  expectClose(document, one.doc_fde_fill);
  expect(Math.abs(dot(query, document) - one.dot_fill)).toBeLessThan(1e-5);
});

it('meets the golden case of the centred hash and the mean-split', () => {
  const one = golden.cases.find(({ scheme }) => scheme === 'extension') as GoldenCase;
  const center = Float32Array.from(one.mu);
  const plain = encode(new MuveraFde({ ...optionsOf(one), center }, listed(one)), one);
  expectClose(plain.query, one.plain_query_fde);
  expectClose(plain.document, one.plain_doc_fde);
  const split = encode(new MuveraFde({ ...optionsOf(one), center, meanSplit: true }, listed(one)), one);
  expectClose(split.query, one.split_query_fde);
  expectClose(split.document, one.split_doc_fde);
  expect(Math.abs(dot(split.query, split.document) - one.dot_split)).toBeLessThan(1e-5);
});

it('draws as the standard library of the golden file does', () => {
  const { rng } = golden;
  for (const seed of [1, 42] as const) {
    const random = new Mt19937(seed);
    const draws = rng[`mt19937_seed${seed}`];
    expect(Array.from(draws, () => random.next())).toEqual([...draws]);
  }
  expectClose(normals(new Mt19937(1), 8), rng.normal_f32_seed1);
  const random = new Mt19937(1);
  const pairs = rng.uniform_index_then_sign_seed1_n4.map(() => sketchPlace(random, 4));
  expect(pairs.map(({ index, sign }) => [index, sign])).toEqual(rng.uniform_index_then_sign_seed1_n4);
});
