import { FormatError } from '@sagitta/core-wasm';
import { expect, it } from 'vitest';
import { loadStaticTokens, StaticTokenEncoder, saveStaticTokens } from '../../src/text/index.ts';

const model = {
  d: 2,
  context: 1,
  terms: ['one', 'two'],
  idf: Float32Array.of(0.5, 1),
  vectors: Float32Array.of(1, 0, 0, 1),
};

it('refuses every truncation and every flipped byte', () => {
  const bytes = saveStaticTokens(new StaticTokenEncoder(model));
  for (let length = 0; length < bytes.length; length++) {
    expect(() => loadStaticTokens(bytes.subarray(0, length))).toThrow(FormatError);
  }
  for (let at = 0; at < bytes.length; at++) {
    const broken = bytes.slice();
    broken[at] = (broken[at] as number) ^ 0x41;
    expect(() => loadStaticTokens(broken), `byte ${at}`).toThrow(FormatError);
  }
});

it('refuses values that training cannot give', () => {
  const bad: [Partial<typeof model>, RegExp][] = [
    [{ context: 17 }, /"context" expected 0 to 16/],
    [{ terms: ['one', 'one'] }, /expected once/],
    [{ terms: ['one'] }, /more bytes|expected/],
    [{ idf: Float32Array.of(-1, 1) }, /"idf" expected values from 0/],
    [{ idf: Float32Array.of(Number.NaN, 1) }, /"idf" expected finite/],
    [{ vectors: Float32Array.of(2, 0, 0, 1) }, /expected rows of length 1/],
    [{ vectors: Float32Array.of(1, 0, 0) }, /expected/],
    [{ d: 1 }, /more bytes/],
  ];
  for (const [change, message] of bad) {
    const bytes = saveStaticTokens(new StaticTokenEncoder({ ...model, ...change }));
    expect(() => loadStaticTokens(bytes)).toThrow(FormatError);
    expect(() => loadStaticTokens(bytes)).toThrow(message);
  }
});
