/**
 * Sentences of a diagnosis, each with its figure. Intrinsic dimension says how many lists or edges a search must visit: over ten
 * collections its rank correlation with the recall of lists at a fixed share of them is -.84, and with the recall of 2-bit
 * codes there is none (below .45 in amount). So bits are measured, on the rows themselves.
 */
import type { Core, Metric, VectorSet } from '@sagitta/core-wasm';
import { recallAtK } from '../evaluation/recall.ts';
import { buildFlat } from '../ivf/build.ts';

/** Is a sentence of advice. */
export interface DiagnosisAdvice {
  /** What it is about. */
  readonly what: 'bits' | 'index' | 'dims' | 'metric' | 'duplicates';
  /** One sentence. */
  readonly text: string;
  /** The figure that it rests on. */
  readonly figure: number;
}

/** Recall@10 with 4 of 64 lists visited, of real collections of 6,000 rows by their dimension (MLE, k = 100). */
const LISTS: readonly (readonly [dimension: number, recall: number])[] = [
  [9.8, 0.977],
  [12.5, 0.824],
  [18, 0.78],
  [27.7, 0.741],
];
/** Bits that are measured, fewest first, and what is enough. */
const BITS: readonly number[] = [1, 2, 3, 4, 6, 8];
/** Dimensions up to which the components that SAQ learns take no time. */
const FEW_DIMENSIONS = 256;
const ENOUGH = 0.95;
const K = 10;
const QUERIES = 200;

/** What a dimension means for lists. */
export function adviseIndex(dimension: number, contrast: number): DiagnosisAdvice {
  const [least, most] = [LISTS[0], LISTS.at(-1)] as [readonly [number, number], readonly [number, number]];
  let recall = dimension <= least[0] ? least[1] : most[1];
  for (let i = 1; i < LISTS.length; i++) {
    const [[x0, y0], [x1, y1]] = [LISTS[i - 1], LISTS[i]] as [
      readonly [number, number],
      readonly [number, number],
    ];
    if (dimension > x0 && dimension <= x1) recall = y0 + ((dimension - x0) / (x1 - x0)) * (y1 - y0);
  }
  const about = dimension > 15 ? `at least ${dimension.toFixed(0)}` : `about ${dimension.toFixed(1)}`;
  const which =
    dimension <= least[0] ? 'that much or less' : dimension > most[0] ? 'less than that' : 'that much';
  return {
    what: 'index',
    text:
      `The intrinsic dimension is ${about} and a nearest neighbour ${contrast.toFixed(2)} times nearer than a random row: ` +
      `real collections of ${which} had recall@10 of ${recall.toFixed(2)} with one list of sixteen visited.`,
    figure: dimension,
  };
}

/** Fewest bits that find .95 of the true ten among these rows; undefined of few rows. */
export function adviseBits(core: Core, metric: Metric, rows: VectorSet): DiagnosisAdvice | undefined {
  const { n, d, data } = rows;
  const queries = Math.min(QUERIES, Math.floor(n / 5));
  if (n - queries < 10 * K) return undefined;
  const [asked, base] = [data.subarray(0, queries * d), data.subarray(queries * d)];
  using exact = buildFlat(core, base, d, { metric, quantizer: 'float32' });
  const truth = exact.searchBatch(asked, K).ids;
  const quantizer = d <= FEW_DIMENSIONS ? 'saq' : 'rabitq';
  let recall = 0;
  let bits = 0;
  for (bits of BITS) {
    using coded = buildFlat(core, base, d, { metric, quantizer, bits });
    recall = recallAtK(coded.searchBatch(asked, K).ids, K, truth, K, K);
    if (recall >= ENOUGH) break;
  }
  const enough = recall >= ENOUGH ? '' : ', which is the most there is: score candidates again';
  return {
    what: 'bits',
    text:
      `${bits} ${bits === 1 ? 'bit' : 'bits'} a dimension (${quantizer === 'saq' ? 'SAQ' : 'RaBitQ, which learns nothing'}; no rerank) find ${(100 * recall).toFixed(1)} % of the true ten among ` +
      `${(n - queries).toLocaleString('en-US')} rows${enough}; a larger collection takes more, and \`recommend\` measures it.`,
    figure: recall,
  };
}

/** Whether fewer dimensions will do, whether rows have a common part or few of great length, and how many are copies. */
export function adviseData(of: {
  readonly n: number;
  readonly d: number;
  readonly metric: Metric;
  readonly dimsFor95: number;
  readonly meanShare: number;
  readonly duplicates: number;
  readonly longRows: number;
}): DiagnosisAdvice[] {
  const out: DiagnosisAdvice[] = [];
  const share = (value: number): string => `${(100 * value).toFixed(1)} %`;
  if (of.dimsFor95 < of.d / 2) {
    out.push({
      what: 'dims',
      text: `95 % of the variance lie in ${of.dimsFor95} of ${of.d} principal directions: see by \`sagitta pca\` what recall fewer dimensions keep.`,
      figure: of.dimsFor95,
    });
  }
  if (of.longRows > 0) {
    out.push({
      what: 'metric',
      text: `${of.longRows} rows are more than ten times as long as the median: they decide means, principal directions and inner products; leave them out of training, or take cosine.`,
      figure: of.longRows,
    });
  } else if (of.metric !== 'l2' && of.meanShare > 0.5) {
    out.push({
      what: 'metric',
      text: `${share(of.meanShare)} of the mean squared length is a part common to all rows, so similarities lie close together: subtract the mean before cosine, or take l2.`,
      figure: of.meanShare,
    });
  }
  if (of.duplicates > 0.01 * of.n) {
    out.push({
      what: 'duplicates',
      text: `${share(of.duplicates / of.n)} of the rows are copies of others: keep one of each, or ask for more results than you show.`,
      figure: of.duplicates,
    });
  }
  return out;
}
