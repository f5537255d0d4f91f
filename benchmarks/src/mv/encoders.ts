/** The encoders and stores that are put side by side, and which documents their FDEs find. */
import type { Core, TokenSet } from '@sagitta/core-wasm';
import {
  type FdeEncoder,
  type FdeEncoding,
  MuveraFde,
  muveraPreset,
  trainLearnedFde,
} from '@sagitta/retrieval';
import { createFdeStore } from '@sagitta/retrieval/muvera';
import { rowsOf, slice } from './token-data.ts';

export interface NamedEncoder {
  readonly name: string;
  readonly encoder: FdeEncoder;
  readonly trainSeconds: number;
}

/** Documents that learned encoders are trained on. */
const TRAIN_DOCUMENTS = 2000;

function meanToken({ data, d }: TokenSet): Float32Array {
  const sums = new Float64Array(d);
  for (const [at, value] of data.entries()) sums[at % d] = (sums[at % d] as number) + value;
  return Float32Array.from(sums, (sum) => (sum * d) / data.length);
}

export function encodersFor(core: Core, documents: TokenSet): NamedEncoder[] {
  const sample = slice(documents, 0, Math.min(documents.n, TRAIN_DOCUMENTS));
  const { d } = documents;
  const timed = (name: string, make: () => FdeEncoder): NamedEncoder => {
    const start = performance.now();
    const encoder = make();
    return { name, encoder, trainSeconds: (performance.now() - start) / 1000 };
  };
  return [
    timed('MUVERA 2,560', () => new MuveraFde(muveraPreset(2560, d))),
    timed('MUVERA 10,240', () => new MuveraFde(muveraPreset(10240, d))),
    timed(
      'MUVERA 10,240, mean-split',
      () =>
        new MuveraFde({
          ...muveraPreset(10240, d),
          projectionDimension: 15,
          center: meanToken(sample),
          meanSplit: true,
        }),
    ),
    timed('learned 32 × 64', () => trainLearnedFde(core, sample, { numCells: 32, projectionDimension: 63 })),
    timed('learned 128 × 64', () =>
      trainLearnedFde(core, sample, { numCells: 128, projectionDimension: 63 }),
    ),
    timed('learned 256 × 40', () =>
      trainLearnedFde(core, sample, { numCells: 256, projectionDimension: 39 }),
    ),
  ];
}

export interface EncodingRankings {
  readonly encoding: FdeEncoding;
  /** Every document, best FDE first, for each query. */
  readonly rankings: readonly Uint32Array[];
  readonly bytesPerDocument: number;
}

/** What FDEs find in each encoding; every document is encoded once. */
export function fdeRankings(
  core: Core,
  documents: TokenSet,
  queries: TokenSet,
  encoder: FdeEncoder,
  encodings: readonly FdeEncoding[],
): { found: EncodingRankings[]; documentsPerSecond: number } {
  using session = encoder.createSession(core);
  const chunk = Math.max(1, Math.floor((16 << 20) / (4 * encoder.length)));
  const encode = (first: number, end: number): Float32Array => {
    const out = new Float32Array((end - first) * encoder.length);
    session.encodeDocuments(slice(documents, first, end), out);
    return out;
  };
  const { length, blockLength } = encoder;
  const sample = encode(0, Math.min(documents.n, 1024));
  const stores = encodings.map((encoding) => createFdeStore(core, { encoding, length, blockLength, sample }));
  let spent = 0;
  for (let first = 0; first < documents.n; first += chunk) {
    const start = performance.now();
    const fdes = encode(first, Math.min(documents.n, first + chunk));
    spent += performance.now() - start;
    for (const store of stores) store.append(fdes);
  }
  const encoded = Array.from({ length: queries.n }, (_, q) => session.encodeQuery(rowsOf(queries, q)));
  const found = stores.map((store) => ({
    encoding: store.encoding,
    rankings: encoded.map((query) => store.search(query, documents.n).slots),
    bytesPerDocument: store.bytesPerDocument,
  }));
  for (const store of stores) store.dispose();
  return { found, documentsPerSecond: (1000 * documents.n) / spent };
}
