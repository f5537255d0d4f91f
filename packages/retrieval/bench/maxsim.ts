/**
 * MaxSim over token stores: `npm run bench:maxsim -w @sagitta/retrieval`. One thread; every encoding takes turns with the
 * plain TypeScript loop and with float32 in the same run, best of all turns counts.
 *
 * Speed is documents a second and, so that encodings compare, the 2·nq·m·d of the exact computation a second (GFLOP/s).
 * Beside it stand bytes a token, the largest |Δ| of a score against that of float32 (whose own is against the f64 sum, on
 * the documents that are timed), and the share of the ten best documents of float32 among those of the encoding. Tokens: clustered ones made from a seed, 32 × 80 × 128, and with
 * SAGITTA_DATA=… those of mv-minicolbert-vaswani, 12 tokens a query.
 */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import {
  type Core,
  createCore,
  normalizeRows,
  RandomStream,
  type TokenSet,
  tokenSet,
} from '@sagitta/core-wasm';
import { clusteredRows } from '@sagitta/testing';
import {
  createTokenStore,
  maxsim,
  type QueryTokens,
  queryTokens,
  type TokenStoreOptions,
} from '../src/maxsim/index.ts';

type Encoded = Pick<TokenStoreOptions, 'encoding' | 'bits'>;

interface Collection {
  readonly name: string;
  readonly documents: TokenSet;
  readonly queries: readonly QueryTokens[];
}

const ENCODED: readonly Encoded[] = [
  { encoding: 'float32' },
  { encoding: 'float16' },
  { encoding: 'int8' },
  { encoding: 'saq', bits: 8 },
  { encoding: 'saq', bits: 6 },
  { encoding: 'saq', bits: 4 },
  { encoding: 'saq', bits: 3 },
  { encoding: 'saq', bits: 2 },
  { encoding: 'rabitq', bits: 4 },
  { encoding: 'rabitq', bits: 2 },
  { encoding: 'bit1' },
];
/** Documents of a timed call, as many as a reranker sees, and turns of each encoding. */
const TIMED = 200;
/** Of the plain loop: few, so that its best turn has been left alone by the machine as the others' have. */
const TIMED_PLAIN = 4;
const TURNS = Number(process.argv[2] ?? 40);
const BEST = 10;

function clustered(): Collection {
  const [n, m, nq, d] = [2000, 80, 32, 128];
  const rows = normalizeRows(clusteredRows(n * m, d, { seed: 1, clusters: 500, spread: 1 }), d);
  const offsets = Uint32Array.from({ length: n + 1 }, (_, i) => i * m);
  const random = new RandomStream(2, 'queries');
  const queries = Array.from({ length: 20 }, () => {
    const document = random.nextBelow(n);
    const tokens = new Float32Array(nq * d);
    for (let a = 0; a < nq; a++) {
      const row = rows.subarray((document * m + random.nextBelow(m)) * d).subarray(0, d);
      for (let j = 0; j < d; j++) tokens[a * d + j] = row[j] + 0.15 * (2 * random.nextUnit() - 1);
    }
    return queryTokens(normalizeRows(tokens, d), d);
  });
  return { name: `clustered, ${nq} × ${m} × ${d}`, documents: tokenSet(rows, offsets, d), queries };
}

/** Tokens of a small late-interaction model, int8 / 127, 128-d: 11,429 documents, the first 30 of 93 queries. */
function vaswani(root: string): Collection {
  const read = (name: string): Buffer => readFileSync(join(root, 'mv-minicolbert-vaswani', name));
  const load = (tokens: string, lengths: string): TokenSet => {
    const lens = read(lengths);
    const offsets = new Uint32Array(lens.length / 4 + 1);
    for (let i = 0; i + 1 < offsets.length; i++) offsets[i + 1] = offsets[i] + lens.readInt32LE(4 * i);
    const data = Float32Array.from(read(tokens), (byte) => ((byte << 24) >> 24) / 127);
    return tokenSet(normalizeRows(data, 128), offsets, 128);
  };
  const queries = load('query_tokens.i8', 'querylens.i32');
  return {
    name: 'mv-minicolbert-vaswani',
    documents: load('doc_tokens.i8', 'doclens.i32'),
    queries: Array.from({ length: 30 }, (_, i) => {
      return queryTokens(queries.data.slice(queries.offsets[i] * 128, queries.offsets[i + 1] * 128), 128);
    }),
  };
}

function bestOf(scores: ArrayLike<number>): Set<number> {
  const order = Uint32Array.from({ length: scores.length }, (_, i) => i);
  return new Set(order.sort((a, b) => scores[b] - scores[a] || a - b).subarray(0, BEST));
}

interface Line {
  readonly name: string;
  /** Of a timed call. */
  readonly documents: number;
  readonly bytesPerToken: number;
  readonly largestError: number;
  readonly agreement: number;
  readonly run: () => void;
  readonly dispose: () => void;
  best: number;
}

function makeLine(
  core: Core,
  encoded: Encoded,
  collection: Collection,
  exact: readonly Float32Array[],
): Line {
  const { documents, queries } = collection;
  const store = createTokenStore(core, { ...encoded, d: documents.d, metric: 'ip', seed: 1 });
  store.append(documents);
  const all = Uint32Array.from({ length: documents.n }, (_, i) => i);
  let largestError = 0;
  let agreement = 0;
  for (const [q, query] of queries.entries()) {
    const scores = store.scores(query, all);
    for (const [i, score] of scores.entries()) {
      if (score > Number.NEGATIVE_INFINITY)
        largestError = Math.max(largestError, Math.abs(score - exact[q][i]));
    }
    const wanted = bestOf(exact[q]);
    for (const i of bestOf(scores)) if (wanted.has(i)) agreement++;
  }
  const timed = all.subarray(0, TIMED);
  return {
    name: [encoded.encoding, encoded.bits].filter((part) => part !== undefined).join(' '),
    documents: TIMED,
    bytesPerToken: store.bytesPerToken,
    largestError,
    agreement: agreement / (BEST * queries.length),
    run: () => void store.scores(queries[0], timed),
    dispose: () => store.dispose(),
    best: Number.POSITIVE_INFINITY,
  };
}

function measure(core: Core, collection: Collection): void {
  const { name, documents, queries } = collection;
  const { d, offsets, data } = documents;
  console.log(
    `\n${name}: ${documents.n} documents, ${offsets[documents.n]} tokens, ${queries.length} queries`,
  );
  const float32 = createTokenStore(core, { encoding: 'float32', d, metric: 'ip' });
  float32.append(documents);
  const all = Uint32Array.from({ length: documents.n }, (_, i) => i);
  const exact = queries.map((query) => float32.scores(query, all));
  float32.dispose();
  const few = tokenSet(data.slice(0, offsets[TIMED_PLAIN] * d), offsets.slice(0, TIMED_PLAIN + 1), d);
  const plain: Line = {
    name: 'plain TypeScript loop',
    documents: TIMED_PLAIN,
    bytesPerToken: 4 * d,
    largestError: 0,
    agreement: 1,
    run: () => void maxsim(queries[0], few),
    dispose: () => {},
    best: Number.POSITIVE_INFINITY,
  };
  const sums = maxsim(queries[0], few);
  const error = sums.reduce((most, sum, i) => Math.max(most, Math.abs(sum - exact[0][i])), 0);
  const lines = [plain, ...ENCODED.map((encoded) => makeLine(core, encoded, collection, exact))];
  for (let turn = 0; turn < TURNS; turn++) {
    for (const line of lines) {
      const start = performance.now();
      line.run();
      line.best = Math.min(line.best, performance.now() - start);
    }
  }
  // per multiplication and addition of the exact computation, in ns
  const costOf = (line: Line): number => (1e6 * line.best) / (2 * queries[0].n * offsets[line.documents] * d);
  const float = costOf(lines[1]);
  console.log(
    '                        GFLOP/s  documents/s  × float32   × plain  bytes/token    max |Δ|  same ten best',
  );
  for (const line of lines) {
    const { name: label, bytesPerToken, largestError, agreement } = line;
    const cost = costOf(line);
    console.log(
      label.padEnd(22),
      (1 / cost).toFixed(1).padStart(8),
      ((1000 * line.documents) / line.best).toFixed(0).padStart(12),
      (float / cost).toFixed(2).padStart(10),
      (costOf(plain) / cost).toFixed(1).padStart(9),
      String(bytesPerToken).padStart(12),
      (label === 'float32' ? error : largestError).toExponential(1).padStart(10),
      agreement.toFixed(4).padStart(14),
    );
    line.dispose();
  }
}

const core = createCore();
const engine = `Node ${process.version}, ${core.build} build, ${new Date().toISOString().slice(0, 10)}`;
console.log(`${cpus()[0]?.model}, ${engine}`);
measure(core, clustered());
const root = process.env.SAGITTA_DATA;
if (root !== undefined) measure(core, vaswani(root));
core.dispose();
