/**
 * Many times kill -9 of a collection's writer, under load of upserts, deletes, folds and compaction: 100, or as many as
 * SAGITTA_KILLS says (a thousand take a quarter of an hour).
 */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { BESIDE_PACKAGES } from '../support/collections.ts';
import { killWriters } from '../support/kill-writers.ts';
import { temporaryFolder } from '../support/temporary.ts';

const KILLS = Number(process.env['SAGITTA_KILLS'] ?? 100);
const folder = temporaryFolder();
const bundles = temporaryFolder(BESIDE_PACKAGES);

it(`loses no acknowledged write to ${KILLS} kills`, async () => {
  const options = { kills: KILLS, durability: 'sync', seed: 2 } as const;
  const report = await killWriters(join(folder.path, 'c'), bundles.path, options);
  expect(report.acknowledged).toBeGreaterThan(10 * KILLS);
  // the kills did hit folds and compactions
  expect(report.midway).toBeGreaterThan(KILLS / 100);
  process.stdout.write(`${JSON.stringify(report)}\n`);
});
