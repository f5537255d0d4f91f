/** Every metric, index, quantizer and output form of the command, against brute force over one small collection. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { METRICS, type Metric } from '@sagitta/core-wasm';
import { clusteredRows } from '@sagitta/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  openVectors,
  type RelativeError,
  readAll,
  readMatrixI32,
  type SearchMeasurement,
  writeNpy,
} from '../../src/index.ts';
import { bytesOf, npy, npyFields, xvecs } from '../support/bytes.ts';
import { sagitta, sagittaJson, sagittaOnTerminal } from '../support/command.ts';
import { temporaryFolder } from '../support/temporary.ts';

const N = 500;
const D = 17;
const NQ = 20;
const K = 5;
const DATA = { seed: 8, clusters: 12, spread: 0.6 };
const base = clusteredRows(N, D, DATA);
const queries = clusteredRows(NQ, D, { ...DATA, stream: 'query' });
const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const row = (set: Float32Array, i: number): Float32Array => set.subarray(i * D, (i + 1) * D);

/** Smaller is nearer. */
function key(metric: Metric, a: Float32Array, b: Float32Array): number {
  const sum = (of: (x: number, y: number) => number): number =>
    a.reduce((total, x, j) => total + of(x, b[j] as number), 0);
  if (metric === 'l2') return sum((x, y) => (x - y) ** 2);
  const dot = sum((x, y) => x * y);
  return metric === 'ip' ? -dot : -dot / Math.sqrt(sum((x) => x * x) * sum((_, y) => y * y));
}

function nearest(metric: Metric, query: Float32Array, k: number): { i: number; key: number }[] {
  const all = Array.from({ length: N }, (_, i) => ({ i, key: key(metric, query, row(base, i)) }));
  return all.sort((a, b) => a.key - b.key || a.i - b.i).slice(0, k);
}

/** recall@K of a file of ids, counted here. */
async function countRecall(path: string, metric: Metric): Promise<number> {
  const { data } = await readMatrixI32(path);
  let hits = 0;
  for (let q = 0; q < NQ; q++) {
    const wanted = new Set(nearest(metric, row(queries, q), K).map(({ i }) => i));
    for (const id of data.subarray(q * K, (q + 1) * K)) if (wanted.has(id)) hits++;
  }
  return hits / (NQ * K);
}

const QUERIES = ['--queries', at('queries.npy')];

beforeAll(async () => {
  await writeNpy(at('base.npy'), base, D);
  await writeNpy(at('queries.npy'), queries, D);
  for (const metric of METRICS) {
    const out = ['--out', at(`${metric}.ivecs`), '--scores', at(`${metric}.npy`)];
    await sagittaJson('truth', at('base.npy'), ...QUERIES, '-k', K, '--metric', metric, ...out);
  }
});

describe.each(METRICS)('by %s', (metric) => {
  it('truth is brute force, ids and scores', async () => {
    const ids = await readMatrixI32(at(`${metric}.ivecs`));
    const source = await openVectors(at(`${metric}.npy`));
    const scores = await readAll(source);
    await source.close();
    expect([ids.n, ids.d, scores.n, scores.d]).toEqual([NQ, K, NQ, K]);
    for (let q = 0; q < NQ; q++) {
      const expected = nearest(metric, row(queries, q), K);
      expect([...ids.data.subarray(q * K, (q + 1) * K)]).toEqual(expected.map(({ i }) => i));
      for (const [j, { key: best }] of expected.entries()) {
        expect(scores.data[q * K + j]).toBeCloseTo(metric === 'l2' ? best : -best, 4);
      }
    }
  });

  it.each([
    ['flat', 'saq'],
    ['flat', 'float32'],
    ['ivf', 'saq'],
    ['ivf', 'float32'],
  ])('eval and search of %s %s agree with counting', async (index, quantizer) => {
    const path = at(`${metric}-${index}-${quantizer}.sag`);
    const kind = ['--index', index, '--quantizer', quantizer, '--metric', metric];
    const lists = index === 'ivf' ? ['--nlist', 9] : [];
    await sagittaJson('build', at('base.npy'), '--out', path, ...kind, ...lists, '--bits', 6);
    const { rows } = await sagittaJson<{ rows: SearchMeasurement[] }>(
      'eval',
      path,
      ...QUERIES,
      '--truth',
      at(`${metric}.ivecs`),
      '-k',
      K,
      '--nprobe',
      '2,9',
    );
    for (const { nprobe = 0, recall } of rows) {
      await sagittaJson('search', path, ...QUERIES, '-k', K, '--nprobe', nprobe, '--out', at('found.ivecs'));
      expect(recall).toBe(await countRecall(at('found.ivecs'), metric));
    }
    // all lists: float32 loses nothing, 6 bits little
    if (quantizer === 'float32') expect(rows[1]?.recall).toBe(1);
    else expect(rows[1]?.recall).toBeGreaterThan(0.85);
    if (index === 'flat') expect(rows[0]?.recall).toBe(rows[1]?.recall);
  });

  it('truth looks at the first vectors and queries only where limits say so', async () => {
    const limits = ['--limit', 40, '--query-limit', 3, '--metric', metric];
    const argv = ['truth', at('base.npy'), ...QUERIES, '-k', 50, '--out', at('few.ivecs')];
    const result = await sagittaJson(...argv, ...limits);
    expect(result).toMatchObject({ n: 40, d: D, queries: 3, k: 50, metric });
    const { data, n } = await readMatrixI32(at('few.ivecs'));
    expect(n).toBe(3);
    const among = nearest(metric, row(queries, 2), N).filter(({ i }) => i < 40);
    // 40 rows, and nothing to fill the places behind them
    expect([...data.subarray(100)]).toEqual([...among.map(({ i }) => i), ...new Array(10).fill(-1)]);
  });

  it('a rerank over kept vectors finds the exact neighbours', async () => {
    const path = at(`${metric}-kept.sag`);
    const kept = ['--keep-vectors', '--nlist', 9, '--bits', 1, '--single-segment'];
    await sagittaJson('build', at('base.npy'), '--out', path, '--metric', metric, ...kept);
    const truth = ['--truth', at(`${metric}.ivecs`), '-k', K, '--nprobe', 9];
    const { rows } = await sagittaJson<{ rows: SearchMeasurement[] }>('eval', path, ...QUERIES, ...truth);
    const exact = ['--rerank', N, '--gamma', 1000];
    const reranked = await sagittaJson<{ rows: SearchMeasurement[] }>(
      'eval',
      path,
      ...QUERIES,
      ...truth,
      ...exact,
    );
    expect(reranked.rows[0]?.recall).toBe(1);
    expect(rows[0]?.recall).toBeLessThan(1);
    expect(await sagittaJson('info', path)).toMatchObject({ keepsVectors: true, metric });
  });
});

describe('formats', () => {
  // integers, so that .bvecs, .ivecs and .npy of every type hold the same vectors
  const values = Uint8Array.from(base, (value) => Math.abs(Math.round(value * 37)) % 256);
  const rows = Array.from({ length: N }, (_, i) => [...values.subarray(i * D, (i + 1) * D)]);
  const FILES: readonly (readonly [string, () => Uint8Array | string, ...string[]])[] = [
    ['i.bvecs', () => xvecs(rows, 'b')],
    ['i.ivecs', () => xvecs(rows, 'i')],
    ['i.fvecs', () => xvecs(rows, 'f')],
    ['u1.npy', () => npy(npyFields('|u1', N, D), values)],
    ['f8.npy', () => npy(npyFields('<f8', N, D), bytesOf(Float64Array.from(values)))],
    ['i.ndjson', () => rows.map((embedding) => `${JSON.stringify({ embedding })}\n`).join('')],
    ['i.dat', () => bytesOf(Float32Array.from(values)), '--format', 'f32', '--d', String(D)],
  ];

  it('do not matter: the same vectors give the same index and the same neighbours', async () => {
    const indexes: Buffer[] = [];
    const truths: Buffer[] = [];
    for (const [name, content, ...flags] of FILES) {
      const path = folder.write(name, content());
      await sagittaJson('build', path, ...flags, '--out', at('i.sag'), '--nlist', 6, '--seed', 3);
      await sagittaJson(
        'truth',
        path,
        ...flags,
        '--queries',
        at('i.bvecs'),
        '-k',
        3,
        '--out',
        at('i.t.ivecs'),
      );
      indexes.push(readFileSync(at('i.sag')));
      truths.push(readFileSync(at('i.t.ivecs')));
    }
    for (const [i, [name]] of FILES.entries()) {
      expect(indexes[i]?.equals(indexes[0] as Buffer), name).toBe(true);
      expect(truths[i]?.equals(truths[0] as Buffer), name).toBe(true);
    }
  });

  it('of raw float32 take their dimensions from the index', async () => {
    const [queryPath, basePath] = [
      folder.write('q.dat', bytesOf(queries)),
      folder.write('b.raw', bytesOf(base)),
    ];
    const raw = ['--queries', queryPath, '--format', 'f32', '--nprobe', 3];
    const expected = await sagittaJson<RelativeError>(
      'error',
      at('l2-ivf-saq.sag'),
      ...QUERIES,
      '--base',
      at('base.npy'),
      '--nprobe',
      3,
    );
    for (const path of [basePath, folder.write('b.dat', bytesOf(base))]) {
      const { averageRelativeError } = await sagittaJson<RelativeError>(
        'error',
        at('l2-ivf-saq.sag'),
        '--base',
        path,
        ...raw,
      );
      expect(averageRelativeError).toBe(expected.averageRelativeError);
    }
    expect(await sagittaJson('search', at('l2-ivf-saq.sag'), ...raw)).toMatchObject({ queries: NQ });
  });

  it('come from the seed and nothing else: blocks, objective and training size are in the file', async () => {
    const build = async (...flags: readonly (string | number)[]): Promise<Buffer> => {
      await sagittaJson('build', at('base.npy'), '--out', at('again.sag'), '--nlist', 6, ...flags);
      return readFileSync(at('again.sag'));
    };
    const flags = ['--block-size', 32, '--objective', 'absolute', '--train-size', 200, '--iterations', 3];
    expect(await build(...flags)).toEqual(await build(...flags));
    expect((await build()).equals(await build(...flags))).toBe(false);
  });
});

describe('what is written where', () => {
  const index = at('l2-ivf-saq.sag');

  it('is text on stdout without --json, and nothing on stderr with --quiet', async () => {
    const truth = ['--truth', at('l2.ivecs'), '-k', K];
    const runs: readonly (readonly [string[], RegExp])[] = [
      [
        ['build', at('base.npy'), '--out', at('text.sag'), '--nlist', '4'],
        /vectors +500 × 17, l2\n.*\nquantizer +saq/,
      ],
      [['info', index], /lists +9: /],
      [['truth', at('base.npy'), ...QUERIES, '--out', at('text.ivecs')], /queries +20, 100 neighbours each/],
      [['search', index, ...QUERIES, '-k', '2'], /^0: \d+ [\d.e-]+, \d+ [\d.e-]+\n1: /],
      [['search', index, ...QUERIES, '--out', at('text.ivecs')], /queries +20, 10 results each, 16 lists/],
      [
        ['eval', index, ...QUERIES, ...truth.map(String)],
        /nprobe +recall@5 +queries\/s +p50 ms +p99 ms\n +4 +/,
      ],
      [['error', index, '--base', at('base.npy'), ...QUERIES], /average relative error +[\d.e-]+ %\n/],
    ];
    for (const [argv, expected] of runs) {
      const { status, stdout, stderr } = await sagitta(...argv, '--quiet');
      expect([status, stderr], argv[0]).toEqual([0, '']);
      expect(stdout).toMatch(expected);
    }
  });

  it('is a bar on stderr where that is a terminal, and still one object on stdout', async () => {
    const argv = ['build', at('base.npy'), '--out', at('bar.sag'), '--nlist', '4', '--json'];
    const { status, stdout, stderr } = await sagittaOnTerminal(...argv);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ n: N, d: D });
    for (const label of ['sample', 'encode']) expect(stderr).toContain(label);
    expect(stderr).toContain('100% 500/500 vectors');
  });

  it('are scores as float32 beside the ids', async () => {
    const files = ['--out', at('s.npy'), '--scores', at('s.scores.npy')];
    const result = await sagittaJson('search', index, ...QUERIES, '-k', K, '--nprobe', 9, ...files);
    expect(result).toMatchObject({ out: at('s.npy'), scores: at('s.scores.npy') });
    const { results } = await sagittaJson<{ results: { ids: number[]; scores: number[] }[] }>(
      'search',
      index,
      ...QUERIES,
      '-k',
      K,
      '--nprobe',
      9,
    );
    const ids = await readMatrixI32(at('s.npy'));
    const source = await openVectors(at('s.scores.npy'));
    const { data } = await readAll(source);
    await source.close();
    expect([...ids.data]).toEqual(results.flatMap((answer) => answer.ids));
    expect([...data]).toEqual(results.flatMap((answer) => answer.scores));
  });

  it('are fractions in error, small ones where nothing was coded', async () => {
    const argv = ['--base', at('base.npy'), ...QUERIES, '--nprobe', 9];
    const coded = await sagittaJson<RelativeError>('error', index, ...argv);
    const plain = await sagittaJson<RelativeError>('error', at('l2-ivf-float32.sag'), ...argv);
    expect(coded.averageRelativeError).toBeGreaterThan(plain.averageRelativeError);
    expect(coded.averageRelativeError).toBeLessThan(0.02);
    expect(coded.maxRelativeError).toBeGreaterThan(coded.averageRelativeError);
    expect(plain.maxRelativeError).toBeLessThan(1e-4);
    expect([coded.pairs, plain.pairs]).toEqual([N * NQ, N * NQ]);
  });
});
