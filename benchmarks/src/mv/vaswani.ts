/** mv-minicolbert-vaswani: candidates, speed at recall, bytes, quality against judgements. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Core, createCore } from '@sagitta/core-wasm';
import {
  buildMultiVectorIndex,
  createTokenStore,
  type FdeEncoding,
  type MultiVectorIndex,
  type MultiVectorSearchOptions,
  type TokenStore,
} from '@sagitta/retrieval';
import { evaluateRankings, parseQrels } from '@sagitta/retrieval/evaluation';
import { encodersFor, fdeRankings, type NamedEncoder } from './encoders.ts';
import { placesFor, shareFound, shareWithin } from './found.ts';
import { largest, PlaidIndex } from './plaid.ts';
import { type Contender, type RaceRow, race } from './race.ts';
import { buildMeanPooling, meanOf, TokenNeighbors } from './single-vector.ts';
import { loadVaswani, rowsOf, type TokenCollection } from './token-data.ts';

const K = 10;
const ROUNDS = 5;
/** First places of a ranking that are looked at. */
export const PLACES = [10, 50, 100, 200, 500] as const;

export interface CandidateRow {
  readonly name: string;
  readonly bytesPerDocument: number;
  /** Share of the true first 10 within each of PLACES. */
  readonly shares: readonly number[];
  /** Places that hold 90 %. */
  readonly places90: number;
}

export interface PartRow {
  readonly name: string;
  readonly fdes: number;
  readonly tokens: number;
  readonly encodePerSecond: number;
  readonly trainSeconds: number;
}

export interface VaswaniFigures {
  readonly candidates: readonly CandidateRow[];
  readonly race: readonly RaceRow[];
  readonly parts: readonly PartRow[];
  readonly quality: readonly { readonly name: string; readonly ndcg10: number; readonly recall100: number }[];
  readonly plaid: { readonly centroids: number; readonly buildSeconds: number };
}

type Log = (line: string) => void;

interface Baselines {
  readonly float32: TokenStore;
  readonly int8: TokenStore;
  readonly plaid: PlaidIndex;
  readonly tokens: TokenNeighbors;
  readonly means: ReturnType<typeof buildMeanPooling>;
}

/** The best k of some documents by MaxSim. */
function rerank(
  store: TokenStore,
  rows: Float32Array,
  d: number,
  documents: Uint32Array,
  k: number,
): number[] {
  const ordered = documents.slice().sort();
  const scores = store.scores({ data: rows, n: rows.length / d, d }, ordered);
  return largest(scores, 0, scores.length, k).map((at) => ordered[at] as number);
}

export async function vaswaniFigures(root: string, log: Log): Promise<VaswaniFigures> {
  const collection = await loadVaswani(root);
  const { documents, queries } = collection;
  using core = createCore();
  const encoders = encodersFor(core, documents);
  for (const { name, trainSeconds } of encoders) log(`${name}: ready in ${trainSeconds.toFixed(1)} s`);
  const rankings = new Map<string, readonly Uint32Array[]>();
  const candidates: CandidateRow[] = [];
  const speeds = new Map<string, number>();
  const note = (name: string, bytesPerDocument: number, ranking: readonly Uint32Array[]): void => {
    rankings.set(name, ranking);
    candidates.push({
      name,
      bytesPerDocument,
      shares: PLACES.map((count) => shareWithin(ranking, collection, K, count)),
      places90: placesFor(ranking, collection, K, 0.9),
    });
    log(`${name}: 90 % within ${candidates.at(-1)?.places90}`);
  };
  for (const { name, encoder } of encoders) {
    using own = createCore();
    const { found, documentsPerSecond } = fdeRankings(own, documents, queries, encoder, encodingsOf(name));
    speeds.set(name, documentsPerSecond);
    for (const { encoding, bytesPerDocument, rankings: ranking } of found) {
      note(`${name}, ${encoding}`, bytesPerDocument, ranking);
    }
  }
  const baselines = buildBaselines(core, collection, log);
  const { means, tokens, plaid } = baselines;
  const meanRankings = each(collection, (rows) => means.search(meanOf(rows, documents.d), documents.n).ids);
  note('mean pooling, means of length 1', 4 * documents.d, meanRankings);
  note('mean pooling, means as they are', 4 * documents.d, plainMeanRankings(core, collection));
  note(
    `PLAID-style, ${plaid.centroids.toLocaleString('en-US')} centroids, nprobe 8`,
    plaid.bytes / documents.n,
    each(collection, (rows) => plaid.candidates(rows, { nprobe: 8, count: documents.n, isRanked: true })),
  );
  candidates.push(tokenHeuristic(collection, tokens));

  const indexes = buildIndexes(core, collection, encoders, log);
  const rows = race(contenders(collection, indexes, baselines), queries.n, collection, K, ROUNDS);
  const quality = await judged(root, collection, rankings, baselines, indexes);
  const parts = indexes.map(({ name, encoder, index }) => ({
    name,
    fdes: index.bytes().fdes / documents.n,
    tokens: index.bytes().tokens / documents.n,
    encodePerSecond: speeds.get(encoder.name) ?? Number.NaN,
    trainSeconds: encoder.trainSeconds,
  }));
  return {
    candidates,
    race: rows,
    parts,
    quality,
    plaid: { centroids: plaid.centroids, buildSeconds: baselines.plaidSeconds },
  };
}

/** Without scaling: means of documents on several topics are short, and rank low. */
function plainMeanRankings(core: Core, collection: TokenCollection): Uint32Array[] {
  const { n, d } = collection.documents;
  using index = buildMeanPooling(core, collection.documents, false);
  return each(collection, (rows) => index.search(meanOf(rows, d), n).ids);
}

function encodingsOf(name: string): FdeEncoding[] {
  if (name === 'MUVERA 10,240') return ['float32', 'pq256x8', 'bit1'];
  if (name.startsWith('learned')) return ['float32', 'int8', 'saq', 'bit1'];
  return ['float32', 'bit1'];
}

function each(
  { queries }: TokenCollection,
  search: (rows: Float32Array, q: number) => Uint32Array,
): Uint32Array[] {
  return Array.from({ length: queries.n }, (_, q) => search(rowsOf(queries, q), q));
}

function buildBaselines(
  core: Core,
  { documents }: TokenCollection,
  log: Log,
): Baselines & { plaidSeconds: number } {
  const store = (encoding: 'float32' | 'int8'): TokenStore => {
    const made = createTokenStore(core, { encoding, d: documents.d, metric: 'ip' });
    made.append(documents);
    return made;
  };
  const start = performance.now();
  const plaid = new PlaidIndex(core, documents, { centroids: 4096, sampleSize: 65_536, seed: 1 });
  const plaidSeconds = (performance.now() - start) / 1000;
  log(`PLAID-style index built in ${plaidSeconds.toFixed(1)} s`);
  const tokens = new TokenNeighbors(core, documents, 512);
  log('tokens in lists');
  const means = buildMeanPooling(core, documents);
  return { float32: store('float32'), int8: store('int8'), plaid, plaidSeconds, tokens, means };
}

/** Documents met by the nearest tokens of each query token: candidates are a set, not a ranking. */
function tokenHeuristic(collection: TokenCollection, tokens: TokenNeighbors): CandidateRow {
  const steps = [5, 20, 50, 100, 200, 400].map((count) => {
    const found = each(collection, (rows) => tokens.candidates(rows, count, 64));
    const size = found.reduce((sum, ids) => sum + ids.length, 0) / found.length;
    return { size, share: shareFound(found, collection, K) };
  });
  const at = (places: number): number => {
    const below = steps.filter(({ size }) => size <= places).at(-1);
    return below?.share ?? Number.NaN;
  };
  return {
    name: 'single-vector heuristic over tokens (mean size of the set)',
    bytesPerDocument: Number.NaN,
    shares: PLACES.map(at),
    places90: Math.round(steps.find(({ share }) => share >= 0.9)?.size ?? Number.POSITIVE_INFINITY),
  };
}

interface NamedIndex {
  readonly name: string;
  readonly encoder: NamedEncoder;
  readonly index: MultiVectorIndex;
  readonly reranks: readonly number[];
}

function buildIndexes(
  core: Core,
  { documents }: TokenCollection,
  encoders: readonly NamedEncoder[],
  log: Log,
): NamedIndex[] {
  const ids = Array.from({ length: documents.n }, (_, i) => i);
  return (
    [
      ['MUVERA 10,240', 'bit1', [200, 400, 700]],
      ['learned 32 × 64', 'int8', [20, 30, 50, 100]],
      ['learned 128 × 64', 'int8', [15, 20, 30, 50, 100]],
      ['learned 128 × 64', 'saq', [20, 30, 50, 100]],
    ] as const
  ).map(([name, fdeEncoding, reranks]) => {
    const encoder = encoders.find((one) => one.name === name);
    if (encoder === undefined) throw new Error(`no encoder ${name}`);
    const index = buildMultiVectorIndex(
      core,
      { ids, tokens: documents },
      { encoder: encoder.encoder, metric: 'ip', fdeEncoding },
    );
    log(`${name}, ${fdeEncoding}: index built`);
    return { name: `${name}, ${fdeEncoding}`, encoder, index, reranks };
  });
}

function contenders(
  { documents, queries }: TokenCollection,
  indexes: readonly NamedIndex[],
  { float32, int8, plaid, tokens, means }: Baselines,
): Contender[] {
  const { d, n } = documents;
  const all = Uint32Array.from({ length: n }, (_, i) => i);
  const tokenBytes = int8.bytesUsed() / n;
  const rows = (q: number): Float32Array => rowsOf(queries, q);
  const out: Contender[] = [
    {
      name: 'exact MaxSim',
      setting: 'float32 tokens',
      bytesPerDocument: float32.bytesUsed() / n,
      search: (q) => rerank(float32, rows(q), d, all, K),
    },
    {
      name: 'exact MaxSim',
      setting: 'int8 tokens',
      bytesPerDocument: tokenBytes,
      search: (q) => rerank(int8, rows(q), d, all, K),
    },
  ];
  for (const { name, index, reranks } of indexes) {
    const bytes = index.bytes();
    const bytesPerDocument = (bytes.fdes + bytes.tokens) / n;
    for (const budget of reranks) {
      const options: MultiVectorSearchOptions = { candidates: budget, rerank: budget, shortQueries: 'same' };
      out.push({
        name: `MultiVectorIndex, ${name}`,
        setting: `rerank ${budget}`,
        bytesPerDocument,
        search: (q) => index.searchIds(rows(q), K, options).ids.map(Number),
      });
    }
  }
  for (const [nprobe, count, threshold] of [
    [2, 256, 0.5],
    [2, 400, 0.5],
    [4, 200, 0.5],
    [4, 256, 0.5],
    [4, 256, undefined],
    [8, 256, 0.5],
  ] as const) {
    out.push({
      name: 'PLAID-style',
      setting: `nprobe ${nprobe}, ${count} in full${threshold === undefined ? '' : `, threshold ${threshold}`}`,
      bytesPerDocument: plaid.bytes / n + tokenBytes,
      search: (q) => {
        const found = plaid.candidates(rows(q), {
          nprobe,
          count,
          ...(threshold !== undefined && { threshold }),
        });
        return rerank(int8, rows(q), d, found, K);
      },
    });
  }
  for (const [each, nprobe] of [
    [100, 16],
    [200, 32],
    [400, 32],
  ] as const) {
    out.push({
      name: 'single-vector heuristic',
      setting: `${each} tokens each, nprobe ${nprobe}`,
      bytesPerDocument: (tokens.index.bytesPerVector * documents.data.length) / d / n + tokenBytes,
      search: (q) => rerank(int8, rows(q), d, tokens.candidates(rows(q), each, nprobe), K),
    });
  }
  for (const budget of [50, 100, 200]) {
    out.push({
      name: 'mean pooling',
      setting: `rerank ${budget}`,
      bytesPerDocument: 4 * d + tokenBytes,
      search: (q) => rerank(int8, rows(q), d, means.search(meanOf(rows(q), d), budget).ids, K),
    });
  }
  return out;
}

async function judged(
  root: string,
  collection: TokenCollection,
  rankings: ReadonlyMap<string, readonly Uint32Array[]>,
  { int8 }: Baselines,
  indexes: readonly NamedIndex[],
): Promise<VaswaniFigures['quality']> {
  const qrels = parseQrels(await readFile(join(root, 'ir-vaswani', 'qrels.tsv'), 'utf8'));
  const { documents, queries, documentIds, queryIds } = collection;
  const all = Uint32Array.from({ length: documents.n }, (_, i) => i);
  const measure = (name: string, found: readonly ArrayLike<number>[]) => {
    const named = new Map(
      found.map((ids, q) => [
        queryIds[q] as string,
        Array.from({ length: Math.min(100, ids.length) }, (_, i) => documentIds[ids[i] as number] as string),
      ]),
    );
    const { means } = evaluateRankings(named, qrels, ['ndcg@10', 'recall@100']);
    return { name, ndcg10: means['ndcg@10'] as number, recall100: means['recall@100'] as number };
  };
  const out = [
    measure(
      'exact MaxSim, int8 tokens',
      each(collection, (rows) => Uint32Array.from(rerank(int8, rows, documents.d, all, 100))),
    ),
  ];
  for (const { name, index } of indexes) {
    const found = Array.from({ length: queries.n }, (_, q) =>
      index
        .searchIds(rowsOf(queries, q), 100, { candidates: 400, rerank: 400, shortQueries: 'same' })
        .ids.map(Number),
    );
    out.push(measure(`MultiVectorIndex, ${name}, rerank 400`, found));
  }
  for (const [name, ranking] of rankings) out.push(measure(`${name} alone`, ranking));
  return out;
}
