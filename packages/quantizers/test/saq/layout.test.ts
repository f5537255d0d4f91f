/** Bytes of blocks, of the formats and of the quota. */
import { expect, it } from 'vitest';
import { BLOCK } from '../../src/blocks.ts';
import { blockCount } from '../../src/index.ts';
import { saqLayout } from '../../src/saq/layout.ts';
import { quotaBits } from '../../src/saq/train.ts';

it('counts 4 bytes for the norm and 2 for a factor beside the codes, none for a segment without bits', () => {
  const layout = saqLayout([
    { start: 0, dims: 32, bits: 7 },
    { start: 32, dims: 48, bits: 3 },
    { start: 80, dims: 16, bits: 0 },
  ]);
  expect(layout.bytesPerVector).toBe(4 + 2 + 28 + 2 + 18);
  expect(layout.blockBytes).toBe(32 * layout.bytesPerVector);
  expect(layout.offsets).toEqual([128, 128 + 32 * 30]);
  expect(layout.keptDims).toBe(80);
  expect(layout.coded.map(({ bits }) => bits)).toEqual([7, 3]);
  expect(saqLayout([{ start: 0, dims: 64, bits: 0 }]).bytesPerVector).toBe(4);
});

it('rounds vectors up to blocks of 32', () => {
  expect(BLOCK).toBe(32);
  expect([0, 1, 31, 32, 33, 64].map(blockCount)).toEqual([0, 1, 1, 1, 2, 2]);
});

it('counts the quota as the reference does: bits over d rounded up to 64, and 64', () => {
  expect(quotaBits(4, 784)).toBe(4 * 832 + 64);
  expect(quotaBits(0.25, 1)).toBe(16 + 64);
  expect(quotaBits(1.75, 100)).toBe(224 + 64);
});
