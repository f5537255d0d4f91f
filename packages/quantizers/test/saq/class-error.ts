/** The average relative error of distances over class lists, as the specification measures it (section 5). */
import type { Core, VectorSet } from '@sagitta/core-wasm';
import { SaqEstimator, type SaqOptions, trainSaq } from '../../src/index.ts';
import { saqLayout } from '../../src/saq/layout.ts';
import { codeList, estimateList, row, trueScores } from '../coded-set.ts';
import type { ClassSet } from '../normal-rows.ts';

export interface ClassError {
  /** |estimated - true| / true squared distance, in per cent, averaged over all pairs. */
  readonly percent: number;
  readonly bytesPerVector: number;
}

/** Every class is a list about its mean, and every list is visited. */
export function classError(
  core: Core,
  set: ClassSet,
  queries: VectorSet,
  options: Omit<SaqOptions, 'metric' | 'residuals'>,
): ClassError {
  const { d, n, means, classes, data } = set;
  const residuals = data.map(
    (value, i) => value - (means[(classes[Math.floor(i / d)] as number) * d + (i % d)] as number),
  );
  const model = trainSaq(core, set, { ...options, metric: 'l2', residuals });
  const estimator = new SaqEstimator(core, model);
  let sum = 0;
  for (let c = 0; c < means.length / d; c++) {
    const members = Array.from(classes.keys()).filter((i) => classes[i] === c);
    const rows = new Float32Array(members.length * d);
    for (const [i, member] of members.entries()) rows.set(row(data, member, d), i * d);
    const list = codeList(core, model, rows, row(means, c, d).slice());
    for (let q = 0; q < queries.n; q++) {
      const query = row(queries.data, q, d);
      const exact = trueScores(model, rows, query);
      for (const [i, estimate] of estimateList(core, estimator, list, query).entries()) {
        sum += Math.abs(estimate - (exact[i] as number)) / (exact[i] as number);
      }
    }
    list.blocks.dispose();
  }
  estimator.dispose();
  return {
    percent: (100 * sum) / (n * queries.n),
    bytesPerVector: saqLayout(model.plan).bytesPerVector,
  };
}
