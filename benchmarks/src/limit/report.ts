/** LIMIT as a page and a picture. */
import { lineChartSvg } from '@sagitta/node';
import { thisMachine } from '../report.ts';
import { type CriticalN, PUBLISHED, polynomial } from './free-embedding.ts';
import type { HashedRow } from './hashed.ts';
import type { ExactMatch } from './limit-small.ts';
import type { RulerRow } from './ruler.ts';

export interface LimitFigures {
  readonly hashed: readonly HashedRow[];
  readonly ruler: readonly RulerRow[];
  readonly free: readonly CriticalN[];
  /** Coefficients of 1, d, d² and d³. */
  readonly fit: readonly number[];
  /** undefined where the published collection is not there. */
  readonly exact: ExactMatch | undefined;
}

export const RULER_SIZES: readonly number[] = [46, 100, 200, 400, 1600];
export const FREE_SEEDS: readonly number[] = [1, 2];
export const FREE_STEPS = 10_000;

export function freeChart(rows: readonly CriticalN[], fit: readonly number[]): string {
  const dimensions = Array.from({ length: 21 }, (_, i) => 2 + i / 4);
  const curve = (name: string, coefficients: readonly number[], from: number) => ({
    name,
    points: dimensions
      .filter((d) => d >= from && d <= 7)
      .map((d) => ({ x: d, y: polynomial(coefficients, d) })),
  });
  return lineChartSvg({
    title: 'Free embeddings: documents whose pairs are all top 2',
    xLabel: 'dimensions',
    yLabel: 'critical n',
    series: [
      {
        name: `measured, most of ${FREE_SEEDS.length} seeds`,
        points: rows.map(({ d, most }) => ({ x: d, y: most })),
      },
      curve('fitted', fit, 2),
      // below 4 the published curve is not made of any point
      curve('published', PUBLISHED, 4),
    ],
  });
}

export function limitReport({ hashed, ruler, free, fit, exact }: LimitFigures): string {
  const { cpu, engine, date } = thisMachine();
  const three = (value: number): string => value.toFixed(3);
  const byNumbers = (n: number, numbers: string): string => {
    const row = ruler.find((one) => one.documents === n && one.numbers === numbers);
    return row === undefined ? '' : three(row.recovered);
  };
  return `# LIMIT

${cpu} · ${engine} · ${date}. Written by \`npm run bench:limit\`.

LIMIT (Weller et al. 2025) asks for pairs of documents: 1,000 queries with two relevant documents each, all pairs of the same 46. What
it stresses is precision and capacity. It is no theorem on dimensions: 2k of them suffice for any number of documents, as the ruler
below shows for k = 2.

## Hashed attributes

Each thing is a fixed pseudo-random unit vector of 128 dimensions, a document the set of its 45 to 50, a query one vector. Exact MaxSim
answers every query, so every miss is the encoding's. FDE ranking alone, then recall@10 after MaxSim of the best 100.

| documents | MUVERA (R,k,p) | numbers | recall@2 | @10 | @100 | @10 reranked |
|---|---|---|---|---|---|---|
${hashed.map((row) => `| ${row.documents.toLocaleString('en-US')} | (${row.config}) | ${lengthOf(row.config)} | ${three(row.recall2)} | ${three(row.recall10)} | ${three(row.recall100)} | ${three(row.reranked10)} |`).join('\n')}
${exact === undefined ? '' : `\nThe published 46 documents: exact match of the thing asked for gives the relevant documents for ${exact.solved} of ${exact.queries} queries.\n`}
## The ruler

Documents on a curve in 4 dimensions of which every pair is the top 2 of a query in closed form, with a margin that shrinks like n⁻⁴. The
share of pairs that come out right:

| documents | float64 | float32 | int8 documents |
|---|---|---|---|
${RULER_SIZES.map((n) => `| ${n.toLocaleString('en-US')} | ${byNumbers(n, 'float64')} | ${byNumbers(n, 'float32')} | ${byNumbers(n, 'int8')} |`).join('\n')}

## Free embeddings

Vectors of documents and queries trained directly (Adam 0.01, InfoNCE at temperature 0.1, at most ${FREE_STEPS.toLocaleString('en-US')} steps; the paper has 100,000):
the largest number of documents all of whose pairs are solved, over ${FREE_SEEDS.length} seeds, beside the published curve
−10.5322 + 4.0309 d + 0.0520 d² + 0.0037 d³, which is made of d ≥ 4. Fitted to the largest:
${fit.map((value, i) => `${value < 0 ? '−' : i > 0 ? '+ ' : ''}${Math.abs(value).toFixed(4)}${['', ' d', ' d²', ' d³'][i]}`).join(' ')}.

| d | least | most | published |
|---|---|---|---|
${free.map(({ d, least, most, published }) => `| ${d} | ${least} | ${most} | ${d < 4 ? '' : published} |`).join('\n')}

![Critical n by dimension](limit.svg)
`;
}

function lengthOf(config: string): string {
  const [repetitions, projections, dimension] = config.split(',').map(Number) as [number, number, number];
  return (repetitions * 2 ** projections * dimension).toLocaleString('en-US');
}
