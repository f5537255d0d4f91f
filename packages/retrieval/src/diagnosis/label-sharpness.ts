/**
 * Label sharpness: the greatest slope of the labels, max 1/|x - y| over pairs of different labels (Konz & Mazurowski 2024).
 * The authors' published code takes pairs of equal labels in its branch for several classes, which measures the opposite.
 * A maximum is one pair's opinion, so the 99.9 % quantile stands beside it.
 */
import type { Core, VectorSet } from '@sagitta/core-wasm';
import { scoreTiles } from '../search/score-tiles.ts';

const QUANTILE = 0.999;

/** Slopes of labels between rows. */
export interface LabelSharpness {
  /** Infinite where a row is there with two labels; 0 where all labels are the same. */
  readonly sharpness: number;
  readonly quantile: number;
}

/** Computes both over all pairs; labels — one a row. */
export function labelSharpness(core: Core, rows: VectorSet, labels: ArrayLike<number>): LabelSharpness {
  const slopes: number[] = [];
  scoreTiles(core, 'l2', rows, rows, (i, scores) => {
    for (let j = 0; j < i; j++) {
      if (labels[i] !== labels[j]) slopes.push(1 / Math.sqrt(scores[j] as number));
    }
  });
  if (slopes.length === 0) return { sharpness: 0, quantile: 0 };
  const sorted = Float64Array.from(slopes).sort();
  return {
    sharpness: sorted.at(-1) as number,
    quantile: sorted[Math.max(0, Math.ceil(QUANTILE * sorted.length) - 1)] as number,
  };
}
