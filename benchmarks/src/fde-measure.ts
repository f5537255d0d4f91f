/** One encoding on one collection: FDEs once, then every code of them. */
import type { Core, TokenSet } from '@sagitta/core-wasm';
import { candidatesNeeded, ranksOfTruth, shareFound } from '@sagitta/retrieval/internal';
import { createFdeStore, type FdeEncoder, type FdeStoreOptions } from '@sagitta/retrieval/muvera';

export interface FdeLine {
  readonly label: string;
  readonly dims: number;
  readonly code: string;
  readonly bytes: number;
  /** Share of the exact top 10 among the first N, by position in the list of Ns. */
  readonly found: readonly number[];
  readonly needed90: number;
  readonly needed95: number;
  /** Microseconds a query takes to scan all documents. */
  readonly scanMicros: number;
}

export type Code = Pick<FdeStoreOptions, 'encoding' | 'bits'>;

export function codeName({ encoding, bits }: Code): string {
  return encoding === 'saq' ? `saq ${bits} bits` : encoding;
}

export function encodeAll(core: Core, encoder: FdeEncoder, documents: TokenSet): Float32Array {
  using session = encoder.createSession(core);
  const fdes = new Float32Array(documents.n * encoder.length);
  session.encodeDocuments(documents, fdes);
  return fdes;
}

export function measureCodes(
  core: Core,
  encoder: FdeEncoder,
  label: string,
  set: { readonly documents: TokenSet; readonly queries: TokenSet; readonly truth: Uint32Array },
  codes: readonly Code[],
  ns: readonly number[],
): FdeLine[] {
  const fdes = encodeAll(core, encoder, set.documents);
  const { length, blockLength } = encoder;
  return codes.map((code) => {
    const sample = fdes.subarray(0, Math.min(set.documents.n, 1024) * length);
    using store = createFdeStore(core, { ...code, length, blockLength, sample });
    for (let first = 0; first < set.documents.n; first += 1024) {
      store.append(fdes.subarray(first * length, Math.min(set.documents.n, first + 1024) * length));
    }
    const ranks = ranksOfTruth(core, encoder, store, set.queries, set.truth);
    return {
      label,
      dims: length,
      code: codeName(code),
      bytes: store.bytesPerDocument,
      found: ns.map((n) => shareFound(ranks, n)),
      needed90: candidatesNeeded(ranks, 0.9),
      needed95: candidatesNeeded(ranks, 0.95),
      scanMicros: scanTime(core, encoder, store, set.queries),
    };
  });
}

function scanTime(
  core: Core,
  encoder: FdeEncoder,
  store: { search(query: Float32Array, count: number): unknown },
  { data, offsets, d, n }: TokenSet,
): number {
  using session = encoder.createSession(core);
  const times: number[] = [];
  for (let q = 0; q < Math.min(n, 30); q++) {
    const tokens = data.subarray((offsets[q] as number) * d, (offsets[q + 1] as number) * d);
    const query = session.encodeQuery(tokens);
    const start = performance.now();
    store.search(query, 100);
    times.push(1000 * (performance.now() - start));
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] as number;
}
