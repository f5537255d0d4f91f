/** sagitta eval --estimate: recall without a file of truths. */
import { join } from 'node:path';
import type { RecallEstimate } from '@sagitta/retrieval/evaluation';
import { clusteredRows } from '@sagitta/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { type SearchMeasurement, writeNpy } from '../../src/index.ts';
import { sagitta, sagittaJson } from '../support/command.ts';
import { temporaryFolder } from '../support/temporary.ts';

const N = 2000;
const D = 12;
const NQ = 400;
const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const Q = ['--queries', at('queries.npy')];
const ESTIMATE = [...Q, '--base', at('base.npy'), '--estimate', '.02'];

beforeAll(async () => {
  const shape = { seed: 4, clusters: 15, spread: 0.8 };
  await writeNpy(at('base.npy'), clusteredRows(N, D, shape), D);
  await writeNpy(at('short.npy'), clusteredRows(N - 1, D, shape), D);
  await writeNpy(at('queries.npy'), clusteredRows(NQ, D, { ...shape, stream: 'query' }), D);
  await writeNpy(at('few.npy'), clusteredRows(9, D, { ...shape, stream: 'query' }), D);
  await sagittaJson('build', at('base.npy'), '--out', at('base.sag'), '--nlist', 40, '--quiet');
  await sagittaJson('build', at('base.npy'), '--out', at('graph.sag'), '--index', 'graph', '--quiet');
  await sagittaJson('truth', at('base.npy'), ...Q, '-k', 10, '--out', at('truth.ivecs'), '--quiet');
});

type Row = SearchMeasurement & RecallEstimate;

describe('eval --estimate', () => {
  it.each([
    ['base.sag', ['--nprobe', '1,2,4']],
    ['graph.sag', ['--ef', '10,20,40']],
  ])('holds the recall of %s in its intervals, from a part of the truths', async (file, width) => {
    const { rows } = await sagittaJson<{ rows: Row[] }>('eval', at(file), ...ESTIMATE, ...width, '--quiet');
    const truth = ['--truth', at('truth.ivecs')];
    const exact = await sagittaJson<{ rows: SearchMeasurement[] }>(
      'eval',
      at(file),
      ...Q,
      ...truth,
      ...width,
    );
    expect(rows).toHaveLength(3);
    rows.forEach(({ low, high, recall, truths, worth, nprobe, ef, qps }, i) => {
      const wanted = exact.rows[i] as SearchMeasurement;
      expect([nprobe, ef]).toEqual([wanted.nprobe, wanted.ef]);
      expect(qps).toBeGreaterThan(0);
      // seeded: these intervals are right, as 95 of 100 are
      expect(low).toBeLessThanOrEqual(wanted.recall);
      expect(high).toBeGreaterThanOrEqual(wanted.recall);
      expect(recall).toBeLessThanOrEqual(high);
      expect((high - low) / 2).toBeLessThanOrEqual(0.02);
      expect(truths).toBeLessThan(NQ);
      expect(worth).toBeGreaterThanOrEqual(truths);
    });
  });

  it('prints intervals, truths and what they are worth', async () => {
    const { stdout, stderr } = await sagitta('eval', at('base.sag'), ...ESTIMATE, '--nprobe', '2');
    expect(stdout).toMatch(/nprobe +recall@10 .*95 % +truths +worth/);
    expect(stdout).toMatch(/\n +2 +0\.\d{4} .* 0\.\d{4}–[01]\.\d{4} +\d+ +\d+\n/);
    expect(stderr).toContain('true neighbours of 100 queries in');
  });

  it.each<[string, (string | number)[], number, RegExp]>([
    [
      'without a base',
      ['eval', at('base.sag'), ...Q, '--estimate', '.01'],
      2,
      /'--base <B>' expected each other/,
    ],
    ['a base alone', ['eval', at('base.sag'), ...Q, '--base', 'b'], 2, /required option '--truth <T>' not/],
    ['beside a truth', ['eval', at('base.sag'), ...ESTIMATE, '--truth', 't'], 2, /cannot be used with/],
    [
      'a width that is none',
      ['eval', at('base.sag'), ...Q, '--base', 'b', '--estimate', '2'],
      2,
      /from 0 to 1/,
    ],
    [
      'another base',
      ['eval', at('base.sag'), ...Q, '--base', at('short.npy'), '--estimate', '.02'],
      1,
      /^error: --base: expected the 2,000 vectors of the index, .*short\.npy has 1999\n$/,
    ],
    [
      'too few queries',
      ['eval', at('base.sag'), '--queries', at('few.npy'), '--base', at('base.npy'), '--estimate', '.02'],
      1,
      /^error: --queries: "n" expected an integer from 10/,
    ],
  ])('refuses %s', async (_, argv, status, message) => {
    const run = await sagitta(...argv, '--quiet');
    expect(run.status).toBe(status);
    expect(run.stderr).toMatch(message);
  });
});
