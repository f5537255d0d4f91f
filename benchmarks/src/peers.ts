/**
 * Native libraries as contenders beside ours in one process: hnswlib-node and usearch, float32, M = 16, built and asked by the modules of
 * peers/contenders, which bench:peers runs too. They are installed into peers/ when the benchmark first needs them and are no
 * dependency of the project.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

type Query = Float32Array | readonly number[];

interface PeerIndex {
  use(setting: { readonly ef: number }): void;
  form?(query: Float32Array): Query;
  search(query: Query, k: number): ArrayLike<number | bigint>;
}

interface Piece {
  readonly first: number;
  readonly count: number;
  readonly vectors: Float32Array;
}

interface PeerModule {
  build(set: {
    readonly n: number;
    readonly d: number;
    readonly rows: AsyncIterable<Piece>;
    readonly folder: string;
    readonly threads: number;
  }): Promise<{ save(): void }>;
  open(set: { readonly d: number; readonly folder: string }): Promise<PeerIndex>;
}

const PEERS = new URL('../peers/', import.meta.url);
const PIECE = 1000;

async function* piecesOf({ data, n, d }: VectorSet): AsyncGenerator<Piece> {
  for (let first = 0; first < n; first += PIECE) {
    const count = Math.min(PIECE, n - first);
    yield { first, count, vectors: data.subarray(first * d, (first + count) * d) };
  }
}

/** @throws Error with npm's output if they cannot be installed */
export async function peerContenders(
  library: 'hnswlib-node' | 'usearch',
  base: VectorSet,
  queries: VectorSet,
  efs: readonly number[],
): Promise<Contender[]> {
  const { installPeers }: { installPeers(): Promise<void> } = await import(
    new URL('install.mjs', PEERS).href
  );
  await installPeers();
  const module: PeerModule = await import(new URL(`contenders/${library}.mjs`, PEERS).href);
  const folder = mkdtempSync(join(tmpdir(), 'sagitta-bench-'));
  try {
    const { n, d } = base;
    const start = cpuSeconds();
    const built = await module.build({ n, d, rows: piecesOf(base), folder, threads: 1 });
    const buildSeconds = cpuSeconds() - start;
    built.save();
    const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    const index = await module.open({ d, folder });
    const forms = Array.from({ length: queries.n }, (_, q) => {
      const query = queries.data.subarray(q * d, (q + 1) * d);
      return index.form?.(query) ?? query;
    });
    // usearch reads its file once for each width
    for (const ef of efs) index.use({ ef });
    return efs.map((ef) => ({
      library,
      setting: `M 16, ef ${ef}`,
      buildSeconds,
      bytesPerVector: bytes / n,
      search: (query, k) => {
        index.use({ ef });
        return Array.from(index.search(forms[query] as Query, k), Number);
      },
    }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
