/** What a comparison says to do. */
import { bitsAboveBound } from './bound.ts';
import type { Comparison } from './compare.ts';
import type { ComparisonRow } from './measure.ts';

/** Recall that is called enough. */
const ENOUGH = 0.95;

/** Whether no other row has as much recall in as few bytes of the file. */
export function isOnFrontier(row: ComparisonRow, rows: readonly ComparisonRow[]): boolean {
  return !rows.some(
    ({ fileBytes, recall10 }) =>
      fileBytes <= row.fileBytes &&
      recall10 >= row.recall10 &&
      (fileBytes < row.fileBytes || recall10 > row.recall10),
  );
}

/** Three sentences: what to take, what less or more would be, and what the bound is for. */
export function adviceOf(comparison: Comparison, d: number): string[] {
  const { rows, n } = comparison;
  const frontier = rows.filter((row) => isOnFrontier(row, rows)).sort((a, b) => a.fileBytes - b.fileBytes);
  const at = frontier.findIndex(({ recall10 }) => recall10 >= ENOUGH);
  const taken = frontier.at(at) as ComparisonRow;
  const text = ({ quantizer, bits, recall10, fileBytes }: ComparisonRow): string =>
    `${quantizer} of ${bits} bits, recall@10 ${recall10.toFixed(4)} in ${Number((fileBytes / n).toFixed(1))} bytes a vector of the file`;
  const why =
    at >= 0
      ? `the fewest bytes that reach ${ENOUGH} from codes alone`
      : `the most recall from codes alone, which is below ${ENOUGH}: rerank, or take more bits`;
  const others = [frontier[at - 1], at >= 0 ? frontier[at + 1] : undefined].filter(
    (one) => one !== undefined,
  );
  const isBelow = rows.some((row) => {
    const bits = bitsAboveBound(comparison.ruler, (8 * row.bytesPerVector) / d, row.averageRelativeError);
    return bits !== undefined && bits < 0;
  });
  return [
    `Take ${text(taken)}: ${why}.`,
    `${others.length > 0 ? `Beside it: ${others.map(text).join('; ')}. ` : ''}Of these ${n} vectors; recall falls as a collection grows, and sagitta recommend says how far.`,
    `The bound is for normal vectors with the spectrum of these, and counts no factors${isBelow ? '; these have clusters or heavy tails, which codes use, so that some are below it (−)' : ''}.`,
  ];
}
