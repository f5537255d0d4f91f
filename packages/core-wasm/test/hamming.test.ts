import { PARITY_DIMS, randomBytes } from '@sagitta/testing';
import { expect, it } from 'vitest';
import * as twin from '../src/reference/hamming.ts';
import { describeBuilds, Output, put } from './kernel-parity.case.ts';

describeBuilds('hammingRows', (core) => {
  const run = (q: Uint8Array, rows: Uint8Array, n: number, codeBytes: number): Uint32Array =>
    core.scope((scope) => {
      const out = new Output(scope, n * 4);
      core.kernels.hammingRows(put(scope, q), put(scope, rows), n, codeBytes, out.at());
      return out.u32();
    });

  // 495, 496, 497: around the 31 steps of 16 bytes after which byte counters are widened.
  it.each([...PARITY_DIMS, 96, 495, 496, 497])('equals the twin for codes of %i bytes', (codeBytes) => {
    const q = randomBytes(codeBytes, 1);
    for (const n of [0, 1, 2, 5]) {
      const rows = randomBytes(n * codeBytes, 2);
      const expected = new Uint32Array(n);
      twin.hammingRows(q, rows, n, codeBytes, expected);
      expect(run(q, rows, n, codeBytes)).toEqual(expected);
    }
  });

  it.each([496, 8_192, 65_536])('counts every bit when all of them differ in %i bytes', (codeBytes) => {
    const rows = new Uint8Array(2 * codeBytes).fill(255);
    expect(run(new Uint8Array(codeBytes), rows, 2, codeBytes)).toEqual(
      Uint32Array.of(8 * codeBytes, 8 * codeBytes),
    );
  });
});
