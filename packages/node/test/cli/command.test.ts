/** The contract of the command: build, search, eval, truth, info and error over one small collection. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCore } from '@sagitta/core-wasm';
import { clusteredRows } from '@sagitta/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadIndexFile, readMatrixI32, type SearchMeasurement, writeNpy } from '../../src/index.ts';
import { bytesOf, xvecs } from '../support/bytes.ts';
import { sagitta, sagittaJson } from '../support/command.ts';
import { temporaryFolder } from '../support/temporary.ts';

const N = 900;
const D = 20;
const NQ = 30;
const DATA = { seed: 4, clusters: 15, spread: 0.5 };
const base = clusteredRows(N, D, DATA);
const queries = clusteredRows(NQ, D, { ...DATA, stream: 'query' });
const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const row = (set: Float32Array, i: number): Float32Array => set.subarray(i * D, (i + 1) * D);
const listOf = (set: Float32Array): number[][] =>
  Array.from({ length: set.length / D }, (_, i) => [...row(set, i)]);

interface BuildResult {
  readonly n: number;
  readonly d: number;
  readonly bytesPerVector: number;
  readonly plan: readonly { readonly start: number; readonly dims: number; readonly bits: number }[];
  readonly trainSeconds: number;
  readonly encodeSeconds: number;
  readonly fileBytes: number;
}

function squared(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, j) => sum + (value - (b[j] as number)) ** 2, 0);
}

/** Ids of the k nearest base rows by squared distance, f64. */
function nearest(query: Float32Array, k: number): number[] {
  const all = Array.from({ length: N }, (_, i) => ({ i, distance: squared(query, row(base, i)) }));
  return all
    .sort((a, b) => a.distance - b.distance || a.i - b.i)
    .slice(0, k)
    .map(({ i }) => i);
}

beforeAll(async () => {
  folder.write('base.fvecs', xvecs(listOf(base), 'f'));
  folder.write('queries.fvecs', xvecs(listOf(queries), 'f'));
  await writeNpy(at('base.npy'), base, D);
  const lines = listOf(base).map((vector) => `${JSON.stringify({ v: vector })}\n`);
  folder.write('base.jsonl', lines.join(''));
  folder.write('base.f32', bytesOf(base));
  await sagittaJson(
    'truth',
    at('base.fvecs'),
    '--queries',
    at('queries.fvecs'),
    '-k',
    10,
    '--out',
    at('truth.ivecs'),
  );
  await sagittaJson('build', at('base.fvecs'), '--out', at('index.sag'), '--nlist', 12, '--bits', 4);
});

describe('build', () => {
  it('says what it made, as one object on stdout', async () => {
    const { status, stdout, stderr } = await sagitta(
      'build',
      at('base.fvecs'),
      '--out',
      at('own.sag'),
      '--index',
      'ivf',
      '--quantizer',
      'saq',
      '--bits',
      2,
      '--metric',
      'l2',
      '--nlist',
      8,
      '--seed',
      5,
      '--json',
    );
    expect(status).toBe(0);
    const result = JSON.parse(stdout) as BuildResult;
    expect(result).toMatchObject({ n: N, d: D, metric: 'l2', index: 'ivf', nlist: 8, bits: 2, seed: 5 });
    expect(result.fileBytes).toBe(readFileSync(at('own.sag')).length);
    expect(result.plan.reduce((sum, { dims }) => sum + dims, 0)).toBeGreaterThanOrEqual(D);
    const bits = result.plan.reduce(
      (sum, segment) => sum + segment.dims * segment.bits + (segment.bits && 16),
      32,
    );
    expect(result.bytesPerVector).toBe(bits / 8);
    expect(result.trainSeconds).toBeGreaterThan(0);
    expect(result.encodeSeconds).toBeGreaterThan(0);
    // progress has no place on stdout
    expect(stderr).toContain('training on 900 vectors');
    expect(stdout.trim().split('\n').length).toBe(1);
  });

  it('gives the same bytes from any format, and others from another seed', async () => {
    const bytesOfBuild = async (...source: readonly string[]): Promise<Buffer> => {
      await sagittaJson('build', ...source, '--out', at('same.sag'), '--nlist', 12, '--bits', 4);
      return readFileSync(at('same.sag'));
    };
    const expected = readFileSync(at('index.sag'));
    expect(await bytesOfBuild(at('base.fvecs'))).toEqual(expected);
    expect(await bytesOfBuild(at('base.npy'))).toEqual(expected);
    expect(await bytesOfBuild(at('base.jsonl'), '--column', 'v')).toEqual(expected);
    expect(await bytesOfBuild(at('base.f32'), '--d', String(D))).toEqual(expected);
    expect((await bytesOfBuild(at('base.fvecs'), '--seed', '2')).equals(expected)).toBe(false);
  });

  it.each([
    ['flat', 'saq', 'l2'],
    ['flat', 'float32', 'ip'],
    ['ivf', 'float32', 'cosine'],
    ['ivf', 'saq', 'ip'],
    ['ivf', 'saq', 'cosine'],
  ])('%s %s %s is what info says', async (index, quantizer, metric) => {
    const path = at(`${index}-${quantizer}-${metric}.sag`);
    const nlist = index === 'ivf' ? ['--nlist', 6] : [];
    const built = await sagittaJson<BuildResult>(
      'build',
      at('base.fvecs'),
      '--out',
      path,
      '--index',
      index,
      '--quantizer',
      quantizer,
      '--metric',
      metric,
      ...nlist,
    );
    const info = await sagittaJson('info', path);
    expect(info).toMatchObject({
      n: N,
      d: D,
      index,
      quantizer,
      metric,
      nlist: index === 'ivf' ? 6 : 1,
      bits: quantizer === 'saq' ? 4 : 32,
      bytesPerVector: built.bytesPerVector,
      plan: built.plan,
      fileBytes: built.fileBytes,
      keepsVectors: false,
    });
    if (quantizer === 'float32') expect(built.bytesPerVector).toBe(4 * D);
  });

  it('takes the first vectors only where a limit says so', async () => {
    const built = await sagittaJson(
      'build',
      at('base.npy'),
      '--out',
      at('some.sag'),
      '--limit',
      100,
      '--nlist',
      4,
    );
    expect(built).toMatchObject({ n: 100, nlist: 4 });
  });
});

describe('truth', () => {
  it('is exact', async () => {
    const { data, n, d } = await readMatrixI32(at('truth.ivecs'));
    expect([n, d]).toEqual([NQ, 10]);
    for (let q = 0; q < NQ; q++) {
      expect([...data.subarray(q * 10, q * 10 + 10)]).toEqual(nearest(row(queries, q), 10));
    }
  });
});

describe('search', () => {
  it('writes the ids of the index', async () => {
    const result = await sagittaJson(
      'search',
      at('index.sag'),
      '--queries',
      at('queries.fvecs'),
      '-k',
      7,
      '--nprobe',
      5,
      '--out',
      at('found.ivecs'),
    );
    expect(result).toMatchObject({ queries: NQ, k: 7, nprobe: 5, out: at('found.ivecs') });
    const { data, d } = await readMatrixI32(at('found.ivecs'));
    expect(d).toBe(7);
    using core = createCore();
    using index = await loadIndexFile(core, at('index.sag'));
    for (let q = 0; q < NQ; q++) {
      expect([...data.subarray(q * 7, q * 7 + 7)]).toEqual([
        ...index.search(row(queries, q), 7, { nprobe: 5 }).ids,
      ]);
    }
  });

  it('prints answers without --out, and pads files with -1', async () => {
    const { results } = await sagittaJson<{ results: { ids: number[]; scores: number[] }[] }>(
      'search',
      at('index.sag'),
      '--queries',
      at('queries.fvecs'),
      '-k',
      3,
      '--nprobe',
      12,
    );
    expect(results.length).toBe(NQ);
    expect(results[0]?.ids.length).toBe(3);
    expect(results[0]?.scores[0]).toBeCloseTo(
      squared(row(queries, 0), row(base, results[0]?.ids[0] as number)),
      0,
    );
    await sagittaJson(
      'search',
      at('some.sag'),
      '--queries',
      at('queries.fvecs'),
      '-k',
      120,
      '--nprobe',
      4,
      '--out',
      at('all.npy'),
      '--query-limit',
      2,
    );
    const { data } = await readMatrixI32(at('all.npy'));
    expect(data.length).toBe(240);
    expect([...data.subarray(100, 120)]).toEqual(new Array(20).fill(-1));
  });
});

describe('eval', () => {
  it('measures the recall that counting gives, and draws it', async () => {
    const { rows } = await sagittaJson<{ rows: SearchMeasurement[] }>(
      'eval',
      at('index.sag'),
      '--queries',
      at('queries.fvecs'),
      '--truth',
      at('truth.ivecs'),
      '-k',
      10,
      '--nprobe',
      '1,4,12',
      '--plot',
      at('recall.svg'),
    );
    expect(rows.map(({ nprobe }) => nprobe)).toEqual([1, 4, 12]);
    using core = createCore();
    using index = await loadIndexFile(core, at('index.sag'));
    for (const { nprobe = 0, recall, qps, p50Ms, p99Ms } of rows) {
      let hits = 0;
      for (let q = 0; q < NQ; q++) {
        const wanted = new Set(nearest(row(queries, q), 10));
        for (const id of index.search(row(queries, q), 10, { nprobe }).ids) if (wanted.has(id)) hits++;
      }
      expect(recall).toBe(hits / (10 * NQ));
      expect(qps).toBeGreaterThan(0);
      expect(p50Ms).toBeGreaterThan(0);
      expect(p99Ms).toBeGreaterThanOrEqual(p50Ms);
    }
    expect(rows[2]?.recall).toBeGreaterThan(0.9);
    const svg = readFileSync(at('recall.svg'), 'utf8');
    expect(svg).toMatch(/^<svg /);
    expect(svg).toContain('recall@10');
  });
});

describe('error', () => {
  it('averages over the vectors of a query, then over queries', async () => {
    const nprobe = 3;
    const result = await sagittaJson(
      'error',
      at('index.sag'),
      '--base',
      at('base.npy'),
      '--queries',
      at('queries.fvecs'),
      '--nprobe',
      nprobe,
    );
    using core = createCore();
    using index = await loadIndexFile(core, at('index.sag'));
    let sum = 0;
    let max = 0;
    let pairs = 0;
    for (let q = 0; q < NQ; q++) {
      const { ids, scores } = index.estimates(row(queries, q), nprobe);
      let own = 0;
      for (const [i, id] of ids.entries()) {
        const truth = squared(row(queries, q), row(base, id));
        const error = Math.abs((scores[i] as number) - truth) / truth;
        own += error;
        max = Math.max(max, error);
      }
      sum += own / ids.length;
      pairs += ids.length;
    }
    const { averageRelativeError, maxRelativeError, ...rest } = result as Record<string, number>;
    expect(averageRelativeError).toBeCloseTo(sum / NQ, 12);
    expect(maxRelativeError).toBeCloseTo(max, 12);
    expect(rest).toMatchObject({ pairs, leftOut: 0, queries: NQ, nprobe });
  });

  it('leaves out true distances of 0', async () => {
    const result = await sagittaJson(
      'error',
      at('index.sag'),
      '--base',
      at('base.fvecs'),
      '--queries',
      at('base.fvecs'),
      '--nprobe',
      12,
      '--query-limit',
      5,
    );
    expect(result).toMatchObject({ leftOut: 5, pairs: 5 * N - 5 });
  });

  it('takes the squared distance of unit vectors for cosine', async () => {
    const result = await sagittaJson<{ averageRelativeError: number; queries: number }>(
      'error',
      at('ivf-saq-cosine.sag'),
      '--base',
      at('base.npy'),
      '--queries',
      at('queries.fvecs'),
      '--nprobe',
      6,
      '--query-limit',
      3,
    );
    using core = createCore();
    using index = await loadIndexFile(core, at('ivf-saq-cosine.sag'));
    const unit = (vector: Float32Array): Float64Array => {
      const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
      return Float64Array.from(vector, (value) => value / norm);
    };
    let sum = 0;
    for (let q = 0; q < 3; q++) {
      const { ids, scores } = index.estimates(row(queries, q), 6);
      const own = ids.reduce((total, id, i) => {
        const b = unit(row(base, id));
        const truth = unit(row(queries, q)).reduce((d2, value, j) => d2 + (value - (b[j] as number)) ** 2, 0);
        return total + Math.abs(2 - 2 * (scores[i] as number) - truth) / truth;
      }, 0);
      sum += own / ids.length;
    }
    expect(result.queries).toBe(3);
    expect(result.averageRelativeError).toBeCloseTo(sum / 3, 9);
  });
});
