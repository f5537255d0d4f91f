/**
 * A ruler of precision in four dimensions: n documents on a curve such that every pair of them is the exact top 2 of some
 * query, without any optimisation. With θ_i = 2πi/n
 *
 *   document i = (cos θ, sin θ, cos 2θ, sin 2θ)/√2
 *   query (a, b) = (cos a + cos b, sin a + sin b, −½·cos(a + b), −½·sin(a + b))
 *   <query, document θ> = (1 + ½·cos(a − b) − (1 − cos(θ − a))·(1 − cos(θ − b)))/√2
 *
 * so a and b tie for the first place and everything else is lower, by a margin that shrinks like n⁻⁴: the share of pairs that
 * come out right says how precise the numbers are, documents' and scores'.
 */

export interface RulerRow {
  readonly documents: number;
  readonly numbers: RulerNumbers;
  /** Share of pairs whose two documents are the two best. */
  readonly recovered: number;
}

export const RULER_NUMBERS = ['float64', 'float32', 'int8'] as const;
/** float64; float32 documents, queries and sums; documents of int8 (value · 127) with queries of float32. */
export type RulerNumbers = (typeof RULER_NUMBERS)[number];

/** n × 4, rows of length 1. */
export function rulerDocuments(n: number): Float64Array {
  const out = new Float64Array(n * 4);
  for (let i = 0; i < n; i++) {
    const theta = (2 * Math.PI * i) / n;
    const row = [Math.cos(theta), Math.sin(theta), Math.cos(2 * theta), Math.sin(2 * theta)];
    out.set(
      row.map((value) => value / Math.SQRT2),
      i * 4,
    );
  }
  return out;
}

/** One query a pair a < b, in lexicographic order: n(n − 1)/2 × 4. */
export function rulerQueries(n: number): Float64Array {
  const out = new Float64Array(2 * n * (n - 1));
  let at = 0;
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      const [a, b] = [(2 * Math.PI * i) / n, (2 * Math.PI * j) / n];
      out.set(
        [Math.cos(a) + Math.cos(b), Math.sin(a) + Math.sin(b), -Math.cos(a + b) / 2, -Math.sin(a + b) / 2],
        at,
      );
      at += 4;
    }
  }
  return out;
}

export function measureRuler(n: number, numbers: RulerNumbers): RulerRow {
  const documents = rounded(rulerDocuments(n), numbers);
  const queries = unitRows(rulerQueries(n));
  if (numbers !== 'float64')
    for (let i = 0; i < queries.length; i++) queries[i] = Math.fround(queries[i] as number);
  const score = numbers === 'float64' ? dot64 : dot32;
  let recovered = 0;
  let q = 0;
  for (let a = 0; a < n; a++) {
    for (let b = a + 1; b < n; b++, q += 4) {
      // the two are the two best, whichever way ties with others would be broken
      const worst = Math.min(score(queries, q, documents, 4 * a), score(queries, q, documents, 4 * b));
      let isExact = true;
      for (let i = 0; i < n && isExact; i++) {
        if (i !== a && i !== b && score(queries, q, documents, 4 * i) >= worst) isExact = false;
      }
      if (isExact) recovered++;
    }
  }
  return { documents: n, numbers, recovered: (2 * recovered) / (n * (n - 1)) };
}

function rounded(values: Float64Array, numbers: RulerNumbers): Float64Array {
  if (numbers === 'float64') return values;
  if (numbers === 'float32') return values.map(Math.fround);
  return values.map((value) => Math.round(127 * value));
}

function unitRows(values: Float64Array): Float64Array {
  for (let at = 0; at < values.length; at += 4) {
    let energy = 0;
    for (let j = at; j < at + 4; j++) energy += (values[j] as number) ** 2;
    for (let j = at; j < at + 4; j++) values[j] = (values[j] as number) / Math.sqrt(energy);
  }
  return values;
}

function dot64(q: Float64Array, qAt: number, x: Float64Array, at: number): number {
  return (
    (q[qAt] as number) * (x[at] as number) +
    (q[qAt + 1] as number) * (x[at + 1] as number) +
    (q[qAt + 2] as number) * (x[at + 2] as number) +
    (q[qAt + 3] as number) * (x[at + 3] as number)
  );
}

/** Every product and sum rounded to float32. */
function dot32(q: Float64Array, qAt: number, x: Float64Array, at: number): number {
  let sum = Math.fround((q[qAt] as number) * (x[at] as number));
  for (let j = 1; j < 4; j++)
    sum = Math.fround(sum + Math.fround((q[qAt + j] as number) * (x[at + j] as number)));
  return sum;
}
