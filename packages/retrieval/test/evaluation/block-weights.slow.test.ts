/** The table of docs/evaluation.md: weights of blocks from judgements with noise, 20 draws a line. */
import { RandomStream } from '@sagitta/core-wasm';
import { gaussianRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { learnBlockWeights } from '../../src/evaluation/index.ts';

const BLOCKS = [16, 16, 16];
const [N, D] = [400, 48];
const DRAWS = 20;
const NOISE = 2;

/** Of each query the best three rows by weighed blocks and noise: grades 3, 2 and 1. */
function qrelsOf(
  queries: Float32Array,
  base: Float32Array,
  truth: readonly number[],
  noise: Float32Array,
): Map<string, Map<string, number>> {
  return new Map(
    Array.from({ length: queries.length / D }, (_, q): [string, Map<string, number>] => {
      const scores = Float64Array.from({ length: N }, (_unused, row) => {
        let sum = NOISE * (noise[q * N + row] as number);
        for (let i = 0; i < D; i++) {
          const weight = truth[Math.floor(i / 16)] as number;
          sum += weight * (queries[q * D + i] as number) * (base[row * D + i] as number);
        }
        return sum;
      });
      const order = Array.from(scores.keys()).sort((a, b) => (scores[b] as number) - (scores[a] as number));
      return [String(q), new Map(order.slice(0, 3).map((row, at) => [String(row), 3 - at]))];
    }),
  );
}

interface Line {
  readonly truth: readonly number[];
  readonly count: number;
  readonly isOfOthers?: boolean;
  readonly equal: number;
  readonly learned: number;
  /** Draws in which learned weights were taken. */
  readonly taken: readonly [least: number, most: number];
  /** Draws in which the third weight is 0 and the second is not, at least. */
  readonly dropped?: number;
}

const LINES: readonly Line[] = [
  { truth: [1, 0.3, 0], count: 20, equal: 0.292, learned: 0.649, taken: [19, 20], dropped: 13 },
  { truth: [1, 0.3, 0], count: 60, equal: 0.3, learned: 0.677, taken: [20, 20], dropped: 18 },
  { truth: [1, 0.7, 0.5], count: 20, equal: 0.685, learned: 0.73, taken: [2, 9] },
  { truth: [1, 0.7, 0.5], count: 60, equal: 0.679, learned: 0.746, taken: [10, 18] },
  { truth: [1, 1, 1], count: 60, equal: 0.834, learned: 0.834, taken: [0, 1] },
  { truth: [1, 1, 1], count: 20, isOfOthers: true, equal: 0.014, learned: 0.014, taken: [0, 1] },
];

describe.each(LINES)('weights $truth of $count queries', (line) => {
  it('are learned as the table says', () => {
    let [equal, learned, taken, dropped] = [0, 0, 0, 0];
    for (let seed = 1; seed <= DRAWS; seed++) {
      const base = gaussianRows(N, D, 10 * seed);
      const queries = gaussianRows(line.count, D, 10 * seed + 1);
      const noise = gaussianRows(line.count, N, 10 * seed + 2);
      const judged = line.isOfOthers ? gaussianRows(N, D, 10 * seed + 3) : base;
      const found = learnBlockWeights({
        queries: { data: queries, d: D },
        base: { data: base, d: D },
        blocks: BLOCKS,
        qrels: qrelsOf(queries, judged, line.truth, noise),
        measure: 'ndcg@10',
        seed: new RandomStream(seed, 'block-weights').nextBelow(1000),
      });
      equal += found.equal / DRAWS;
      learned += found.learned / DRAWS;
      if (found.isLearned) taken++;
      if (found.isLearned && found.weights[2] === 0 && found.weights[1] !== 0) dropped++;
    }
    process.stdout.write(
      `${line.truth} of ${line.count}: equal ${equal.toFixed(3)}, held out ${learned.toFixed(3)}, taken ${taken}, third dropped ${dropped}\n`,
    );
    expect(Math.abs(equal - line.equal)).toBeLessThan(0.005);
    expect(Math.abs(learned - line.learned)).toBeLessThan(0.005);
    // never worse on folds that were not seen, but by what chance does
    if (taken === DRAWS) expect(learned).toBeGreaterThan(equal);
    expect(taken).toBeGreaterThanOrEqual(line.taken[0]);
    expect(taken).toBeLessThanOrEqual(line.taken[1]);
    if (line.dropped !== undefined) expect(dropped).toBeGreaterThanOrEqual(line.dropped);
  });
});
