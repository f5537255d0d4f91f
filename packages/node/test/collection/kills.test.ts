/** kill -9 of a collection's writer; a thousand of them: kills.slow.test.ts. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { BESIDE_PACKAGES } from '../support/collections.ts';
import { killWriters } from '../support/kill-writers.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = temporaryFolder();
const bundles = temporaryFolder(BESIDE_PACKAGES);

it.each(['sync', 'relaxed'] as const)('loses no acknowledged write to kill -9 (%s)', async (durability) => {
  const kills = durability === 'sync' ? 16 : 6;
  const report = await killWriters(join(folder.path, durability), bundles.path, {
    kills,
    durability,
    seed: 1,
  });
  expect(report.acknowledged).toBeGreaterThan(10 * kills);
});

it('loses no acknowledged write of token sets to kill -9', async () => {
  const kills = 8;
  const report = await killWriters(join(folder.path, 'tokens'), bundles.path, {
    kills,
    durability: 'sync',
    seed: 2,
    kind: 'tokens',
  });
  expect(report.acknowledged).toBeGreaterThan(10 * kills);
});
