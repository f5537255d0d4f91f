/** JSON records against hashed features: `npx vitest run --config vitest.slow.config.ts retrieval/test/json`. */

import { expect, it } from 'vitest';
import { JsonVectorizer } from '../../src/json/index.ts';
import { type Order, Orders } from './orders.ts';

const N = 3000;
const QUERIES = 300;
const D = 1024;

type Value = Parameters<JsonVectorizer['encode']>[0];

/** Path with word, with trigram, and with a bucket of the logarithm, hashed to ±1 in 1,024 places; length 1. */
function hashed(value: Value): Float32Array {
  const out = new Float32Array(D);
  const add = (name: string): void => {
    let h = 2166136261;
    for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 16777619);
    h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
    h ^= h >>> 13;
    const at = (h >>> 0) % D;
    out[at] = (out[at] as number) + (h & 0x40000000 ? 1 : -1);
  };
  const walk = (at: Value | undefined, path: string): void => {
    if (typeof at === 'string') {
      for (const word of at.split(' ')) {
        add(`${path}=${word}`);
        const letters = `_${word}_`;
        for (let i = 0; i + 3 <= letters.length; i++) add(`${path}~${letters.slice(i, i + 3)}`);
      }
    } else if (typeof at === 'number') add(`${path}#${Math.round(Math.log(1 + at) / 0.5)}`);
    else if (Array.isArray(at)) for (const item of at) walk(item, `${path}[]`);
    else if (typeof at === 'object' && at !== null) {
      for (const [key, child] of Object.entries(at)) walk(child as Value, `${path}.${key}`);
    } else add(`${path}=${at}`);
  };
  walk(value, '');
  const length = Math.hypot(...out);
  return out.map((one) => one / length);
}

it('finds what is gone and changed at least as often as hashes of paths', () => {
  const orders = new Orders(1);
  const all: Order[] = Array.from({ length: N }, () => orders.order());
  const value = (of: object): Value => of as Value;
  const vectorizer = new JsonVectorizer({ d: D });
  vectorizer.encodeAll(all.slice(0, 300).map(value));
  const start = performance.now();
  const soft = vectorizer.encodeAll(all.map(value));
  const rate = N / ((performance.now() - start) / 1000);
  const hash = new Float32Array(N * D);
  all.forEach((one, i) => {
    hash.set(hashed(value(one)), i * D);
  });
  const queries = { light: [] as object[], hard: [] as object[] };
  for (let i = 0; i < QUERIES; i++) {
    queries.light.push(orders.light(all[i] as Order));
    queries.hard.push(orders.hard(all[i] as Order));
  }
  const rank = (base: Float32Array, query: Float32Array, own: number): number => {
    const score = (row: number): number => {
      let sum = 0;
      for (let j = 0; j < D; j++) sum += (query[j] as number) * (base[row * D + j] as number);
      return sum;
    };
    const mine = score(own);
    let before = 0;
    for (let row = 0; row < N; row++) if (row !== own && score(row) >= mine) before++;
    return before;
  };
  const results = new Map<string, number>();
  for (const kind of ['light', 'hard'] as const) {
    for (const [name, base, encode] of [
      ['soft', soft, (one: object) => vectorizer.encode(value(one))],
      ['hash', hash, (one: object) => hashed(value(one))],
    ] as const) {
      const ranks = queries[kind].map((one, i) => rank(base, encode(one), i));
      const first = ranks.filter((before) => before === 0).length / QUERIES;
      const ten = ranks.filter((before) => before < 10).length / QUERIES;
      results.set(`${kind} ${name}`, first);
      process.stdout.write(`${kind}, ${name}: first ${first.toFixed(3)}, first ten ${ten.toFixed(3)}\n`);
    }
  }
  process.stdout.write(`${Math.round(rate)} records/s of ${D} dimensions\n`);
  expect(results.get('light soft')).toBeGreaterThan(0.99);
  expect(results.get('hard soft') as number).toBeGreaterThanOrEqual(0.5);
  expect(results.get('hard soft') as number).toBeGreaterThanOrEqual(results.get('hard hash') as number);
});
