/** All contenders in one interleaved run: recall@10, queries a second, bytes, build time. */
import { saveIndex } from '@sagitta/node';
import type { DataSet } from './data-set.ts';
import type { Contender } from './peers.ts';
import type { BuiltIndex } from './saq-figures.ts';
import type { VectorFile } from './vector-file.ts';

export interface ContestRow {
  readonly library: string;
  readonly setting: string;
  readonly recall: number;
  readonly qps: number;
  readonly bytesPerVector: number;
  readonly buildSeconds: number;
}

export const CONTEST_K = 10;
const ROUNDS = 6;
/** Queries that one contender answers before the next takes its turn. */
const TURN = 100;

export function sagittaContenders(
  set: DataSet,
  built: readonly BuiltIndex[],
  nprobes: readonly number[],
): Contender[] {
  const { data, d } = set.queries;
  return built.flatMap(({ index, bits, seconds }) => {
    const bytesPerVector = saveIndex(index).length / index.n;
    return nprobes.map((nprobe) => ({
      library: 'Sagitta',
      setting: `SAQ ${bits} bits, nprobe ${nprobe}`,
      buildSeconds: seconds,
      bytesPerVector,
      search: (query: number, k: number) =>
        index.search(data.subarray(query * d, (query + 1) * d), k, { nprobe }).ids,
    }));
  });
}

/** Codes in memory, float32 vectors in a file: the best candidates of the codes are read from it and scored exactly. */
export function rerankContenders(
  set: DataSet,
  built: readonly BuiltIndex[],
  settings: readonly { readonly bits: number; readonly nprobe: number; readonly candidates: number }[],
  vectors: VectorFile,
): Contender[] {
  const { data, d } = set.queries;
  return settings.map(({ bits, nprobe, candidates }) => {
    const own = built.find((one) => one.bits === bits);
    if (own === undefined) throw new Error(`no index at ${bits} bits`);
    const rerank = { candidates, fetch: (ids: Uint32Array) => vectors.read(ids) };
    return {
      library: 'Sagitta',
      setting: `SAQ ${bits} bits and ${candidates} vectors of a file, nprobe ${nprobe}`,
      buildSeconds: own.seconds,
      bytesPerVector: saveIndex(own.index).length / own.index.n,
      search: (query: number, k: number) =>
        own.index.search(data.subarray(query * d, (query + 1) * d), k, { nprobe, rerank }).ids,
    };
  });
}

interface ContestOptions {
  /** Those that are timed. */
  readonly rounds?: number;
  /** Milliseconds from any moment on. */
  readonly clock?: () => number;
}

export function contest(
  set: DataSet,
  contenders: readonly Contender[],
  { rounds = ROUNDS, clock = () => performance.now() }: ContestOptions = {},
): ContestRow[] {
  const { n } = set.queries;
  const ms = contenders.map(() => 0);
  const hits = contenders.map(() => 0);
  let timed = 0;
  // round 0 warms up and counts recall
  for (let round = 0; round <= rounds; round++) {
    for (let first = 0; first < n; first += TURN) {
      const end = Math.min(n, first + TURN);
      for (const [i, contender] of contenders.entries()) {
        const found: ArrayLike<number>[] = [];
        const start = clock();
        for (let q = first; q < end; q++) found.push(contender.search(q, CONTEST_K));
        const spent = clock() - start;
        if (round > 0) ms[i] = (ms[i] as number) + spent;
        else hits[i] = (hits[i] as number) + countHits(set, found, first);
      }
      if (round > 0) timed += end - first;
    }
  }
  return contenders.map(({ library, setting, bytesPerVector, buildSeconds }, i) => ({
    library,
    setting,
    recall: (hits[i] as number) / (n * CONTEST_K),
    qps: (1000 * timed) / (ms[i] as number),
    bytesPerVector,
    buildSeconds,
  }));
}

function countHits(
  { truth, truthWidth }: DataSet,
  found: readonly ArrayLike<number>[],
  first: number,
): number {
  let hits = 0;
  for (const [i, ids] of found.entries()) {
    const at = (first + i) * truthWidth;
    const wanted = new Set(truth.subarray(at, at + CONTEST_K));
    for (let j = 0; j < ids.length; j++) if (wanted.delete(ids[j] as number)) hits++;
  }
  return hits;
}

/** The fastest of ours that finds at least as much. */
export function bestAgainst(rows: readonly ContestRow[], peer: ContestRow): ContestRow | undefined {
  return rows
    .filter(({ library, recall }) => library === 'Sagitta' && recall >= peer.recall)
    .sort((a, b) => b.qps - a.qps)[0];
}
