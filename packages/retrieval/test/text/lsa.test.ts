import { RandomStream } from '@sagitta/core-wasm';
import { expect, test } from 'vitest';
import { projectRows, trainLsa } from '../../src/text/lsa.ts';
import type { SparseRows } from '../../src/text/sparse-rows.ts';

const TOPICS = 5;
const TERMS_OF_TOPIC = 12;

/** Texts of one topic each: every topic has its own terms, so the matrix is block diagonal with known directions. */
function plantedRows(n: number, noise: number): SparseRows {
  const random = new RandomStream(7, 'planted');
  const d = TOPICS * TERMS_OF_TOPIC;
  const starts = Uint32Array.from({ length: n + 1 }, (_, i) => i * d);
  const columns = Uint32Array.from({ length: n * d }, (_, s) => s % d);
  const values = Float32Array.from({ length: n * d }, (_, s) => {
    const topic = Math.floor(s / d) % TOPICS;
    const isOwn = Math.floor((s % d) / TERMS_OF_TOPIC) === topic;
    return (isOwn ? 5 - topic / 2 : 0) + noise * (random.nextUnit() - 0.5);
  });
  return { n, d, starts, columns, values };
}

function similarity(vectors: Float32Array, d: number, a: number, b: number): number {
  let sum = 0;
  for (let j = 0; j < d; j++) sum += (vectors[a * d + j] as number) * (vectors[b * d + j] as number);
  return sum;
}

test('recovers planted topics and their singular values', () => {
  const n = 200;
  const model = trainLsa(plantedRows(n, 0.2), { dimension: TOPICS });
  expect(model.d).toBe(TOPICS);
  for (let topic = 0; topic < TOPICS; topic++) {
    const exact = (5 - topic / 2) * Math.sqrt((n / TOPICS) * TERMS_OF_TOPIC);
    expect(Math.abs((model.singularValues[topic] as number) / exact - 1)).toBeLessThan(0.01);
  }
  const vectors = projectRows(model, plantedRows(n, 0.2));
  expect(similarity(vectors, model.d, 0, TOPICS)).toBeGreaterThan(0.99);
  expect(Math.abs(similarity(vectors, model.d, 0, 1))).toBeLessThan(0.05);
});

test('gives an orthonormal basis, the same for the same seed', () => {
  const rows = plantedRows(90, 3);
  const model = trainLsa(rows, { dimension: 16, seed: 3 });
  for (let i = 0; i < model.d; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let t = 0; t < model.terms; t++) {
        sum += (model.basis[t * model.d + i] as number) * (model.basis[t * model.d + j] as number);
      }
      expect(Math.abs(sum - (i === j ? 1 : 0))).toBeLessThan(1e-3);
    }
  }
  expect(trainLsa(rows, { dimension: 16, seed: 3 }).basis).toEqual(model.basis);
});

test('stops at the rank of the matrix', () => {
  expect(trainLsa(plantedRows(50, 0), { dimension: 30 }).d).toBe(TOPICS);
});

test('keeps a row without a known term at zero', () => {
  const model = trainLsa(plantedRows(50, 0), { dimension: 3 });
  const empty: SparseRows = {
    n: 1,
    d: model.terms,
    starts: new Uint32Array(2),
    columns: new Uint32Array(0),
    values: new Float32Array(0),
  };
  expect([...projectRows(model, empty)]).toEqual([0, 0, 0]);
});
