/** sagitta eval --by: recall of each group of queries, and of the worst. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecallByGroup } from '@sagitta/retrieval/evaluation';
import { clusteredRows } from '@sagitta/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { type SearchMeasurement, writeNpy } from '../../src/index.ts';
import { sagitta, sagittaJson } from '../support/command.ts';
import { temporaryFolder } from '../support/temporary.ts';

const D = 12;
const NQ = 60;
const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const EVAL = ['eval', at('base.sag'), '--queries', at('queries.npy'), '--truth', at('truth.ivecs')];

beforeAll(async () => {
  const shape = { seed: 4, clusters: 15, spread: 0.8 };
  const base = clusteredRows(1000, D, shape);
  const queries = clusteredRows(NQ, D, { ...shape, stream: 'query' });
  await writeNpy(at('base.npy'), base, D);
  await writeNpy(at('queries.npy'), queries, D);
  await sagittaJson('build', at('base.npy'), '--out', at('base.sag'), '--nlist', 30, '--quiet');
  await sagittaJson(
    'truth',
    at('base.npy'),
    ...EVAL.slice(2, 4),
    '-k',
    10,
    '--out',
    at('truth.ivecs'),
    '--quiet',
  );
  const labels = Array.from({ length: NQ }, (_, q) => (q % 3 === 0 ? 'few' : 'many'));
  await writeFile(at('groups.txt'), `${labels.join('\n')}\n`);
  await writeFile(at('short.txt'), 'a\nb\n');
  await writeFile(at('gap.txt'), `${labels.map((label, q) => (q === 4 ? '' : label)).join('\n')}\n`);
});

type Row = SearchMeasurement & RecallByGroup;

describe('eval --by', () => {
  it('gives the recall of each group, whose mean is that of all, and the worst', async () => {
    const by = ['--by', at('groups.txt'), '--nprobe', '1,2'];
    const { rows } = await sagittaJson<{ rows: Row[] }>(...EVAL, ...by, '--quiet');
    expect(rows).toHaveLength(2);
    for (const { recall, groups, worst } of rows) {
      expect(groups.map(({ group, count }) => [group, count])).toEqual([
        ['few', 20],
        ['many', 40],
      ]);
      const [few, many] = groups.map((row) => row.recall) as [number, number];
      expect((20 * few + 40 * many) / 60).toBeCloseTo(recall, 12);
      expect(few).not.toBe(many);
      expect(worst).toEqual(groups[few < many ? 0 : 1]);
    }
  });

  it('prints the worst beside each setting, and a table of the groups', async () => {
    const { stdout } = await sagitta(...EVAL, '--by', at('groups.txt'), '--nprobe', '1,2');
    expect(stdout).toMatch(/nprobe +recall@10 .* worst +of group\n/);
    expect(stdout).toMatch(/\n +1 +0\.\d{4} .* 0\.\d{4} +(few|many)\n/);
    expect(stdout).toMatch(/group +queries +nprobe 1 +nprobe 2\n/);
    expect(stdout).toMatch(/few +20 +0\.\d{4} +[01]\.\d{4}\n/);
  });

  it.each([
    ['too few labels', 'short.txt', /--by.*expected a line for each of 60 queries, .* has 2/],
    ['an empty label', 'gap.txt', /--by.*line 5: expected a label/],
    ['a file that is not there', 'none.txt', /--by/],
  ])('refuses %s', async (_, name, message) => {
    const { status, stderr } = await sagitta(...EVAL, '--by', at(name), '--nprobe', '1');
    expect(status).toBe(1);
    expect(stderr).toMatch(message);
  });

  it('takes the labels of the first queries with --query-limit', async () => {
    const settings = ['--by', at('groups.txt'), '--nprobe', '1', '--query-limit', 6, '--quiet'];
    const { rows } = await sagittaJson<{ rows: Row[] }>(...EVAL, ...settings);
    expect(rows[0]?.groups.map(({ count }) => count)).toEqual([2, 4]);
  });
});
