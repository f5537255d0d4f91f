import { readFileSync } from 'node:fs';
import { createCore } from '@sagitta/core-wasm';
import { MuveraFde } from '@sagitta/retrieval/muvera';
import { describe, expect, it } from 'vitest';
import { likesText, makeLimit } from '../../src/limit/collection.ts';
import { fitPolynomial, PUBLISHED, polynomial, solves } from '../../src/limit/free-embedding.ts';
import { attributeVectors, measureHashed } from '../../src/limit/hashed.ts';
import { measureRuler, rulerDocuments, rulerQueries } from '../../src/limit/ruler.ts';

describe('the collection', () => {
  const limit = makeLimit(600, 3);

  it('has the structure of LIMIT', () => {
    const { documents, queries, attributes, relevant } = limit;
    expect(attributes.length).toBe(1848);
    expect(new Set(attributes).size).toBe(1848);
    expect([documents.length, queries.length, relevant]).toEqual([600, 1000, 46]);
    for (const likes of documents) {
      expect(new Set(likes).size).toBe(likes.length);
      expect(likes.length).toBeGreaterThanOrEqual(43);
      expect(likes.length).toBeLessThanOrEqual(50);
    }
    expect(new Set(queries.map((query) => query.documents.join())).size).toBe(1000);
  });

  it('answers every query by exactly two documents that like the thing', () => {
    for (const { attribute, documents } of limit.queries) {
      const owners = limit.documents.flatMap((likes, id) => (likes.includes(attribute) ? [id] : []));
      expect(owners).toEqual(documents);
    }
  });

  it('is the same for the same seed, and can be said in words', () => {
    expect(makeLimit(600, 3)).toEqual(limit);
    expect(makeLimit(600, 4).documents[50]).not.toEqual(limit.documents[50]);
    expect(likesText(limit, [0, 1])).toBe('amber almanacs, amber anchors');
  });
});

describe('hashed attributes', () => {
  it('are found by FDEs of (20,4,8) alone, and by MaxSim behind them', () => {
    const whole = makeLimit(46);
    const limit = { ...whole, queries: whole.queries.slice(0, 250) };
    const vectors = attributeVectors(limit.attributes, 128);
    using core = createCore();
    const encoder = new MuveraFde({
      d: 128,
      numRepetitions: 20,
      numSimhashProjections: 4,
      projectionDimension: 8,
    });
    const row = measureHashed(core, limit, encoder, '20,4,8', vectors);
    expect(row.recall10).toBeGreaterThanOrEqual(0.98);
    expect(row.recall100).toBe(1);
    expect(row.reranked10).toBe(1);
  });
});

describe('the ruler', () => {
  it('equals the golden vectors', () => {
    const golden: { cases: { name: string; docs: number[][]; queries: number[][] }[] } = JSON.parse(
      readFileSync(
        new URL('../../../packages/retrieval/test/golden/muvera-golden.json', import.meta.url),
        'utf8',
      ),
    );
    const wanted = golden.cases.find(({ name }) => name.startsWith('K_'));
    if (wanted === undefined) throw new Error('no case K');
    const close = (actual: Float64Array, rows: number[][]): void => {
      expect(actual.length).toBe(4 * rows.length);
      rows.flat().forEach((value, i) => {
        expect(Math.abs((actual[i] as number) - value)).toBeLessThan(1e-14);
      });
    };
    close(rulerDocuments(6), wanted.docs);
    close(rulerQueries(6), wanted.queries);
  });

  it('grades numbers as published: 1.0 in float64 and float32, .63 and .20 with int8 documents', () => {
    expect(measureRuler(46, 'float64').recovered).toBe(1);
    expect(measureRuler(46, 'float32').recovered).toBe(1);
    expect(Math.abs(measureRuler(46, 'int8').recovered - 0.63)).toBeLessThan(0.02);
    expect(Math.abs(measureRuler(100, 'int8').recovered - 0.2)).toBeLessThan(0.02);
    expect(Math.abs(measureRuler(200, 'float32').recovered - 0.997)).toBeLessThan(0.02);
  });
});

describe('free embeddings', () => {
  it('solve all pairs of few documents and not of many', () => {
    const options = { seed: 1, maximumSteps: 3000 };
    expect(solves(3, 4, options)).toBe(true);
    expect(solves(4, 9, options)).toBe(true);
    expect(solves(2, 12, options)).toBe(false);
  });

  it('are fitted by the polynomial that made the points', () => {
    const points = [2, 3, 4, 5, 7, 9].map((x) => [x, polynomial(PUBLISHED, x)] as const);
    fitPolynomial(points, 3).forEach((value, i) => {
      expect(value).toBeCloseTo(PUBLISHED[i] as number, 6);
    });
  });
});
