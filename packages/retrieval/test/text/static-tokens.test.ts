import { tokenSet } from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import { loadStaticTokens, saveStaticTokens, trainStaticTokens } from '../../src/text/index.ts';

const TOPICS = [
  ['boiler', 'steam', 'turbine', 'plant', 'furnace', 'pressure'],
  ['leaf', 'flower', 'garden', 'plant', 'seed', 'soil'],
  ['orbit', 'satellite', 'rocket', 'launch', 'moon', 'crater'],
];
/** Texts of one topic each: every pair of a topic's words, in order. */
const TEXTS = TOPICS.flatMap((words) =>
  words.flatMap((a, i) =>
    words.slice(i + 1).map((b, j) => `${a} and ${b}, a ${words[(i + j) % words.length]}`),
  ),
);

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, j) => sum + value * (b[j] as number), 0);
}

function maxsim(
  query: { data: Float32Array; n: number; weights: Float32Array },
  tokens: Float32Array,
  d: number,
): number {
  let sum = 0;
  for (let i = 0; i < query.n; i++) {
    let best = -Infinity;
    for (let at = 0; at < tokens.length; at += d) {
      best = Math.max(best, dot(query.data.subarray(i * d, (i + 1) * d), tokens.subarray(at, at + d)));
    }
    sum += (query.weights[i] as number) * best;
  }
  return sum;
}

describe('trainStaticTokens', () => {
  const encoder = trainStaticTokens(TEXTS, { dimension: 8 });

  it('gives unit tokens, one a known term, with their places', () => {
    const texts = ['The steam of steam turbines (unheard of)', 'nothing known here', 'moon'];
    const { data, offsets, n, d, starts, ends } = encoder.encodeDocuments(texts);
    expect(() => tokenSet(data, offsets, d)).not.toThrow();
    expect([...offsets]).toEqual([0, 2, 2, 3]);
    expect([n, d]).toEqual([3, 8]);
    const surfaces = [0, 1].map((i) => texts[0]?.slice(starts[i], ends[i]));
    expect(surfaces).toEqual(['steam', 'turbines']);
    expect(texts[2]?.slice(starts[2], ends[2])).toBe('moon');
    for (let t = 0; t < 3; t++)
      expect(dot(data.subarray(t * d, t * d + d), data.subarray(t * d, t * d + d))).toBeCloseTo(1, 6);
  });

  it('weighs query tokens by idf and by how often they stand there', () => {
    // 15 texts a topic, 45 in all; "plant" stands in two topics
    const { weights, n } = encoder.encodeQuery('plant moon moon');
    expect(n).toBe(2);
    const frequency = (word: string): number => TEXTS.filter((text) => text.includes(word)).length;
    expect(weights[0]).toBeCloseTo(Math.log(46 / (frequency('plant') + 1)), 6);
    expect(weights[1]).toBeCloseTo(2 * Math.log(46 / (frequency('moon') + 1)), 6);
    expect(encoder.encodeQuery('unheard of').n).toBe(0);
  });

  it('ranks texts of the topic of the question first, though they share no word', () => {
    const texts = ['steam furnace', 'garden soil', 'rocket crater'];
    const { data, offsets, d } = encoder.encodeDocuments(texts);
    const rank = (question: string): number => {
      const query = encoder.encodeQuery(question);
      const scores = texts.map((_, i) =>
        maxsim(query, data.subarray((offsets[i] as number) * d, (offsets[i + 1] as number) * d), d),
      );
      return scores.indexOf(Math.max(...scores));
    };
    expect(rank('boiler pressure')).toBe(0);
    expect(rank('leaf seed')).toBe(1);
    expect(rank('orbit of the moon')).toBe(2);
  });

  it('tells a word in one text from the same word in another, with context', () => {
    const similarity = (context: number): number => {
      const { data, d } = trainStaticTokens(TEXTS, { dimension: 8, context }).encodeDocuments([
        'plant boiler',
        'plant leaf',
      ]);
      return dot(data.subarray(0, d), data.subarray(2 * d, 3 * d));
    };
    expect(similarity(0)).toBeCloseTo(1, 5);
    expect(similarity(1)).toBeLessThan(0.9);
  });

  it('is the same after saving and loading, and for the same seed', () => {
    const bytes = saveStaticTokens(encoder);
    const loaded = loadStaticTokens(bytes);
    expect(loaded.model).toEqual(encoder.model);
    expect(loaded.encodeDocuments(TEXTS)).toEqual(encoder.encodeDocuments(TEXTS));
    expect(saveStaticTokens(trainStaticTokens(TEXTS, { dimension: 8 }))).toEqual(bytes);
  });

  it('gives the bytes that it has always given', async () => {
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', saveStaticTokens(encoder)));
    expect([...digest.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join('')).toBe(
      '173632706e88bf65',
    );
  });

  it('refuses texts that nothing can be learnt from, and options out of range', () => {
    expect(() => trainStaticTokens([])).toThrow(/"texts" expected/);
    expect(() => trainStaticTokens(['the of', ''])).toThrow(/"texts" expected/);
    expect(() => trainStaticTokens(['same words', 'same words'])).toThrow(
      /"texts" expected terms that stand in some/,
    );
    expect(() => trainStaticTokens(TEXTS, { dimension: 1 })).toThrow(/"dimension"/);
    expect(() => trainStaticTokens(TEXTS, { context: -1 })).toThrow(/"context"/);
  });
});
