/** 50,000 made documents of 80 tokens: exact MaxSim beside the index, and the memory of a build. */
import { type Core, createCore, type Scope } from '@sagitta/core-wasm';
import {
  type MultiVectorIndex,
  type MultiVectorSearchOptions,
  trainLearnedFde,
  trainMultiVectorIndex,
} from '@sagitta/retrieval';
import { type Contender, type RaceRow, race } from './race.ts';
import { ClusteredTokens, rowsOf } from './token-data.ts';

const N = 50_000;
const TOKENS = 80;
const QUERY_TOKENS = 32;
const QUERIES = 12;
const K = 10;
/** Documents that are made and added at a time. */
const BATCH = 500;
const ROUNDS = 2;

export interface ClusteredFigures {
  readonly documents: number;
  readonly race: readonly RaceRow[];
  readonly buildSeconds: number;
  readonly encodePerSecond: number;
  readonly heldBytes: number;
  readonly peakBytes: number;
  readonly parts: { readonly fdes: number; readonly tokens: number };
}

/** A core that notes the most memory that was held at once. */
function watch(core: Core): { readonly core: Core; peak(): number } {
  let most = 0;
  const note = <T>(made: T): T => {
    most = Math.max(most, core.bytesUsed());
    return made;
  };
  return {
    core: {
      ...core,
      allocate: (byteLength) => note(core.allocate(byteLength)),
      scope: (body) =>
        core.scope((scope) => body({ reserve: (bytes) => note(scope.reserve(bytes)) } satisfies Scope)),
    },
    peak: () => most,
  };
}

export function clusteredFigures(log: (line: string) => void): ClusteredFigures {
  const made = new ClusteredTokens({ subjects: 1000, tokens: TOKENS, queryTokens: QUERY_TOKENS, seed: 1 });
  using real = createCore();
  const { core, peak } = watch(real);
  const sample = made.documents(0, 2000);
  const encoder = trainLearnedFde(core, sample, {
    numCells: 32,
    projectionDimension: 63,
    numVoters: 256,
  });
  log('encoder trained');
  const index = trainMultiVectorIndex(core, sample, { encoder, metric: 'ip', fdeEncoding: 'int8' });
  const start = performance.now();
  let adding = 0;
  for (let first = 0; first < N; first += BATCH) {
    const tokens = made.documents(first, first + BATCH);
    const ids = Array.from({ length: BATCH }, (_, i) => first + i);
    const begun = performance.now();
    index.add({ ids, tokens });
    adding += performance.now() - begun;
    if ((first + BATCH) % 10_000 === 0) log(`${first + BATCH} documents added`);
  }
  log(
    `built in ${((performance.now() - start) / 1000).toFixed(0)} s, ${(adding / 1000).toFixed(0)} s of them in add`,
  );
  const [heldBytes, peakBytes] = [real.bytesUsed(), peak()];
  const encodePerSecond = encodeSpeed(real, index, sample);
  const queries = made.queries(QUERIES, N);
  const truth = new Uint32Array(QUERIES * K);
  for (let q = 0; q < QUERIES; q++) {
    truth.set(index.searchIds(rowsOf(queries, q), K, { exact: true }).ids.map(Number), q * K);
  }
  log('exact neighbours known');
  const { fdes, tokens } = index.bytes();
  const contender = (name: string, setting: string, options: MultiVectorSearchOptions): Contender => ({
    name,
    setting,
    bytesPerDocument: ((options.exact ? 0 : fdes) + tokens) / N,
    search: (q) => index.searchIds(rowsOf(queries, q), K, options).ids.map(Number),
  });
  const rows = race(
    [
      contender('exact MaxSim', 'int8 tokens', { exact: true }),
      ...[30, 50, 100, 200, 400].map((budget) =>
        contender('MultiVectorIndex, learned 32 × 64, int8', `rerank ${budget}`, {
          candidates: budget,
          rerank: budget,
        }),
      ),
    ],
    QUERIES,
    { truth, truthWidth: K },
    K,
    ROUNDS,
  );
  index.dispose();
  return {
    documents: N,
    race: rows,
    buildSeconds: adding / 1000,
    encodePerSecond,
    heldBytes,
    peakBytes,
    parts: { fdes: fdes / N, tokens: tokens / N },
  };
}

/** FDEs a second, without stores. */
function encodeSpeed(
  core: Core,
  index: MultiVectorIndex,
  sample: ReturnType<ClusteredTokens['documents']>,
): number {
  using session = index.encoder.createSession(core);
  const out = new Float32Array(sample.n * index.encoder.length);
  let best = 0;
  for (let round = 0; round < 3; round++) {
    const start = performance.now();
    session.encodeDocuments(sample, out);
    best = Math.max(best, (1000 * sample.n) / (performance.now() - start));
  }
  return best;
}
