/**
 * The length correction of MuveraFde. MaxSim grows with a document's length, since the maximum is taken over more tokens;
 * the means of cells do not, so FDEs underrate long documents by about a + β·ln m a query token (m tokens). β is the slope of
 * the least-squares line through (ln m, (MaxSim - <FDE, FDE>/R)/|Q|) over pairs of queries and documents.
 */
import type { Core, TokenSet } from '@sagitta/core-wasm';
import { exactMaxSim, setAt } from './measure-fde.ts';
import { MuveraFde } from './muvera-fde.ts';
import type { MuveraOptions } from './muvera-options.ts';
import { lnCount } from './token-chunks.ts';

/** Says how far the inner product of FDEs falls behind MaxSim as documents get longer. */
export interface LengthBeta {
  readonly beta: number;
  /** Correlation of the gap with ln m. */
  readonly correlation: number;
}

/**
 * β for encoders of the options (their own lengthBeta is left out), from all pairs of the sample's sets that are not
 * empty; some tens of queries and hundreds of documents of different lengths are enough.
 * @throws RangeError where no two documents differ in length, or on no query with tokens
 */
export function fitLengthBeta(
  core: Core,
  options: MuveraOptions,
  documents: TokenSet,
  queries: TokenSet,
): LengthBeta {
  const { lengthBeta: _, ...rest } = options;
  const encoder = new MuveraFde(rest);
  const { length, parameters } = encoder;
  const { n } = documents;
  const exact = exactMaxSim(core, queries, documents);
  using session = encoder.createSession(core);
  const fdes = new Float32Array(n * length);
  session.encodeDocuments(documents, fdes);
  const sums = { pairs: 0, x: 0, y: 0, xx: 0, xy: 0, yy: 0 };
  for (let q = 0; q < queries.n; q++) {
    const tokens = setAt(queries, q);
    if (tokens.length === 0) continue;
    const query = session.encodeQuery(tokens);
    for (let i = 0; i < n; i++) {
      const m = (documents.offsets[i + 1] as number) - (documents.offsets[i] as number);
      if (m === 0) continue;
      let estimate = 0;
      for (let j = 0; j < length; j++) estimate += (query[j] as number) * (fdes[i * length + j] as number);
      const gap = (exact[q * n + i] as number) - estimate / parameters.numRepetitions;
      const x = lnCount(m);
      const y = (gap * encoder.d) / tokens.length;
      sums.pairs++;
      sums.x += x;
      sums.y += y;
      sums.xx += x * x;
      sums.xy += x * y;
      sums.yy += y * y;
    }
  }
  const { pairs, x, y, xx, xy, yy } = sums;
  const spreadX = xx - (x * x) / pairs;
  const spreadY = yy - (y * y) / pairs;
  if (!(spreadX > 1e-9 * xx)) {
    throw new RangeError('"documents" expected sets of different lengths and a query with tokens, got none');
  }
  const joint = xy - (x * y) / pairs;
  return { beta: joint / spreadX, correlation: spreadY > 0 ? joint / Math.sqrt(spreadX * spreadY) : 0 };
}
