/** Writes expected.json anew: `node --import tsx --conditions=@sagitta/source packages/retrieval/test/recall/write-expected.ts`. */
import { writeFileSync } from 'node:fs';
import { createCore, METRICS } from '@sagitta/core-wasm';
import { measureRecall, type RecallCase, type RecallRow } from './measure.ts';

const cases: RecallCase[] = [];
for (const dataset of ['clustered', 'skewed', 'isotropic'] as const) {
  const size = { dataset, n: 3000, d: 96, k: 10 };
  for (const bits of [0.5, 1, 2, 4, 8]) {
    cases.push({ ...size, metric: 'l2', bits, nlist: 0, nprobe: 1 });
    cases.push({ ...size, metric: 'l2', bits, nlist: 30, nprobe: 6 });
  }
  for (const metric of METRICS.filter((name) => name !== 'l2')) {
    for (const bits of [1, 4]) cases.push({ ...size, metric, bits, nlist: 30, nprobe: 6 });
  }
}
const core = createCore();
const rows: RecallRow[] = cases.map((row) => ({
  ...row,
  recall: Number(measureRecall(core, row).toFixed(4)),
  tolerance: 0.003,
}));
const lines = rows.map(
  (row) =>
    `  ${JSON.stringify(row)
      .replaceAll(/([:,])"/g, '$1 "')
      .replaceAll(/":(?! )/g, '": ')}`,
);
writeFileSync(new URL('expected.json', import.meta.url), `[\n${lines.join(',\n')}\n]\n`);
