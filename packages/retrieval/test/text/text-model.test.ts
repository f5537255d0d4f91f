import { FormatError } from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import {
  LsaEncoder,
  loadTextModel,
  projectRows,
  saveStaticTokens,
  saveTextModel,
  type TextModel,
  trainLsaEncoder,
  trainStaticTokens,
  weighTexts,
} from '../../src/text/index.ts';

const TEXTS = [
  'steam drives the turbine',
  'a boiler makes steam for the turbine',
  'flowers in the garden',
  'soil for garden flowers',
  'soil and water',
];
const cosine = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, x, j) => sum + x * (b[j] as number), 0);
const models: readonly (readonly [string, TextModel])[] = [
  ['lsa', trainLsaEncoder(TEXTS, { dimension: 3 })],
  ['static tokens', trainStaticTokens(TEXTS, { dimension: 3 })],
];

describe.each(models)('%s', (_, model) => {
  it('makes one vector of length 1 a text, near for texts of one subject, zeros for unknown words', () => {
    const { d } = model;
    const rows = model.embed([...TEXTS, 'boiler', 'zzz', '']);
    expect(rows.length).toBe(8 * d);
    const row = (i: number): Float32Array => rows.subarray(i * d, (i + 1) * d);
    for (let i = 0; i < 6; i++) expect(cosine(row(i), row(i))).toBeCloseTo(1, 5);
    expect(cosine(row(5), row(0))).toBeGreaterThan(0.5);
    expect(cosine(row(5), row(0))).toBeGreaterThan(cosine(row(5), row(2)) + 0.3);
    expect([...row(6), ...row(7)].every((value) => value === 0)).toBe(true);
    expect(model.embed([])).toHaveLength(0);
  });

  it('is the same after save and load', () => {
    const bytes = saveTextModel(model);
    const again = loadTextModel(bytes);
    expect(again.constructor).toBe(model.constructor);
    expect(again.embed(TEXTS)).toEqual(model.embed(TEXTS));
    expect(saveTextModel(again)).toEqual(bytes);
  });

  it('refuses every truncation and every flipped byte', () => {
    const bytes = saveTextModel(model);
    for (let length = 0; length < bytes.length; length += 3) {
      expect(() => loadTextModel(bytes.subarray(0, length))).toThrow(FormatError);
    }
    for (let at = 0; at < bytes.length; at++) {
      const broken = bytes.slice();
      broken[at] = (broken[at] as number) ^ 0x41;
      expect(() => loadTextModel(broken), `byte ${at}`).toThrow(FormatError);
    }
  });
});

it('embeds as the parts of the model do, and static tokens are read from their own files', () => {
  const { model } = trainLsaEncoder(TEXTS, { dimension: 3 });
  const expected = projectRows(model.lsa, weighTexts(model.tfIdf, TEXTS));
  expect(new LsaEncoder(model).embed(TEXTS)).toEqual(expected);
  const tokens = trainStaticTokens(TEXTS, { dimension: 3 });
  expect(loadTextModel(saveStaticTokens(tokens)).embed(TEXTS)).toEqual(tokens.embed(TEXTS));
});

it('refuses values that training cannot give, other files, and options out of range', () => {
  const { tfIdf, lsa } = trainLsaEncoder(TEXTS, { dimension: 3 }).model;
  const bad: readonly [Partial<typeof lsa>, RegExp][] = [
    [{ singularValues: Float32Array.of(1, 2, 1) }, /"singularValues" expected falling values/],
    [{ singularValues: Float32Array.of(1, 1, 0) }, /"singularValues" expected falling values/],
    [{ basis: lsa.basis.map(() => 2000) }, /"basis" expected amounts up to/],
    [{ basis: lsa.basis.map(() => Number.NaN) }, /"basis" expected finite/],
    [{ basis: lsa.basis.slice(1) }, /expected/],
  ];
  for (const [change, message] of bad) {
    const bytes = saveTextModel(new LsaEncoder({ tfIdf, lsa: { ...lsa, ...change } }));
    expect(() => loadTextModel(bytes)).toThrow(FormatError);
    expect(() => loadTextModel(bytes)).toThrow(message);
  }
  expect(() => trainLsaEncoder(TEXTS, { dimension: 1 })).toThrow(/"dimension" expected/);
  expect(() => trainLsaEncoder(['rose', 'rose'])).toThrow(/"texts" expected terms that stand in some/);
  expect(() => trainLsaEncoder(TEXTS, { dimensions: 3 } as never)).toThrow(/"options"/);
});
