/** The naive encoder reproduces the codes of the reference implementation bit for bit. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { referenceEncode } from './reference/saq.ts';

interface GoldenCode {
  readonly vector: number[];
  readonly cases: { bits: number; rounds: number; code: number[]; cos: number; rescale?: number }[];
}
const golden: { codes: GoldenCode[] } = JSON.parse(
  readFileSync(new URL('./golden/saq-golden.json', import.meta.url), 'utf8'),
);

for (const { vector, cases } of golden.codes) {
  it.each(cases)(`codes [${vector.slice(0, 2)}, …] at $bits bits, $rounds rounds`, (expected) => {
    const { code, cos, rescale } = referenceEncode(vector, expected.bits, expected.rounds);
    expect(code).toEqual(expected.code);
    expect(Math.abs(cos - expected.cos)).toBeLessThan(1e-6);
    if (expected.rescale !== undefined) expect(Math.abs(rescale - expected.rescale)).toBeLessThan(1e-6);
  });
}

it('gives a zero vector code 0 and factors 0', () => {
  expect(referenceEncode([0, 0], 4, 6)).toEqual({ code: [0, 0], cos: 0, rescale: 0 });
});
