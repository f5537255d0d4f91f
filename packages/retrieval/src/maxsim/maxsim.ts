/** MaxSim without any index: the plain sum, and a reranker of candidates that somebody else found. */
import {
  type Core,
  checkCore,
  checkInteger,
  checkOneOf,
  checkOptions,
  joinTokenSets,
  NO_PTR,
  type OptionTable,
  type TokenSet,
  type TokenSetInput,
  tokenSet,
  type Vectors,
} from '@sagitta/core-wasm';
import { bestTokens } from './best-tokens.ts';
import { FloatCoder } from './plain-coders.ts';
import { atTheDoor, checkQuery, queryAtTheDoor } from './query-tokens.ts';
import { type MaxsimExplanation, type QueryTokens, TOKEN_METRICS, type TokenMetric } from './token-store.ts';

/** Bytes of candidates copied to the core at once; a longer document goes alone. */
const BATCH_BYTES = 4 * 1024 * 1024;

/**
 * MaxSim of a query with every document in plain TypeScript, summed in f64, inner products of the tokens as they are:
 * Σ_a weight_a · max_p <q_a, p>, -Infinity for a document without tokens. What everything faster is compared with.
 * @throws RangeError on a query without tokens or documents of another d
 */
export function maxsim(query: QueryTokens, given: TokenSetInput): Float64Array {
  const { d } = query;
  checkQuery(query, d);
  checkDimension(given, d);
  const documents = tokenSet(given.data, given.offsets, d, 'documents');
  const { offsets, n } = documents;
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const rows = rowsOf(documents, i, i + 1);
    if (offsets[i] === offsets[i + 1]) out[i] = Number.NEGATIVE_INFINITY;
    else {
      for (let a = 0; a < query.n; a++) {
        const token = query.data.subarray(a * d, (a + 1) * d);
        out[i] = (out[i] as number) + (query.weights?.[a] ?? 1) * bestDot(token, rows);
      }
    }
  }
  return out;
}

/** The largest inner product of a token with rows of its length, at least one. */
function bestDot(token: Float32Array, rows: Float32Array): number {
  let best = Number.NEGATIVE_INFINITY;
  for (let start = 0; start < rows.length; start += token.length) {
    let dot = 0;
    for (let j = 0; j < token.length; j++) dot += (token[j] as number) * (rows[start + j] as number);
    if (dot > best) best = dot;
  }
  return best;
}

/** Says how tokens are compared and how many candidates are wanted. */
export interface MaxsimRerankOptions {
  /** 'ip' (default) takes tokens as they are; 'cosine' scales those of both sides to length 1. */
  readonly metric?: TokenMetric;
  /** Results wanted, default all. */
  readonly k?: number;
  /** Which token matched, with what similarity, for each result. Default false. */
  readonly explain?: boolean;
}

const MAXSIM_RERANK_OPTIONS: OptionTable<MaxsimRerankOptions> = {
  metric: 'string',
  k: 'number',
  explain: 'boolean',
};

/** Holds candidates in the order of their MaxSim with a query. */
export interface MaxsimRanking {
  /** Positions among the candidates, best first, ties to the lower; candidates without tokens come last. */
  readonly positions: Uint32Array;
  /** MaxSim of each, descending; -Infinity without tokens. */
  readonly similarities: Float32Array;
  /** One for each result where asked for, else empty. */
  readonly explanations: readonly MaxsimExplanation[];
}

/**
 * Ranks candidates by exact MaxSim (float32, a few roundings). Candidates are a token set or one array of tokens each,
 * rows of the query's d; they are copied through the core's memory 4 MiB at a time and nothing of them stays there.
 * @throws TypeError or RangeError on a query or candidates that do not fit (see queryTokens and tokenSet)
 */
export function maxsimRerank(
  core: Core,
  query: QueryTokens,
  candidates: TokenSetInput | readonly Vectors[],
  options: MaxsimRerankOptions = {},
): MaxsimRanking {
  checkCore(core);
  checkOptions('options', options, MAXSIM_RERANK_OPTIONS);
  const { d } = query;
  const metric = checkOneOf('metric', options.metric ?? 'ip', TOKEN_METRICS);
  checkQuery(query, d);
  if ('offsets' in candidates) checkDimension(candidates, d);
  const set =
    'offsets' in candidates
      ? tokenSet(candidates.data, candidates.offsets, d, 'candidates')
      : joinTokenSets(candidates, d, 'candidates');
  const k = checkInteger('k', options.k ?? set.n, 0, 2 ** 32 - 1);
  const ready = queryAtTheDoor(query, d, metric);
  const all = score(core, ready, set, metric);
  const positions = Uint32Array.from(all.keys())
    .sort((a, b) => (all[b] === all[a] ? a - b : (all[b] as number) > (all[a] as number) ? 1 : -1))
    .slice(0, k);
  const similarities = Float32Array.from(positions, (i) => all[i] as number);
  const explanations = options.explain
    ? Array.from(positions, (i) => explain(core, ready, set, i, metric))
    : [];
  return { positions, similarities, explanations };
}

function checkDimension(documents: TokenSetInput, d: number): void {
  if (documents.d !== d) throw new RangeError(`"documents" expected d = ${d}, got ${documents.d}`);
}

function rowsOf({ data, offsets, d }: TokenSet, from: number, to: number): Float32Array {
  return data.subarray((offsets[from] as number) * d, (offsets[to] as number) * d);
}

/** Similarities of all documents, batch by batch. */
function score(core: Core, query: QueryTokens, documents: TokenSet, metric: TokenMetric): Float32Array {
  const { n, d, offsets } = documents;
  const out = new Float32Array(n);
  for (let from = 0; from < n; ) {
    let to = from + 1;
    const start = offsets[from] as number;
    while (to < n && 4 * d * ((offsets[to + 1] as number) - start) <= BATCH_BYTES) to++;
    const rows = atTheDoor('candidates', rowsOf(documents, from, to), d, metric);
    const batch = core.scope((scope) => {
      const matcher = new FloatCoder(d).prepare(core, scope, query);
      const tokens = scope.reserve(rows.byteLength);
      const records = scope.reserve(8 * (to - from));
      const scores = scope.reserve(4 * (to - from));
      tokens.f32().set(rows);
      const view = records.u32();
      for (let i = from; i < to; i++) {
        const first = offsets[i] as number;
        view.set([tokens.at(4 * d * (first - start)), (offsets[i + 1] as number) - first], 2 * (i - from));
      }
      matcher.run(records.at(), to - from, scores.at(), NO_PTR);
      return scores.f32(0, to - from).slice();
    });
    out.set(batch, from);
    from = to;
  }
  return out;
}

function explain(
  core: Core,
  query: QueryTokens,
  documents: TokenSet,
  i: number,
  metric: TokenMetric,
): MaxsimExplanation {
  const { d } = documents;
  const rows = atTheDoor('candidates', rowsOf(documents, i, i + 1), d, metric);
  return core.scope((scope) => {
    const matcher = new FloatCoder(d).prepare(core, scope, query);
    const tokens = scope.reserve(rows.byteLength);
    tokens.f32().set(rows);
    return bestTokens(scope, matcher, (row) => tokens.at(4 * d * row), rows.length / d);
  });
}
