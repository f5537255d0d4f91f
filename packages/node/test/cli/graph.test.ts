/** Neighbour graphs on the command line: what is built, found, measured and told equals what the packages give. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCore, METRICS } from '@sagitta/core-wasm';
import { buildGraph, type IvfIndex, type SearchOptions } from '@sagitta/retrieval';
import { clusteredRows } from '@sagitta/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  loadIndexFile,
  type RelativeError,
  readMatrixI32,
  type SearchMeasurement,
  saveIndex,
  writeNpy,
} from '../../src/index.ts';
import { sagitta, sagittaJson } from '../support/command.ts';
import { temporaryFolder } from '../support/temporary.ts';

const N = 700;
const D = 24;
const NQ = 25;
const K = 10;
const DATA = { seed: 6, clusters: 12, spread: 0.6 };
const base = clusteredRows(N, D, DATA);
const queries = clusteredRows(NQ, D, { ...DATA, stream: 'query' });
const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const query = (q: number): Float32Array => queries.subarray(q * D, (q + 1) * D);
const QUERIES = ['--queries', at('queries.npy')];
const TRUTH = [...QUERIES, '--truth', at('truth.ivecs'), '-k', K];

interface BuildResult {
  readonly bytesPerVector: number;
  readonly fileBytes: number;
  readonly plan: readonly object[];
}

function build(name: string, ...flags: readonly (string | number)[]): Promise<BuildResult> {
  return sagittaJson('build', at('base.npy'), '--out', at(name), '--index', 'graph', ...flags);
}

/** What search finds in the file, query by query. */
async function foundIn(name: string, options: SearchOptions): Promise<number[]> {
  using core = createCore();
  using index = await loadIndexFile(core, at(name));
  return Array.from({ length: NQ }, (_, q) => [...index.search(query(q), K, options).ids]).flat();
}

beforeAll(async () => {
  await writeNpy(at('base.npy'), base, D);
  await writeNpy(at('queries.npy'), queries, D);
  await sagittaJson('truth', at('base.npy'), ...QUERIES, '-k', K, '--out', at('truth.ivecs'));
  await build('graph.sag', '--degree', 16, '--ef-construction', 60, '--bits', 4);
  await sagittaJson('build', at('base.npy'), '--out', at('lists.sag'), '--nlist', 6);
});

describe('build --index graph', () => {
  it('gives the bytes of buildGraph', async () => {
    using core = createCore();
    using index = buildGraph(core, base, D, { metric: 'l2', bits: 4, degree: 16, efConstruction: 60 });
    expect(Buffer.compare(readFileSync(at('graph.sag')), saveIndex(index))).toBe(0);
    using wider = buildGraph(core, base, D, { metric: 'l2' });
    await build('defaults.sag');
    expect(Buffer.compare(readFileSync(at('defaults.sag')), saveIndex(wider))).toBe(0);
  });

  it.each(METRICS)('by %s is what info says', async (metric) => {
    const built = await build('kept.sag', '--metric', metric, '--degree', 12, '--keep-vectors');
    using core = createCore();
    using index: IvfIndex = await loadIndexFile(core, at('kept.sag'));
    const common = { n: N, d: D, metric, index: 'graph', degree: 12, quantizer: 'saq', bits: 4 };
    expect(built).toMatchObject(common);
    // kept vectors come on top
    expect(built.bytesPerVector).toBe(index.bytesPerVector - 4 * D);
    expect(built.fileBytes).toBe(readFileSync(at('kept.sag')).length);
    const { bytesPerVector, fileBytes, plan } = built;
    const info = await sagittaJson<object>('info', at('kept.sag'));
    expect(info).toMatchObject({ ...common, bytesPerVector, fileBytes, plan, keepsVectors: true });
    expect(info).not.toHaveProperty('lists');
  });

  it('takes any quantizer and secondary codes, and finds what scanning all codes does', async () => {
    const recallOf = async (name: string, ...width: (string | number)[]): Promise<number> => {
      const { rows } = await sagittaJson<{ rows: SearchMeasurement[] }>('eval', at(name), ...TRUTH, ...width);
      return rows[0]?.recall as number;
    };
    for (const flags of [['float32'], ['pq', '--nbits', '4'], ['sign', '--secondary', 'saq']]) {
      const { bytesPerVector } = await build('any.sag', '--quantizer', ...flags);
      expect(await sagittaJson('info', at('any.sag'))).toMatchObject({ quantizer: flags[0], bytesPerVector });
      const flat = ['--out', at('flat.sag'), '--index', 'flat', '--quantizer', ...flags];
      await sagittaJson('build', at('base.npy'), ...flat);
      // as wide as there are vectors: all are scored
      expect(await recallOf('any.sag', '--ef', N)).toBe(await recallOf('flat.sag', '--nprobe', 1));
    }
  });

  it('says that the graph is being built', async () => {
    const argv = ['build', at('base.npy'), '--out', at('said.sag'), '--index', 'graph', '--degree', '8'];
    const { stdout, stderr } = await sagitta(...argv);
    expect(stderr).toContain('building the graph, 8 edges a vector\n');
    expect(stdout).toMatch(/index +graph, 8 edges a vector\n/);
    const { stdout: told } = await sagitta('info', at('said.sag'));
    expect(told).toMatch(/index +graph, 8 edges a vector\nquantizer/);
  });
});

describe('search', () => {
  it.each<[string[], number, SearchOptions]>([
    [['--ef', '12'], 12, { ef: 12 }],
    [['--ef', '90', '--precision', 'head'], 90, { ef: 90, precision: 'head' }],
    [[], 40, {}],
  ])('with %j finds what the index does', async (flags, ef, options) => {
    const argv = ['search', at('graph.sag'), ...QUERIES, '-k', K, '--out', at('found.ivecs'), ...flags];
    const result = await sagittaJson<object>(...argv);
    expect(result).toMatchObject({ queries: NQ, k: K, ef });
    expect(result).not.toHaveProperty('nprobe');
    const { data } = await readMatrixI32(at('found.ivecs'));
    expect([...data]).toEqual(await foundIn('graph.sag', options));
    const { stdout } = await sagitta(...argv);
    expect(stdout).toContain(`25, 10 results each, ef ${ef}\n`);
  });
});

describe('eval', () => {
  it('has a row for each ef with the recall that counting gives, and draws them', async () => {
    const plot = ['--ef', '10,30,90', '--plot', at('recall.svg')];
    const { rows } = await sagittaJson<{ rows: SearchMeasurement[] }>(
      'eval',
      at('graph.sag'),
      ...TRUTH,
      ...plot,
    );
    const { data: truth } = await readMatrixI32(at('truth.ivecs'));
    expect(rows.map(({ ef, nprobe }) => [ef, nprobe])).toEqual([10, 30, 90].map((ef) => [ef, undefined]));
    for (const { ef = 0, recall, qps } of rows) {
      const found = await foundIn('graph.sag', { ef });
      const hits = found.filter((id, i) => {
        const first = i - (i % K);
        return truth.subarray(first, first + K).includes(id);
      });
      expect(recall).toBe(hits.length / (NQ * K));
      expect(qps).toBeGreaterThan(0);
    }
    const svg = readFileSync(at('recall.svg'), 'utf8');
    expect(svg).toContain('recall and speed by ef');
    for (const ef of [10, 30, 90]) expect(svg).toContain(`>${ef}</text>`);
  });

  it('takes 16, 32, 64 and 128 by default, under their name in the table', async () => {
    const { stdout } = await sagitta('eval', at('graph.sag'), ...TRUTH);
    expect(stdout).toMatch(/^ *ef +recall@10 .*\n *16 .*\n *32 .*\n *64 .*\n *128 /);
  });

  it('reranks over kept vectors', async () => {
    await build('rerank.sag', '--bits', 1, '--keep-vectors');
    const flags = ['--ef', 200, '--rerank', 200, '--precision', 'head'];
    const { rows } = await sagittaJson<{ rows: SearchMeasurement[] }>(
      'eval',
      at('rerank.sag'),
      ...TRUTH,
      ...flags,
    );
    expect(rows[0]?.recall).toBeGreaterThan(0.99);
  });
});

it('error compares all vectors of a graph', async () => {
  const argv = ['error', at('graph.sag'), '--base', at('base.npy'), ...QUERIES];
  const result = await sagittaJson<RelativeError>(...argv);
  expect(result).toMatchObject({ pairs: N * NQ, leftOut: 0, queries: NQ });
  expect(result).not.toHaveProperty('nprobe');
  using core = createCore();
  using index = await loadIndexFile(core, at('graph.sag'));
  let sum = 0;
  for (let q = 0; q < NQ; q++) {
    const { ids, scores } = index.estimates(query(q), 1);
    for (const [i, id] of ids.entries()) {
      const row = base.subarray(id * D, (id + 1) * D);
      const truth = row.reduce((total, value, j) => total + (value - (query(q)[j] as number)) ** 2, 0);
      sum += Math.abs((scores[i] as number) - truth) / truth;
    }
  }
  expect(result.averageRelativeError).toBeCloseTo(sum / (N * NQ), 12);
  expect((await sagitta(...argv)).stdout).toContain('all of the graph');
});

describe('flags of another kind of index', () => {
  const wide = /expected --index graph beside it, got (ivf|flat)/;
  it.each<[string[], RegExp]>([
    [['--degree', '16'], wide],
    [['--ef-construction', '50'], wide],
    [['--index', 'flat', '--degree', '16'], wide],
    [['--index', 'graph', '--nlist', '4'], /'--nlist <N>' expected --index ivf beside it, got graph/],
    [
      ['--index', 'graph', '--iterations', '4'],
      /'--iterations <N>' expected --index ivf beside it, got graph/,
    ],
    [['--index', 'graph', '--degree', '7'], /Expected an integer from 8 to 128/],
    [['--index', 'graph', '--ef-construction', '7'], /Expected an integer from 8 to 1048576/],
    [['--auto', '--degree', '16'], /'--auto' cannot be used with option '--degree <R>'/],
  ])('end a build with 2: %j', async (flags, message) => {
    const before = readdirSync(folder.path);
    const { status, stdout, stderr } = await sagitta(
      'build',
      at('base.npy'),
      '--out',
      at('no.sag'),
      ...flags,
    );
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
    expect(readdirSync(folder.path)).toEqual(before);
  });

  it.each<[string[], RegExp]>([
    [['search', at('graph.sag'), ...QUERIES, '--nprobe', '4'], /^error: --nprobe: .* got one in a graph\n$/],
    [
      ['error', at('graph.sag'), '--base', 'b', ...QUERIES, '--nprobe', '4'],
      /^error: --nprobe: .* a graph\n$/,
    ],
    [['eval', at('graph.sag'), ...TRUTH.map(String), '--nprobe', '4'], /^error: --nprobe: .* a graph\n$/],
    [['search', at('lists.sag'), ...QUERIES, '--ef', '9'], /^error: --ef: expected an index in a graph/],
    [['eval', at('lists.sag'), ...TRUTH.map(String), '--ef', '9,10'], /^error: --ef: .* got one in lists\n$/],
    [
      ['search', at('lists.sag'), ...QUERIES, '--precision', 'head'],
      /^error: --precision: .* got one in lists\n$/,
    ],
  ])('end with 1 and one line: %j', async (argv, message) => {
    const { status, stdout, stderr } = await sagitta(...argv, '--quiet');
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(message);
  });

  it('end with 2 where no index has them', async () => {
    for (const flags of [
      ['--ef', '0'],
      ['--ef', '1,2'],
      ['--precision', 'half'],
    ]) {
      expect((await sagitta('search', at('graph.sag'), ...QUERIES, ...flags)).status).toBe(2);
    }
  });
});
