/**
 * Documents of tokens of every kind of size: each token encoding with an FDE encoding, for both metrics, searched through
 * the funnel and exactly, against MaxSim in f64; or refused by name.
 */
import { type Core, createCore } from '@sagitta/core-wasm';
import { afterAll, expect, it } from 'vitest';
import {
  buildMultiVectorIndex,
  type FdeEncoding,
  type TokenEncoding,
  type TokenMetric,
} from '../../src/index.ts';
import { D, type DataKind, KINDS, N, ordinary, type Sets } from './data-kinds.ts';

/** Tokens of a document, and of a query. */
const TOKENS = 4;
const QUERY_TOKENS = 2;
const DOCUMENTS = N / TOKENS;
const K = 8;

const ENCODINGS: readonly [TokenEncoding, FdeEncoding, TokenEncoding?][] = [
  ['float32', 'float32'],
  ['float16', 'int8'],
  ['int8', 'int8'],
  ['saq', 'saq'],
  ['rabitq', 'bit1'],
  ['bit1', 'bit1', 'float32'],
];

function lengthOf(x: Float32Array): number {
  let energy = 0;
  for (const value of x) energy += value * value;
  return Math.sqrt(energy);
}

/** MaxSim, and Σ |q|·max |p|, the unit of errors. */
function truth(
  metric: TokenMetric,
  query: Float32Array,
  document: Float32Array,
): { score: number; unit: number } {
  let score = 0;
  let unit = 0;
  for (let a = 0; a < query.length; a += D) {
    const q = query.subarray(a, a + D);
    const lengthQ = lengthOf(q);
    let best = Number.NEGATIVE_INFINITY;
    let longest = 0;
    for (let b = 0; b < document.length; b += D) {
      const p = document.subarray(b, b + D);
      const lengthP = lengthOf(p);
      let dot = 0;
      for (let j = 0; j < D; j++) dot += (q[j] as number) * (p[j] as number);
      if (metric === 'cosine') dot = lengthQ > 0 && lengthP > 0 ? dot / lengthQ / lengthP : 0;
      best = Math.max(best, dot);
      longest = Math.max(longest, metric === 'cosine' ? 1 : lengthQ * lengthP);
    }
    score += best;
    unit += longest;
  }
  return { score, unit };
}

interface Outcome {
  readonly verdict: string;
  readonly error: number;
}

function outcome(
  of: Core,
  sets: Sets,
  metric: TokenMetric,
  [tokens, fdes, finer]: (typeof ENCODINGS)[number],
): Outcome {
  const offsets = Uint32Array.from({ length: DOCUMENTS + 1 }, (_, i) => i * TOKENS);
  const ids = Array.from({ length: DOCUMENTS }, (_, i) => `d${i}`);
  try {
    using index = buildMultiVectorIndex(
      of,
      { ids, tokens: { data: sets.data, offsets, d: D } },
      { metric, tokenEncoding: tokens, fdeEncoding: fdes, ...(finer && { finerTokenEncoding: finer }) },
    );
    let worst = 0;
    for (let a = 0; a < sets.queries.length; a += QUERY_TOKENS * D) {
      const query = sets.queries.subarray(a, a + QUERY_TOKENS * D);
      const all = ids.map((_, i) =>
        truth(metric, query, sets.data.subarray(i * TOKENS * D, (i + 1) * TOKENS * D)),
      );
      const largest = Math.max(...all.map(({ unit }) => unit));
      for (const exact of [false, true]) {
        const found = index.searchIds(query, K, { exact });
        if (new Set(found.ids).size !== K) return { verdict: `bad: ${found.ids.length} results`, error: 0 };
        for (const [r, id] of found.ids.entries()) {
          const score = found.scores[r] as number;
          if (!Number.isFinite(score)) return { verdict: `bad: score ${score}`, error: 0 };
          if (r > 0 && score > (found.scores[r - 1] as number)) return { verdict: 'bad: order', error: 0 };
          const { score: right } = all[ids.indexOf(String(id))] as { score: number };
          if (largest > 0) worst = Math.max(worst, Math.abs(score - right) / largest);
        }
      }
    }
    return { verdict: 'right', error: worst };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const isNamed = error instanceof RangeError && /^"(tokens|query[^"]*)" expected .*\d/.test(text);
    return { verdict: `${isNamed ? 'refused' : 'bad'}: ${text}`, error: 0 };
  }
}

/** Zero tokens are padding, which 'cosine' refuses. */
function hasZeros({ data }: Sets): boolean {
  return Array.from({ length: N }, (_, i) => lengthOf(data.subarray(i * D, (i + 1) * D))).includes(0);
}

/** @param isIn whether kind of data `i` is given to encoding `e` */
export function multiVectorGrid(isIn: (i: number, e: number) => boolean): void {
  const core = createCore();
  afterAll(() => core.dispose());

  it.each(ENCODINGS)('tokens as %s, FDEs as %s', (...encodings) => {
    const bad: string[] = [];
    const e = ENCODINGS.findIndex(([name]) => name === encodings[0]);
    const usual = {
      ip: outcome(core, ordinary(), 'ip', encodings),
      cosine: outcome(core, ordinary(), 'cosine', encodings),
    };
    const limit = 4 * Math.max(usual.ip.error, usual.cosine.error) + 2 ** -18;
    for (const [i, kind] of KINDS.entries()) {
      if (!isIn(i, e)) continue;
      const metric = (i + e) % 2 === 0 ? 'ip' : 'cosine';
      const { verdict, error } = judged(kind, metric);
      const isRight = verdict === 'right' && error <= limit;
      const mayRefuse = metric === 'ip' || hasZeros(kind.make());
      if (!isRight && !(mayRefuse && verdict.startsWith('refused')))
        bad.push(`${kind.name}, ${metric}: ${verdict} ${error}`);
    }
    expect(usual.ip.verdict).toBe('right');
    expect(bad).toEqual([]);
    expect(core.bytesUsed()).toBe(0);

    function judged(kind: DataKind, metric: TokenMetric): Outcome {
      return outcome(core, kind.make(), metric, encodings);
    }
  });
}
