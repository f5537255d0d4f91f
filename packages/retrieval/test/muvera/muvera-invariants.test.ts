/** What must hold of every FDE of the paper's kind, whatever the tokens. */
import { type Core, createCore } from '@sagitta/core-wasm';
import { isotropicRows } from '@sagitta/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MuveraFde, type MuveraOptions } from '../../src/muvera/index.ts';
import { chamfer, clusteredSets, dot, isNear, joined, oneSet, unitTokens } from './fde-fixtures.ts';

const core: Core = createCore();

function documentFde(encoder: MuveraFde, tokens: Float32Array): Float32Array {
  using session = encoder.createSession(core);
  const out = new Float32Array(encoder.length);
  session.encodeDocuments(oneSet(tokens, encoder.d), out);
  return out;
}

function queryFde(encoder: MuveraFde, tokens: Float32Array): Float32Array {
  using session = encoder.createSession(core);
  return session.encodeQuery(tokens);
}

/** Small settings of every kind. */
const settings: fc.Arbitrary<MuveraOptions> = fc
  .record({
    d: fc.integer({ min: 1, max: 19 }),
    numSimhashProjections: fc.integer({ min: 0, max: 5 }),
    numRepetitions: fc.integer({ min: 1, max: 4 }),
    inner: fc.constantFrom('none', 'count-sketch', 'dense'),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
    final: fc.option(fc.integer({ min: 1, max: 40 })),
    fillEmpty: fc.boolean(),
    order: fc.constantFrom('binary', 'gray'),
    seed: fc.integer({ min: 0, max: 2 ** 40 }),
  })
  .map(({ inner, part, final, ...rest }) => ({
    ...rest,
    ...(inner === 'none'
      ? {}
      : { projection: inner, projectionDimension: Math.max(1, Math.round(part * rest.d)) }),
    ...(final === null ? {} : { finalProjectionDimension: final }),
  })) as fc.Arbitrary<MuveraOptions>;

/** Multiples of 2⁻¹²: scaling by a power of two is exact, since nothing is subnormal. */
const token = fc.integer({ min: -4096, max: 4096 }).map((value) => value / 4096);
const withTokens = settings.chain((options) =>
  fc.record({
    options: fc.constant(options),
    tokens: fc
      .array(fc.array(token, { minLength: options.d, maxLength: options.d }), { minLength: 1, maxLength: 9 })
      .map((rows) => Float32Array.from(rows.flat())),
    cut: fc.nat(9),
    factor: fc.constantFrom(0.5, 2, 8),
    times: fc.integer({ min: 2, max: 3 }),
  }),
);

function sizeOf(tokens: Float32Array): number {
  return 1 + tokens.reduce((sum, value) => sum + Math.abs(value), 0);
}

describe('for any setting and any tokens', () => {
  it('the length is R·2^k·p, or F', () => {
    fc.assert(
      fc.property(settings, (options) => {
        const { numRepetitions, numSimhashProjections, projectionDimension, d } = options;
        const inner = numRepetitions * 2 ** numSimhashProjections * (projectionDimension ?? d);
        expect(new MuveraFde(options).length).toBe(options.finalProjectionDimension ?? inner);
      }),
    );
  });

  it('a query FDE is additive, and positively homogeneous', () => {
    fc.assert(
      fc.property(withTokens, ({ options, tokens, cut, factor }) => {
        const encoder = new MuveraFde(options);
        const at = Math.min(tokens.length, cut * options.d);
        const whole = queryFde(encoder, tokens);
        const left = queryFde(encoder, tokens.subarray(0, at));
        const right = queryFde(encoder, tokens.subarray(at));
        expect(
          isNear(
            whole,
            left.map((value, i) => value + right[i]),
            sizeOf(tokens),
          ),
        ).toBe(true);
        const scaled = queryFde(
          encoder,
          tokens.map((value) => factor * value),
        );
        expect(scaled).toEqual(whole.map((value) => factor * value));
      }),
    );
  });

  it('a document FDE is positively homogeneous', () => {
    fc.assert(
      fc.property(withTokens, ({ options, tokens, factor }) => {
        const encoder = new MuveraFde(options);
        const scaled = documentFde(
          encoder,
          tokens.map((value) => factor * value),
        );
        expect(scaled).toEqual(documentFde(encoder, tokens).map((value) => factor * value));
      }),
    );
  });

  it('the order of tokens changes rounding only: of queries always, of documents without fill', () => {
    fc.assert(
      fc.property(withTokens, ({ options, tokens }) => {
        const encoder = new MuveraFde({ ...options, fillEmpty: false });
        const { d } = options;
        const turned = joined(
          ...Array.from({ length: tokens.length / d }, (_, t) =>
            tokens.subarray(t * d, (t + 1) * d),
          ).reverse(),
        );
        expect(isNear(queryFde(encoder, turned), queryFde(encoder, tokens), sizeOf(tokens))).toBe(true);
        expect(isNear(documentFde(encoder, turned), documentFde(encoder, tokens), sizeOf(tokens))).toBe(true);
      }),
    );
  });

  it('repeating all tokens t times leaves a document as it is and multiplies a query by t', () => {
    fc.assert(
      fc.property(withTokens, ({ options, tokens, times }) => {
        const encoder = new MuveraFde(options);
        const repeated = joined(...Array.from({ length: times }, () => tokens));
        const size = times * sizeOf(tokens);
        expect(isNear(documentFde(encoder, repeated), documentFde(encoder, tokens), size)).toBe(true);
        const multiple = queryFde(encoder, tokens).map((value) => times * value);
        expect(isNear(queryFde(encoder, repeated), multiple, size)).toBe(true);
      }),
    );
  });

  it('with fill and the tokens as they are, the dot is at most R·Chamfer, and equal for one token', () => {
    fc.assert(
      fc.property(withTokens, withTokens, ({ options, tokens }, other) => {
        const { d, numSimhashProjections, numRepetitions, seed } = options;
        const encoder = new MuveraFde({
          d,
          numSimhashProjections,
          numRepetitions,
          ...(seed === undefined ? {} : { seed }),
        });
        const query = Float32Array.from({ length: 3 * d }, (_, i) => other.tokens[i % other.tokens.length]);
        const u = queryFde(encoder, query);
        const bound = numRepetitions * chamfer(query, tokens, d);
        const slack = 1e-5 * numRepetitions * sizeOf(query) * sizeOf(tokens);
        expect(dot(u, documentFde(encoder, tokens))).toBeLessThanOrEqual(bound + slack);
        const single = tokens.subarray(0, d);
        const exact = numRepetitions * chamfer(query, single, d);
        expect(Math.abs(dot(u, documentFde(encoder, single)) - exact)).toBeLessThanOrEqual(slack);
      }),
    );
  });

  it('with k = 0 the dot is R·<sum of the query, mean of the document>', () => {
    fc.assert(
      fc.property(withTokens, ({ options, tokens }) => {
        const { d, numRepetitions } = options;
        const encoder = new MuveraFde({ d, numRepetitions, numSimhashProjections: 0 });
        const m = tokens.length / d;
        const sum = new Float32Array(d);
        tokens.forEach((value, i) => {
          sum[i % d] += value;
        });
        const expected = (numRepetitions * dot(sum, sum)) / m;
        const actual = dot(queryFde(encoder, tokens), documentFde(encoder, tokens));
        expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-5 * numRepetitions * sizeOf(tokens) ** 2);
      }),
    );
  });

  it('a query has at most |Q|·R blocks that are not zero', () => {
    fc.assert(
      fc.property(withTokens, ({ options, tokens }) => {
        const { finalProjectionDimension: _, ...rest } = options;
        const encoder = new MuveraFde(rest);
        const u = queryFde(encoder, tokens);
        let touched = 0;
        for (let at = 0; at < u.length; at += encoder.blockLength) {
          if (u.subarray(at, at + encoder.blockLength).some((value) => value !== 0)) touched++;
        }
        expect(touched).toBeLessThanOrEqual((tokens.length / options.d) * options.numRepetitions);
      }),
    );
  });

  it('fewer repetitions give a prefix', () => {
    fc.assert(
      fc.property(withTokens, ({ options, tokens }) => {
        const { finalProjectionDimension: _, ...rest } = options;
        const longer = new MuveraFde({ ...rest, numRepetitions: options.numRepetitions + 2 });
        const shorter = new MuveraFde(rest);
        const { length } = shorter;
        expect(documentFde(longer, tokens).subarray(0, length)).toEqual(documentFde(shorter, tokens));
        expect(queryFde(longer, tokens).subarray(0, length)).toEqual(queryFde(shorter, tokens));
      }),
    );
  });

  it('the mean-split changes scores by a constant of the query alone', () => {
    fc.assert(
      fc.property(withTokens, ({ options, tokens }) => {
        const { d, numSimhashProjections, numRepetitions } = options;
        const base = { d, numSimhashProjections, numRepetitions };
        const center = unitTokens(1, d, 7);
        const plain = new MuveraFde({ ...base, center });
        const split = new MuveraFde({ ...base, center, meanSplit: true });
        const query = unitTokens(4, d, 8);
        let offset = 0;
        for (let t = 0; t < query.length; t += d) offset += dot(query.subarray(t, t + d), center);
        const a = dot(queryFde(plain, query), documentFde(plain, tokens));
        const b = dot(queryFde(split, query), documentFde(split, tokens));
        // document <z, μ> stands for <p, μ> - |μ|², whose sum over the query is a constant as well
        const expected = b + numRepetitions * offset;
        expect(Math.abs(a - expected)).toBeLessThanOrEqual(
          1e-4 * numRepetitions * sizeOf(query) * sizeOf(tokens),
        );
      }),
    );
  });
});

describe('cells', () => {
  it('without fill the zero blocks are those without tokens; with fill there is none', () => {
    const d = 16;
    const tokens = unitTokens(6, d, 1);
    for (const k of [1, 3, 5]) {
      const options = { d, numSimhashProjections: k, numRepetitions: 5 };
      const zeroBlocks = (fde: Float32Array): number => {
        let count = 0;
        for (let at = 0; at < fde.length; at += d) {
          if (fde.subarray(at, at + d).every((value) => value === 0)) count++;
        }
        return count;
      };
      const open = new MuveraFde({ ...options, fillEmpty: false });
      const { hyperplanes } = open.matrices;
      let occupied = 0;
      for (let r = 0; r < 5; r++) {
        const patterns = new Set<string>();
        for (let t = 0; t < 6; t++) {
          let pattern = '';
          for (let j = 0; j < k; j++) {
            let sum = 0;
            for (let i = 0; i < d; i++) sum += tokens[t * d + i] * hyperplanes[(r * d + i) * k + j];
            pattern += sum > 0 ? '1' : '0';
          }
          patterns.add(pattern);
        }
        occupied += patterns.size;
      }
      expect(zeroBlocks(documentFde(open, tokens))).toBe(5 * 2 ** k - occupied);
      expect(zeroBlocks(documentFde(new MuveraFde(options), tokens))).toBe(0);
    }
  });

  it('of distinct patterns give the exact score of a query that is part of the document', () => {
    const d = 24;
    const encoder = new MuveraFde({ d, numSimhashProjections: 10, numRepetitions: 1 });
    // of ten unit tokens in 1,024 cells two rarely share one; the first seed without a shared one is taken
    for (let seed = 1; ; seed++) {
      const tokens = unitTokens(10, d, seed);
      const u = queryFde(encoder, tokens);
      let blocks = 0;
      for (let at = 0; at < u.length; at += d) if (u.subarray(at, at + d).some((x) => x !== 0)) blocks++;
      if (blocks < 10) continue;
      expect(dot(u, documentFde(encoder, tokens))).toBeCloseTo(10, 4);
      break;
    }
  });

  it('come nearer to R·Chamfer as k grows, on clustered tokens', () => {
    const d = 32;
    const documents = clusteredSets(Array(20).fill(40), d, 3);
    const queries = clusteredSets(Array(10).fill(8), d, 3, 12, 'query');
    const gaps = [3, 4, 5, 6].map((k) => {
      const encoder = new MuveraFde({ d, numSimhashProjections: k, numRepetitions: 8 });
      using session = encoder.createSession(core);
      const fdes = new Float32Array(20 * encoder.length);
      session.encodeDocuments(documents, fdes);
      let gap = 0;
      for (let a = 0; a < 10; a++) {
        const query = queries.data.subarray(a * 8 * d, (a + 1) * 8 * d);
        const u = session.encodeQuery(query);
        for (let i = 0; i < 20; i++) {
          const tokens = documents.data.subarray(i * 40 * d, (i + 1) * 40 * d);
          gap +=
            8 * chamfer(query, tokens, d) -
            dot(u, fdes.subarray(i * encoder.length, (i + 1) * encoder.length));
        }
      }
      return gap;
    });
    for (let i = 1; i < gaps.length; i++) expect(gaps[i]).toBeLessThan(gaps[i - 1]);
  });
});

describe('randomness', () => {
  it.each(['count-sketch', 'dense'] as const)(
    '%s projections are unbiased, with the variance of the formula',
    (projection) => {
      const d = 32;
      const p = 8;
      const [x, y] = [isotropicRows(1, d, 1), isotropicRows(1, d, 2)];
      // correlated, so that the dot is not near zero
      const z = x.map((value, i) => 0.6 * value + 0.8 * y[i]);
      const exact = dot(x, z);
      const squares = dot(
        x.map((v) => v * v),
        z.map((v) => v * v),
      );
      const variance = (dot(x, x) * dot(z, z) + exact ** 2 - 2 * squares) / p;
      const R = 250;
      const draws: number[] = [];
      for (let seed = 0; seed < 40; seed++) {
        const encoder = new MuveraFde({
          d,
          numSimhashProjections: 0,
          numRepetitions: R,
          projection,
          projectionDimension: p,
          seed,
        });
        const [a, b] = [queryFde(encoder, x), queryFde(encoder, z)];
        for (let r = 0; r < R; r++)
          draws.push(dot(a.subarray(r * p, (r + 1) * p), b.subarray(r * p, (r + 1) * p)));
      }
      const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
      const spread = draws.reduce((sum, value) => sum + (value - mean) ** 2, 0) / draws.length;
      expect(Math.abs(mean - exact)).toBeLessThan(4 * Math.sqrt(variance / draws.length));
      expect(Math.abs(spread / variance - 1)).toBeLessThan(0.1);
    },
  );

  it('bits of two tokens differ with probability angle/π', () => {
    const d = 24;
    const [x, y] = [isotropicRows(1, d, 5), isotropicRows(1, d, 6)];
    for (const mix of [0.3, 1, 3]) {
      const z = x.map((value, i) => value + mix * y[i]);
      let differ = 0;
      for (let seed = 0; seed < 10; seed++) {
        const { hyperplanes } = new MuveraFde({
          d,
          numSimhashProjections: 10,
          numRepetitions: 256,
          projectionDimension: 1,
          seed,
        }).matrices;
        for (let r = 0; r < 256; r++) {
          for (let j = 0; j < 10; j++) {
            let a = 0;
            let b = 0;
            for (let i = 0; i < d; i++) {
              a += x[i] * hyperplanes[(r * d + i) * 10 + j];
              b += z[i] * hyperplanes[(r * d + i) * 10 + j];
            }
            if (a > 0 !== b > 0) differ++;
          }
        }
      }
      const angle = Math.acos(dot(x, z) / Math.sqrt(dot(z, z)));
      expect(Math.abs(differ / 25_600 - angle / Math.PI)).toBeLessThan(0.01);
    }
  });

  it('hyperplanes, projections and repetitions are independent of each other', () => {
    const { hyperplanes, sketches } = new MuveraFde({
      d: 64,
      numSimhashProjections: 8,
      numRepetitions: 2,
      projectionDimension: 8,
      projection: 'count-sketch',
      seed: 3,
    }).matrices;
    const next = new MuveraFde({
      d: 64,
      numSimhashProjections: 8,
      numRepetitions: 2,
      projectionDimension: 8,
      projection: 'count-sketch',
      seed: 4,
    }).matrices;
    // seed s, repetition 1 is not seed s + 1, repetition 0
    expect(hyperplanes.subarray(512)).not.toEqual(next.hyperplanes.subarray(0, 512));
    expect(sketches.subarray(64)).not.toEqual(next.sketches.subarray(0, 64));
    expect(hyperplanes.every((value) => Number.isInteger(value) && Math.abs(value) <= 510)).toBe(true);
  });
});
