/** Rankings of one collection of token sets: exact MaxSim, mean pooling, and FDEs with and without MaxSim behind them. */
import { type Core, normalizeRows, type TokenSet, toFloat32, toFloat32Rows } from '@sagitta/core-wasm';
import { buildMultiVectorIndex, type MultiVectorIndex, type MultiVectorQuery } from '@sagitta/retrieval';
import type { Rankings } from '@sagitta/retrieval/evaluation';
import { type FdeEncoder, MuveraFde, trainLearnedFde } from '@sagitta/retrieval/muvera';

export interface TokenQueries {
  readonly ids: readonly string[];
  readonly queries: readonly MultiVectorQuery[];
}

export interface NamedRankings {
  readonly method: string;
  readonly rankings: Rankings;
}

const DEPTH = 1000;
/** Ranks of a reranked list that are kept. */
const JUDGED = 200;
/** Documents that MaxSim ranks again. */
const RERANKS = [200, 1000];

/** Every ranking; the first one is exact MaxSim. */
export function rankTokens(
  core: Core,
  documentIds: readonly string[],
  tokens: TokenSet,
  asked: TokenQueries,
  log: (line: string) => void,
): NamedRankings[] {
  const out: NamedRankings[] = [];
  for (const [name, encoder] of encoders(core, tokens)) {
    using index = buildMultiVectorIndex(
      core,
      { ids: documentIds, tokens },
      { encoder, metric: 'ip', fdeEncoding: 'float32', tokenEncoding: 'float32' },
    );
    if (out.length === 0) {
      out.push({
        method: 'exact MaxSim',
        rankings: run(asked, (query) => index.searchIds(query, DEPTH, { exact: true }).ids.map(String)),
      });
      if (asked.queries.some(({ weights }) => weights)) {
        const plain = run(asked, ({ tokens: own }) =>
          index.searchIds({ tokens: own }, DEPTH, { exact: true }).ids.map(String),
        );
        out.push({ method: 'exact MaxSim, all query tokens alike', rankings: plain });
      }
      out.push({ method: 'mean pooling', rankings: rankByMean(documentIds, tokens, asked) });
    }
    out.push({
      method: `${name}, FDE alone`,
      rankings: run(asked, (query) => fdeOrder(index, query, documentIds)),
    });
    for (const rerank of RERANKS) {
      const budgets = { candidates: rerank, rerank, shortQueries: 'same' } as const;
      out.push({
        method: `${name}, MaxSim of the best ${rerank}`,
        rankings: run(asked, (query) =>
          index.searchIds(query, Math.min(rerank, JUDGED), budgets).ids.map(String),
        ),
      });
    }
    log(`${name}: done`);
  }
  return out;
}

function encoders(core: Core, tokens: TokenSet): [string, FdeEncoder][] {
  const { d } = tokens;
  const paper = { d, numRepetitions: 20, numSimhashProjections: 4 };
  const center = meanOf(tokens);
  return [
    ['MUVERA (20,4,8)', new MuveraFde({ ...paper, projectionDimension: 8 })],
    [
      'MUVERA (20,4,7+1), mean-split',
      new MuveraFde({ ...paper, projectionDimension: 7, center, meanSplit: true }),
    ],
    learned(core, tokens, 64, 32),
    learned(core, tokens, 128, 64),
  ];
}

function learned(core: Core, tokens: TokenSet, numCells: number, directions: number): [string, FdeEncoder] {
  const projectionDimension = Math.min(directions, tokens.d);
  const encoder = trainLearnedFde(core, tokens, { numCells, projectionDimension });
  return [`LearnedFde, ${numCells} cells × ${projectionDimension}`, encoder];
}

function run(
  { ids, queries }: TokenQueries,
  rank: (query: MultiVectorQuery) => readonly (string | number)[],
): Rankings {
  // a question without a known term has no answer
  return new Map(
    ids.map((id, q) => {
      const query = queries[q] as MultiVectorQuery;
      return [id, query.tokens.length === 0 ? [] : rank(query).map(String)];
    }),
  );
}

function fdeOrder(index: MultiVectorIndex, query: MultiVectorQuery, ids: readonly string[]): string[] {
  const { slots } = index.stores.fdes.search(index.encodeQuery(query).fde, Math.min(DEPTH, index.n));
  return Array.from(slots, (slot) => ids[slot] as string);
}

function meanOf({ data, d }: TokenSet): Float32Array {
  const sums = new Float64Array(d);
  for (let at = 0; at < data.length; at++) sums[at % d] = (sums[at % d] as number) + (data[at] as number);
  return Float32Array.from(sums, (sum) => sum / (data.length / d));
}

/** One vector a document, the mean of its tokens at length 1; a query's tokens count by their weights. */
function rankByMean(
  ids: readonly string[],
  { data, offsets, n, d }: TokenSet,
  asked: TokenQueries,
): Rankings {
  const pool = (tokens: Float32Array, weights?: Float32Array): Float32Array => {
    const sum = new Float32Array(d);
    for (let at = 0; at < tokens.length; at++) {
      sum[at % d] = (sum[at % d] as number) + (tokens[at] as number) * (weights?.[Math.floor(at / d)] ?? 1);
    }
    return normalizeRows(sum, d);
  };
  const means = ids.map((_, i) =>
    pool(data.subarray((offsets[i] as number) * d, (offsets[i + 1] as number) * d)),
  );
  return run(asked, ({ tokens, weights }) => {
    const query = pool(toFloat32Rows('tokens', tokens, d), weights && toFloat32('weights', weights));
    const scores = Float64Array.from({ length: n }, (_, i) =>
      query.reduce((sum, value, j) => sum + value * (means[i]?.[j] as number), 0),
    );
    const order = Array.from(scores.keys()).sort(
      (a, b) => (scores[b] as number) - (scores[a] as number) || a - b,
    );
    return order.slice(0, DEPTH).map((i) => ids[i] as string);
  });
}
