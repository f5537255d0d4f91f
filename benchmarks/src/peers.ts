/**
 * Native libraries as contenders: hnswlib-node and usearch, float32, M = 16. They are installed into peers/ when the
 * benchmark first needs them and are no dependency of the project.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { VectorSet } from '@sagitta/node';
import { cpuSeconds } from './cpu-seconds.ts';

/** One setting of one library; `search` gives the ids of the k nearest. */
export interface Contender {
  readonly library: string;
  readonly setting: string;
  readonly buildSeconds: number;
  /** Of the saved index, divided by its vectors. */
  readonly bytesPerVector: number;
  readonly search: (query: number, k: number) => ArrayLike<number>;
}

const FOLDER = fileURLToPath(new URL('../peers/', import.meta.url));
const M = 16;
const EF_CONSTRUCTION = 200;

interface Hnsw {
  initIndex(maxElements: number, m: number, efConstruction: number, seed: number): void;
  addPoint(point: number[], label: number): void;
  searchKnn(query: number[], k: number): { neighbors: number[] };
  setEf(ef: number): void;
  writeIndexSync(path: string): void;
}

interface Usearch {
  add(keys: BigUint64Array, vectors: Float32Array, threads: number): void;
  search(vector: Float32Array, k: number, threads: number): { keys: BigUint64Array };
  save(path: string): void;
  load(path: string): void;
}

interface Peers {
  readonly hnswlib: { readonly HierarchicalNSW: new (space: 'l2', d: number) => Hnsw };
  readonly usearch: { readonly Index: new (options: object) => Usearch };
}

/** @throws Error with npm's output if they cannot be installed */
export function loadPeers(log: (line: string) => void): Peers {
  if (!existsSync(join(FOLDER, 'node_modules', 'hnswlib-node'))) {
    log('installing hnswlib-node and usearch');
    const { status, stdout, stderr } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
      cwd: FOLDER,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`npm ci in benchmarks/peers ended with ${status}\n${stdout}${stderr}`);
  }
  const load = createRequire(join(FOLDER, 'package.json'));
  return { hnswlib: load('hnswlib-node'), usearch: load('usearch') };
}

export function hnswContenders(
  peers: Peers,
  base: VectorSet,
  queries: VectorSet,
  efs: readonly number[],
): Contender[] {
  const index = new peers.hnswlib.HierarchicalNSW('l2', base.d);
  index.initIndex(base.n, M, EF_CONSTRUCTION, 100);
  // the binding takes arrays of numbers; their making is not counted
  const row = ({ data, d }: VectorSet, i: number): number[] => [...data.subarray(i * d, (i + 1) * d)];
  let buildSeconds = 0;
  for (let first = 0; first < base.n; first += 1000) {
    const count = Math.min(1000, base.n - first);
    const points = Array.from({ length: count }, (_, i) => row(base, first + i));
    const start = cpuSeconds();
    for (const [i, point] of points.entries()) index.addPoint(point, first + i);
    buildSeconds += cpuSeconds() - start;
  }
  const bytesPerVector = savedBytes((path) => index.writeIndexSync(path)) / base.n;
  const points = Array.from({ length: queries.n }, (_, q) => row(queries, q));
  return efs.map((ef) => ({
    library: 'hnswlib-node',
    setting: `M 16, ef ${ef}`,
    buildSeconds,
    bytesPerVector,
    search: (query, k) => {
      index.setEf(ef);
      return index.searchKnn(points[query] as number[], k).neighbors;
    },
  }));
}

/** The width of its search is fixed when an index is made, so each gets an index of its own, loaded from one file. */
export function usearchContenders(
  peers: Peers,
  base: VectorSet,
  queries: VectorSet,
  widths: readonly number[],
): Contender[] {
  const { d } = base;
  const make = (width: number): Usearch =>
    new peers.usearch.Index({
      dimensions: d,
      metric: 'l2sq',
      quantization: 'f32',
      connectivity: M,
      expansion_add: EF_CONSTRUCTION,
      expansion_search: width,
      multi: false,
    });
  const built = make(widths[0] as number);
  const start = cpuSeconds();
  for (let i = 0; i < base.n; i++) {
    built.add(BigUint64Array.of(BigInt(i)), base.data.subarray(i * d, (i + 1) * d), 1);
  }
  const buildSeconds = cpuSeconds() - start;
  return inTemporaryFolder((folder) => {
    const path = join(folder, 'usearch.index');
    built.save(path);
    const bytesPerVector = statSync(path).size / base.n;
    return widths.map((width) => {
      const index = make(width);
      index.load(path);
      return {
        library: 'usearch',
        setting: `M 16, ef ${width}`,
        buildSeconds,
        bytesPerVector,
        search: (query, k) =>
          Array.from(index.search(queries.data.subarray(query * d, (query + 1) * d), k, 1).keys, Number),
      };
    });
  });
}

function savedBytes(save: (path: string) => void): number {
  return inTemporaryFolder((folder) => {
    const path = join(folder, 'index');
    save(path);
    return statSync(path).size;
  });
}

function inTemporaryFolder<T>(body: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'sagitta-bench-'));
  try {
    return body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
