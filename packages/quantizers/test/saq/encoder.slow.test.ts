/** A longer stream through the encoder: 1 million × 96 in chunks of 4,096, codes handed on, memory watched. */
import { createCore } from '@sagitta/core-wasm';
import { skewedRows } from '@sagitta/testing';
import { expect, it } from 'vitest';
import { blockCount, SaqEncoder, trainSaq } from '../../src/index.ts';
import { asSet, subtract } from '../coded-set.ts';

it('codes a million vectors in the memory of one chunk', () => {
  const core = createCore();
  const d = 96;
  const chunk = 4096;
  const rows = skewedRows(chunk, d, { seed: 1 });
  const model = trainSaq(core, asSet(rows, d), { metric: 'l2', bits: 4 });
  const residuals = subtract(rows, model.mean);
  const encoder = new SaqEncoder(core, model);
  const blocks = core.allocate(blockCount(chunk) * encoder.layout.blockBytes);
  encoder.encode(residuals, blocks);
  const first = core.memoryBytes();
  const before = process.memoryUsage().rss;
  let bytes = 0;
  for (let coded = 0; coded < 1_000_000; coded += chunk) {
    encoder.encode(residuals, blocks);
    bytes += blocks.byteLength;
  }
  expect(core.memoryBytes()).toBe(first);
  expect(bytes).toBeGreaterThan(40 * 2 ** 20);
  // input alone was 370 MiB
  expect(process.memoryUsage().rss - before).toBeLessThan(64 * 2 ** 20);
});
