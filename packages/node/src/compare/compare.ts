/** Every applicable quantizer on one collection, at nearly equal bytes, and the bound beside them. */
import {
  type Core,
  checkOptions,
  type Metric,
  metricSet,
  type OptionTable,
  type VectorSet,
  type VectorSetInput,
  vectorSet,
} from '@sagitta/core-wasm';
import { type Candidate, candidatesAt } from '@sagitta/retrieval/internal';
import { exactNeighbors } from '../exact-neighbors.ts';
import { memorySource } from '../readers/memory-source.ts';
import { type BoundPoint, errorBound } from './bound.ts';
import { type ComparisonRow, measureCandidate } from './measure.ts';

/** Says which quantizers are compared at which bits, and how. */
export interface CompareOptions {
  readonly metric: Metric;
  /** Bits a dimension. */
  readonly bits: readonly number[];
  readonly seed: number;
  /** Labels of candidatesAt to take; default all. */
  readonly only?: readonly string[] | undefined;
  readonly onCandidate?: ((candidate: Candidate, done: number, total: number) => void) | undefined;
}

const COMPARE_OPTIONS: OptionTable<CompareOptions> = {
  metric: 'string',
  bits: 'any',
  seed: 'number',
  only: 'any',
  onCandidate: 'function',
};

/** Holds what compareQuantizers has measured. */
export interface Comparison {
  readonly rows: readonly ComparisonRow[];
  /** Vectors that were coded. */
  readonly n: number;
  readonly bound: readonly BoundPoint[];
  /** The bound at every half bit, for distances from it. */
  readonly ruler: readonly BoundPoint[];
}

const RULER: readonly number[] = Array.from({ length: 41 }, (_, i) => i / 2);

/** What compareQuantizers takes, in order. */
export function candidatesOf(
  base: VectorSet,
  { bits, only }: Pick<CompareOptions, 'bits' | 'only'>,
): readonly Candidate[] {
  return bits
    .flatMap((one) => candidatesAt(one, base.n, base.d))
    .filter(({ label }) => only === undefined || only.includes(label));
}

/**
 * Measures quantizers on vectors and queries: bytes, recall, error and speed of each.
 * @throws RangeError on sets that do not fit together, and what training throws
 */
export async function compareQuantizers(
  core: Core,
  givenBase: VectorSetInput,
  givenQueries: VectorSetInput,
  options: CompareOptions,
): Promise<Comparison> {
  checkOptions('options', options, COMPARE_OPTIONS);
  const { metric, seed } = options;
  const base = vectorSet(givenBase.data, givenBase.d, 'base');
  const queries = vectorSet(givenQueries.data, givenQueries.d, 'queries');
  if (queries.d !== base.d) throw new RangeError(`"queries" expected d = ${base.d}, got ${queries.d}`);
  const truthWidth = Math.min(100, base.n);
  const exact = await exactNeighbors(core, memorySource(base), queries, { k: truthWidth, metric });
  const collection = { metric, base, queries, truth: exact.ids, truthWidth };
  const candidates = candidatesOf(base, options);
  const rows = candidates.map((candidate, i) => {
    options.onCandidate?.(candidate, i, candidates.length);
    return measureCandidate(core, collection, candidate, seed);
  });
  const unit = ({ data, d }: VectorSet, label: string): VectorSet => metricSet(metric, data, d, label);
  const points = errorBound(core, unit(base, 'base'), unit(queries, 'queries'), [...options.bits, ...RULER]);
  return {
    rows,
    n: base.n,
    bound: points.slice(0, options.bits.length),
    ruler: points.slice(options.bits.length),
  };
}
