import { gaussianRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { unpackCode } from '../src/reference/code-pack.ts';
import * as twin from '../src/reference/code-search.ts';
import { bruteForceCosine, cosine, gridOf, norm, optimalCosine } from './code-optimum.ts';
import { describeBuilds, expectSameBits, Output, put } from './kernel-parity.case.ts';

/** One group of 16, odd and even counts of groups, common segments and embeddings. */
const DIMS = [16, 32, 48, 64, 112, 128, 256, 272, 768, 1536, 2048];
const BITS = Array.from({ length: 13 }, (_, i) => i + 1);
/** Half ranges as encoders give them: in root mean squares, and about the vector's own maximum. */
const STARTS = Float32Array.of(2.7, 2.4, -0.9, -1, -1.1);
const NO_PTR = 0 as never;

interface Input {
  readonly rows: Float32Array;
  readonly n: number;
  readonly d: number;
  readonly bits: number;
  readonly stride?: number;
  readonly starts?: Float32Array;
  readonly centre?: Float32Array;
}

interface Encoded extends twin.CodeFactors {
  readonly codes: Uint8Array;
}

function byTwin({ rows, n, d, bits, stride = d, starts = STARTS, centre }: Input): Encoded {
  const codes = new Uint8Array((n * d * bits) / 8).fill(0xa5);
  const empty = (): Float32Array => new Float32Array(n).fill(-1);
  const out = { codes, factors: empty(), energies: empty(), spreads: empty(), crosses: empty() };
  twin.encodeCodeRows(rows, n, stride, d, bits, starts, centre, codes, out);
  return out;
}

/** The half-integer vector y that code r stands for. */
function levelsOf({ codes }: Encoded, r: number, d: number, bits: number): Float64Array {
  const values = new Uint16Array(d);
  unpackCode(codes.subarray((r * d * bits) / 8), d, bits, values);
  return Float64Array.from(values, (k) => k - (2 ** bits - 1) / 2);
}

function bestGridCosine(o: Float32Array, bits: number): number {
  return Math.max(...Array.from(STARTS, (range) => cosine(o, gridOf(o, range, bits))));
}

/** Shapes that an encoder meets or fears. */
const KINDS: Readonly<Record<string, (x: number, i: number) => number>> = {
  normal: (x) => x,
  'heavy-tailed': (x) => x * x * x * x * x,
  'with zeros': (x, i) => (i % 3 === 0 ? 0 : x),
  'with negative zeros': (x, i) => (i % 3 === 0 ? -0 : x),
  constant: () => 0.3,
  'of two values': (x) => Math.sign(x),
  positive: Math.abs,
  'with one outlier': (x, i) => (i % 128 === 5 ? -1000 : x),
  'of integers': (x) => Math.round(4 * x),
};

describeBuilds('encodeCodeRows', (core) => {
  const run = ({ rows, n, d, bits, stride = d, starts = STARTS, centre }: Input): Encoded =>
    core.scope((scope) => {
      const scratch = new Output(scope, 2 * d);
      const codes = new Output(scope, (n * d * bits) / 8);
      const [factors, energies, spreads, crosses] = Array.from(
        { length: 4 },
        () => new Output(scope, 4 * n),
      ) as [Output, Output, Output, Output];
      core.kernels.encodeCodeRows(
        put(scope, rows),
        n,
        stride,
        d,
        bits,
        put(scope, starts),
        starts.length,
        centre ? put(scope, centre) : NO_PTR,
        scratch.at(),
        codes.at(),
        factors.at(),
        energies.at(),
        spreads.at(),
        crosses.at(),
      );
      scratch.u8(); // looks at the guard
      return {
        codes: codes.u8(),
        factors: factors.f32(),
        energies: energies.f32(),
        spreads: spreads.f32(),
        crosses: crosses.f32(),
      };
    });

  const expectTwin = (input: Input): Encoded => {
    const actual = run(input);
    const expected = byTwin(input);
    expect(Buffer.compare(actual.codes, expected.codes)).toBe(0);
    expectSameBits(actual.factors, expected.factors);
    expectSameBits(actual.energies, expected.energies);
    expectSameBits(actual.spreads, expected.spreads);
    if (input.centre) expectSameBits(actual.crosses, expected.crosses);
    return actual;
  };

  it.each(DIMS)('gives the codes and factors of the twin, bit for bit, at %i dims, 1 to 13 bits', (d) => {
    const rows = gaussianRows(5, d, 1);
    for (const bits of BITS) expectTwin({ rows, n: 5, d, bits });
  });

  it.each([16, 112, 768])('gives <centre, y> of the twin at %i dims', (d) => {
    const centre = gaussianRows(1, d, 21);
    for (const bits of [1, 2, 5, 9]) {
      const encoded = expectTwin({ rows: gaussianRows(3, d, 22), n: 3, d, bits, centre });
      for (let r = 0; r < 3; r++) {
        let exact = 0;
        levelsOf(encoded, r, d, bits).forEach((y, i) => {
          exact += y * centre[i];
        });
        expect(Math.abs(encoded.crosses[r] - exact)).toBeLessThan(2 ** bits * d * 1e-6);
      }
    }
  });

  it.each([1, 2, 4, 8, 13])('gives the bytes of the twin at 65,536 dims and %i bits', (bits) => {
    expectTwin({ rows: gaussianRows(1, 65_536, 2), n: 1, d: 65_536, bits });
  });

  it.each(Object.keys(KINDS))('gives the bytes of the twin for vectors %s', (kind) => {
    const rows = gaussianRows(6, 128, 3).map(KINDS[kind]);
    for (const bits of BITS) expectTwin({ rows, n: 6, d: 128, bits });
  });

  it('gives the bytes of the twin for any number of vectors and starts', () => {
    const rows = gaussianRows(9, 48, 4);
    for (let n = 0; n <= 9; n++) {
      for (let count = 1; count <= 5; count++) {
        for (const bits of [1, 3, 8]) expectTwin({ rows, n, d: 48, bits, starts: STARTS.subarray(0, count) });
      }
    }
  });

  it('reads a segment inside longer rows', () => {
    const [n, d, stride] = [6, 48, 100];
    const rows = gaussianRows(n, stride, 5);
    const segment = new Float32Array(n * d);
    for (let r = 0; r < n; r++) segment.set(rows.subarray(r * stride, r * stride + d), r * d);
    for (const bits of [1, 4, 9]) {
      // the last row ends with its segment: what lies behind does not belong to the rows
      const part = { rows: rows.subarray(0, (n - 1) * stride + d), n, d, bits, stride };
      expect(expectTwin(part)).toEqual(run({ rows: segment, n, d, bits }));
    }
  });

  it.each([1, 2, 5, 8])('encodes a vector alone as it does among others, at %i bits', (bits) => {
    const [n, d] = [7, 64];
    const rows = gaussianRows(n, d, 6).map((x, i) => x * (1 + Math.floor(i / d) ** 3));
    const together = run({ rows, n, d, bits });
    for (let r = 0; r < n; r++) {
      const alone = run({ rows: rows.subarray(r * d, (r + 1) * d), n: 1, d, bits });
      expect(alone.codes).toEqual(together.codes.subarray(r * d * (bits / 8), (r + 1) * d * (bits / 8)));
      expect(alone.factors[0]).toBe(together.factors[r]);
    }
  });

  it.each(BITS)(
    'gives a zero vector the factor 0 and its neighbours what they get without it, at %i bits',
    (bits) => {
      const d = 32;
      const rows = gaussianRows(4, d, 7);
      const without = run({ rows, n: 4, d, bits });
      const cut = run({ rows: rows.map((x, i) => (Math.floor(i / d) === 2 ? 0 : x)), n: 4, d, bits });
      expect([...cut.factors]).toEqual([...without.factors].map((f, r) => (r === 2 ? 0 : f)));
      for (const r of [0, 1, 3]) expect(levelsOf(cut, r, d, bits)).toEqual(levelsOf(without, r, d, bits));
      // -0 as well, and all four lanes
      expectSameBits(run({ rows: new Float32Array(4 * d), n: 4, d, bits }).factors, new Float32Array(4));
      expectSameBits(
        run({ rows: new Float32Array(4 * d).fill(-0), n: 4, d, bits }).factors,
        new Float32Array(4),
      );
    },
  );

  it.each([2 ** -30, 2 ** 30])('commutes with a scale of %f: the same codes, factors scaled', (scale) => {
    const rows = gaussianRows(5, 128, 8);
    for (const bits of [1, 2, 4, 8]) {
      const plain = run({ rows, n: 5, d: 128, bits });
      const scaled = run({ rows: rows.map((x) => x * scale), n: 5, d: 128, bits });
      expect(scaled.codes).toEqual(plain.codes);
      expectSameBits(
        scaled.factors,
        plain.factors.map((f) => f * scale),
      );
    }
  });

  it('takes a vector whose squares vanish in f32 for a zero vector', () => {
    const rows = gaussianRows(3, 64, 9).map((x) => x * 1e-30);
    for (const bits of BITS) {
      expectSameBits(expectTwin({ rows, n: 3, d: 64, bits }).factors, new Float32Array(3));
    }
  });

  it.each([1e-23, 1e-21, 1e-19, 1e15, 1e17])(
    'stays finite and equal to the twin at magnitude %f',
    (scale) => {
      const rows = gaussianRows(3, 64, 10).map((x) => x * scale);
      for (const starts of [STARTS, Float32Array.of(-1)]) {
        for (const bits of BITS) {
          const { factors } = expectTwin({ rows, n: 3, d: 64, bits, starts });
          expect(factors.every((f) => Number.isFinite(f) && f >= 0)).toBe(true);
        }
      }
    },
  );

  it('says Infinity as the energy where squares overflow f32, NaN where a value is', () => {
    const rows = gaussianRows(3, 64, 11).map((x) => x * 1e30);
    rows[70] = Number.NaN;
    for (const bits of BITS) {
      expect([...run({ rows, n: 3, d: 64, bits }).energies]).toEqual([Infinity, Number.NaN, Infinity]);
    }
  });

  it.each(BITS)('clamps a coordinate beyond the range to the last level, at %i bits', (bits) => {
    const d = 64;
    const row = gaussianRows(1, d, 12);
    row[7] = 900;
    row[8] = -900;
    const y = levelsOf(run({ rows: row, n: 1, d, bits, starts: Float32Array.of(2) }), 0, d, bits);
    const limit = (2 ** bits - 1) / 2;
    expect([y[7], y[8]]).toEqual([limit, -limit]);
  });

  it('stores the signs at 1 bit, 0 for -0', () => {
    const rows = Float32Array.of(1, -1, 0, -0, 5, -5, 1e-9, -1e-9, 2, 3, -4, 6, -7, 8, -9, 10);
    const encoded = expectTwin({ rows, n: 1, d: 16, bits: 1 });
    expect([...levelsOf(encoded, 0, 16, 1)].map((y) => (y > 0 ? 1 : 0)).join('')).toBe('1010101011010101');
  });

  it.each(DIMS)('gives factors with factor·<o, y> = |o|² within the stated rounding at %i dims', (d) => {
    const rows = gaussianRows(4, d, 13);
    for (const bits of BITS) {
      const encoded = run({ rows, n: 4, d, bits });
      for (let r = 0; r < 4; r++) {
        const o = rows.subarray(r * d, (r + 1) * d);
        const y = levelsOf(encoded, r, d, bits);
        let ip = 0;
        for (let i = 0; i < d; i++) ip += o[i] * y[i];
        // |o|² and the two sums behind <o, y> are f32 sums of d products in four lanes or eight, γ_(d/4 + 4) each; u = 2⁻²⁴
        const relative = (3 * (d / 4 + 4) + 8) * 1.001 * 2 ** -24;
        expect(Math.abs((encoded.factors[r] * ip) / norm(o) ** 2 - 1)).toBeLessThanOrEqual(relative);
        expect(Math.abs(encoded.energies[r] / norm(o) ** 2 - 1)).toBeLessThanOrEqual(relative);
        const spread = 1 / cosine(o, y) ** 2 - 1;
        expect(Math.abs(encoded.spreads[r] / spread - 1)).toBeLessThan(3e-3);
      }
    }
  });

  it.each([2, 3, 4, 6, 8, 10, 13])('has the cosine of its best start, at %i bits', (bits) => {
    const d = 128;
    for (const map of Object.values(KINDS)) {
      const rows = gaussianRows(6, d, 14).map(map);
      const encoded = run({ rows, n: 6, d, bits });
      for (let r = 0; r < 6; r++) {
        const o = rows.subarray(r * d, (r + 1) * d);
        // rounding of |o|·t moves single codes by one; it hardly moves the cosine
        const best = bestGridCosine(o, bits);
        expect(Math.abs(cosine(o, levelsOf(encoded, r, d, bits)) - best)).toBeLessThan(
          1e-7 + 0.01 * (1 - best),
        );
      }
    }
  });
});

describe('the cosine of searched codes', () => {
  it('is measured against an optimum that equals the best of all codes where all can be tried', () => {
    for (const [d, bits] of [
      [8, 1],
      [5, 2],
      [3, 3],
      [2, 5],
    ]) {
      const rows = gaussianRows(10, d, 19);
      for (let r = 0; r < 10; r++) {
        const o = rows.subarray(r * d, (r + 1) * d);
        expect(optimalCosine(o, bits)).toBeCloseTo(bruteForceCosine(o, bits), 12);
      }
    }
  });

  // 1/cos² - 1 over that of the optimum, as measured, two-sided: mean of 100 vectors with the five starts
  it.each([
    [16, 2, 1.05],
    [16, 4, 1.03],
    [16, 8, 1.5],
    [128, 2, 1.09],
    [128, 4, 1.02],
    [128, 8, 1.13],
    [768, 2, 1.1],
    [768, 4, 1.01],
  ])('at %i dims and %i bits has %f of the squared error of the optimum', (d, bits, ratio) => {
    const n = 100;
    const rows = gaussianRows(n, d, 20);
    const encoded = byTwin({ rows, n, d, bits });
    let own = 0;
    let best = 0;
    for (let r = 0; r < n; r++) {
      const o = rows.subarray(r * d, (r + 1) * d);
      const optimum = optimalCosine(o, bits);
      const reached = cosine(o, levelsOf(encoded, r, d, bits));
      expect(reached).toBeLessThanOrEqual(optimum * (1 + 1e-12));
      own += 1 / reached ** 2 - 1;
      best += 1 / optimum ** 2 - 1;
    }
    expect(own / best / ratio).toBeCloseTo(1, 1);
  });
});
