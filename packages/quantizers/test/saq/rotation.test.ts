/** Segment rotations: orthonormal, seeded, mixing. */
import { crc32, RandomStream } from '@sagitta/core-wasm';
import { expect, it } from 'vitest';
import { rotateSegment } from '../../src/saq/rotation.ts';

function rotatedIdentity(d: number, seed: number): Float64Array {
  const columns = new Float64Array(d * d);
  for (let i = 0; i < d; i++) columns[i * d + i] = 1;
  rotateSegment(columns, d, d, new RandomStream(seed, 'rotation-test'));
  return columns;
}

it.each([16, 32, 48, 64, 80, 96, 112, 128, 160, 208, 256])('is orthonormal to 1e-12 at %i dims', (d) => {
  const rows = rotatedIdentity(d, 1);
  let worst = 0;
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let t = 0; t < d; t++) sum += (rows[i * d + t] as number) * (rows[j * d + t] as number);
      worst = Math.max(worst, Math.abs(sum - (i === j ? 1 : 0)));
    }
  }
  expect(worst).toBeLessThan(1e-12);
});

it('spreads every axis over the segment: no entry keeps half of its energy', () => {
  for (const d of [64, 80, 128, 208]) {
    expect(rotatedIdentity(d, 2).reduce((most, value) => Math.max(most, Math.abs(value)), 0)).toBeLessThan(
      Math.SQRT1_2,
    );
  }
});

it('rotates each vector alike, whatever is beside it', () => {
  const d = 80;
  const together = rotatedIdentity(d, 3);
  const alone = new Float64Array(d);
  alone[7] = 1;
  rotateSegment(alone, 1, d, new RandomStream(3, 'rotation-test'));
  expect(alone).toEqual(together.slice(7 * d, 8 * d));
});

it('gives the same bytes on every engine, others for another seed', () => {
  const hash = (d: number, seed: number): number => crc32(new Uint8Array(rotatedIdentity(d, seed).buffer));
  expect([hash(48, 1), hash(64, 1), hash(80, 1)]).toEqual([4155961291, 368561791, 1004853170]);
  expect(hash(64, 2)).not.toBe(hash(64, 1));
});
