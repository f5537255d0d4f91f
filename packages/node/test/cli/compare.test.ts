/** sagitta compare: its contract, and figures that have to come out whatever the machine. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { skewedRows } from '@sagitta/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { adviceOf, isOnFrontier } from '../../src/compare/advice.ts';
import { type Comparison, type ComparisonRow, writeNpy } from '../../src/index.ts';
import { sagitta, sagittaJson } from '../support/command.ts';
import { temporaryFolder } from '../support/temporary.ts';

const N = 1200;
const D = 64;
const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
let result: Comparison & { readonly advice: readonly string[] };

beforeAll(async () => {
  await writeNpy(at('base.npy'), skewedRows(N, D, { seed: 2 }), D);
  await writeNpy(at('queries.npy'), skewedRows(25, D, { seed: 2, stream: 'query' }), D);
  result = await sagittaJson<typeof result>(
    'compare',
    at('base.npy'),
    '--queries',
    at('queries.npy'),
    '--bits',
    '1,4',
    '--plot',
    at('chart.svg'),
    '--html',
    at('page.html'),
    '--quiet',
  );
}, 120_000);

const row = (quantizer: string, bits: number): ComparisonRow => {
  const found = result.rows.find((one) => one.quantizer === quantizer && one.bits === bits);
  if (found === undefined) throw new Error(`no row of ${quantizer} at ${bits} bits`);
  return found;
};

describe('the rows', () => {
  it('have every field of the contract, as fractions and positive numbers', () => {
    expect(Object.keys(result)).toEqual(['rows', 'bound', 'advice']);
    expect(result.rows.length).toBeGreaterThanOrEqual(18);
    for (const one of result.rows) {
      expect(Object.keys(one).sort()).toEqual(
        [
          'quantizer',
          'bits',
          'bytesPerVector',
          'fileBytes',
          'memoryBytes',
          'averageRelativeError',
          'p99RelativeError',
          'recall10',
          'recall100',
          'recall10Reranked',
          'encodePerSecond',
          'scanNsPerVector',
          'trainSeconds',
        ].sort(),
      );
      for (const name of ['recall10', 'recall100', 'recall10Reranked'] as const) {
        expect(one[name]).toBeGreaterThan(0);
        expect(one[name]).toBeLessThanOrEqual(1);
      }
      expect(one.recall10Reranked).toBeGreaterThanOrEqual(one.recall10);
      expect(one.p99RelativeError).toBeGreaterThan(one.averageRelativeError);
      expect(one.encodePerSecond).toBeGreaterThan(0);
      expect(one.scanNsPerVector).toBeGreaterThan(0);
      // nearly equal bytes: code of bits·d/8, at most 16 bytes of factors; reduced dimensions come 16 at a time
      expect(one.bytesPerVector).toBeGreaterThan((one.bits * D) / 8 - 2);
      expect(one.bytesPerVector).toBeLessThan((one.bits * D) / 8 + (one.quantizer === 'pca' ? 32 : 20));
    }
  });

  it('order the methods as the field knows them on skewed data', () => {
    const error = (quantizer: string, bits = 4): number => row(quantizer, bits).averageRelativeError;
    expect(error('saq')).toBeLessThan(error('caq'));
    expect(error('caq')).toBeLessThan(error('rabitq') * 1.05);
    expect(error('rabitq')).toBeLessThan(error('lvq'));
    expect(error('opq')).toBeLessThan(error('pq'));
    expect(error('pq')).toBeLessThan(error('pq 4-bit'));
    expect(error('rabitq', 1)).toBeLessThan(error('sign', 1));
    for (const quantizer of ['saq', 'caq', 'rabitq', 'turboquant', 'opq']) {
      expect(error(quantizer, 4)).toBeLessThan(error(quantizer, 1) / 3);
    }
  });

  it('are the same in every run but for times', async () => {
    const again = await sagittaJson<Comparison>(
      'compare',
      at('base.npy'),
      '--queries',
      at('queries.npy'),
      '--bits',
      '1',
      '--only',
      'rabitq,pq',
    );
    expect(again.rows.map(({ quantizer }) => quantizer)).toEqual(['rabitq', 'pq']);
    for (const one of again.rows) {
      const { averageRelativeError, p99RelativeError, recall10, recall100 } = row(one.quantizer, 1);
      expect(one).toMatchObject({ averageRelativeError, p99RelativeError, recall10, recall100 });
    }
  });
});

describe('what a file takes', () => {
  it.each(['saq', 'pq', 'rabitq', 'lvq'])(
    'is told of %s with its model, as a file has it',
    async (quantizer) => {
      const told = row(quantizer, 4);
      const file = at(`${quantizer}.sag`);
      const flags = ['--index', 'flat', '--quantizer', quantizer, '--bits', '4', '--seed', '1'];
      await sagittaJson('build', at('base.npy'), '--out', file, ...flags);
      const { size } = statSync(file);
      expect(Math.abs(size / told.fileBytes - 1)).toBeLessThan(0.03);
      const info = await sagittaJson<{ fileBytes: number; memoryBytes: number }>('info', file);
      expect(info.fileBytes).toBe(size);
      expect(Math.abs(info.memoryBytes / told.memoryBytes - 1)).toBeLessThan(0.03);
      expect(told.fileBytes).toBeGreaterThan(N * told.bytesPerVector);
    },
  );
});

describe('the advice', () => {
  const made = (quantizer: string, bits: number, fileBytes: number, recall10: number): ComparisonRow => ({
    ...(result.rows[0] as ComparisonRow),
    ...{ quantizer, bits, fileBytes, recall10 },
  });

  it('takes the fewest bytes of a file that reach .95, and names what is beside it', () => {
    const rows = [
      made('a', 1, 10_000, 0.8),
      made('b', 4, 20_000, 0.94),
      // on no frontier: b has more in as many bytes
      made('c', 4, 20_000, 0.93),
      made('d', 4, 30_000, 0.96),
      made('e', 8, 60_000, 0.99),
      made('f', 8, 50_000, 0.955),
    ];
    expect(rows.map((one) => isOnFrontier(one, rows))).toEqual([true, true, false, true, true, false]);
    const [take, beside] = adviceOf({ rows, n: 1000, bound: result.bound, ruler: result.bound }, D);
    expect(take).toBe(
      'Take d of 4 bits, recall@10 0.9600 in 30 bytes a vector of the file: the fewest bytes that reach 0.95 from codes alone.',
    );
    expect(beside).toContain('b of 4 bits, recall@10 0.9400 in 20 bytes');
    expect(beside).toContain('e of 8 bits, recall@10 0.9900 in 60 bytes');
  });

  it('says so where nothing reaches .95', () => {
    const rows = [made('a', 1, 10_000, 0.8), made('b', 4, 20_000, 0.9)];
    const [take, beside] = adviceOf({ rows, n: 1000, bound: result.bound, ruler: result.bound }, D);
    expect(take).toContain('Take b of 4 bits');
    expect(take).toContain('below 0.95');
    expect(beside).not.toContain('Beside it');
  });

  it('ends the table, is on the page with a chart of recall, and says what the bound is for', () => {
    const { rows, advice } = result;
    expect(advice).toHaveLength(3);
    expect(advice.slice(0, 2)).toEqual(
      adviceOf({ rows, n: N, bound: result.bound, ruler: result.bound }, D).slice(0, 2),
    );
    const most = Math.max(...rows.map(({ recall10 }) => recall10));
    expect(most).toBeLessThan(0.95);
    expect(advice[0]).toContain(`recall@10 ${most.toFixed(4)}`);
    expect(advice[2]).toMatch(/normal vectors/);
    const page = readFileSync(at('page.html'), 'utf8');
    for (const sentence of advice) expect(page).toContain(sentence);
    expect(page.split('<svg ')).toHaveLength(3);
  });
});

it('the bound falls by half a bit, and lies below what one grid for all dimensions reaches', () => {
  expect(result.bound.map(({ bits }) => bits)).toEqual([1, 4]);
  const [one, four] = result.bound.map(({ averageRelativeError }) => averageRelativeError) as [
    number,
    number,
  ];
  // three bits a dimension: at most 2³, and where water covers no dimension exactly that
  expect(one / four).toBeGreaterThan(4);
  expect(one / four).toBeLessThan(9);
  for (const bits of [1, 4]) {
    const bound = bits === 1 ? one : four;
    for (const quantizer of ['caq', 'rabitq', 'turboquant']) {
      expect(row(quantizer, bits).averageRelativeError).toBeGreaterThan(bound);
    }
  }
});

it('chart and page hold every quantizer', () => {
  const svg = readFileSync(at('chart.svg'), 'utf8');
  const page = readFileSync(at('page.html'), 'utf8');
  for (const { quantizer } of result.rows) {
    expect(svg).toContain(quantizer);
    expect(page).toContain(`<td>${quantizer}</td>`);
  }
  expect(svg).toContain('rate–distortion bound');
  expect(page).toContain('<svg ');
  // nothing is fetched
  expect(page).not.toMatch(/src=|href=/);
});

it('refuses what it cannot compare', async () => {
  const one = ['compare', at('base.npy'), '--queries', at('queries.npy')];
  expect((await sagitta(...one, '--bits', '1,x')).status).toBe(2);
  const none = await sagitta(...one, '--only', 'zip', '--quiet', '--html', at('none.html'));
  expect(none.status).toBe(1);
  expect(none.stderr).toMatch(/^error: --only: /);
  expect(existsSync(at('none.html'))).toBe(false);
});
