/**
 * LIMIT as a stress of precision and capacity: `npm run bench:limit`, parts of it with `-- --only hashed` (or ruler, free).
 * `--json` prints the figures as one object and writes nothing; a full run writes benchmarks/results/limit.md and .svg.
 */
import { parseArgs } from 'node:util';
import { createCore } from '@sagitta/core-wasm';
import { lineChartSvg, writeFileAtomic } from '@sagitta/node';
import { MuveraFde } from '@sagitta/retrieval/muvera';
import { thisMachine } from '../report.ts';
import { makeLimit } from './collection.ts';
import { type CriticalN, criticalN, fitPolynomial, PUBLISHED, polynomial } from './free-embedding.ts';
import { attributeVectors, type HashedRow, measureHashed } from './hashed.ts';
import { type ExactMatch, measureExactMatch } from './limit-small.ts';
import { measureRuler, RULER_NUMBERS, type RulerRow } from './ruler.ts';

const PARTS = ['hashed', 'ruler', 'free'] as const;
type Part = (typeof PARTS)[number];

const D = 128;
const SIZES = [46, 50_000];
/** R, k, p; the first is that of the gate. */
const CONFIGS = [
  [20, 4, 8],
  [20, 3, 8],
  [20, 5, 8],
  [20, 5, 16],
] as const;
const RULER_SIZES = [46, 100, 200, 400, 1600];
/** Pairs of int8 documents drown long before this many. */
const RULER_INT8_MOST = 400;
const FREE_DIMENSIONS = [2, 3, 4, 5, 6, 7, 8];
const FREE_SEEDS = [1, 2, 3];
const FREE_STEPS = 20_000;

const { values: flags } = parseArgs({ options: { json: { type: 'boolean' }, only: { type: 'string' } } });
const only = PARTS.find((part) => part === flags.only);
if (flags.only !== undefined && only === undefined) {
  throw new RangeError(`"--only" expected one of ${PARTS.join(', ')}, got ${flags.only}`);
}
const started = performance.now();

function log(line: string): void {
  process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${line}\n`);
}

function isWanted(part: Part): boolean {
  return only === undefined || only === part;
}

function hashedRows(configs: readonly (readonly [number, number, number])[]): HashedRow[] {
  using core = createCore();
  return SIZES.flatMap((documents) => {
    const limit = makeLimit(documents);
    const vectors = attributeVectors(limit.attributes, D);
    return configs.map(([numRepetitions, numSimhashProjections, projectionDimension]) => {
      const encoder = new MuveraFde({ d: D, numRepetitions, numSimhashProjections, projectionDimension });
      const config = [numRepetitions, numSimhashProjections, projectionDimension].join();
      const row = measureHashed(core, limit, encoder, config, vectors);
      log(
        `${documents} documents, (${config}): recall@10 ${row.recall10.toFixed(3)}, reranked ${row.reranked10.toFixed(3)}`,
      );
      return row;
    });
  });
}

function rulerRows(): RulerRow[] {
  return RULER_SIZES.flatMap((n) =>
    RULER_NUMBERS.filter((numbers) => numbers !== 'int8' || n <= RULER_INT8_MOST).map((numbers) => {
      const row = measureRuler(n, numbers);
      log(`ruler, ${n} documents, ${numbers}: ${row.recovered.toFixed(3)}`);
      return row;
    }),
  );
}

function freeRows(): CriticalN[] {
  return FREE_DIMENSIONS.map((d) => {
    const published = Math.round(polynomial(PUBLISHED, d));
    const found = FREE_SEEDS.map((seed) => criticalN(d, published - 2, { seed, maximumSteps: FREE_STEPS }));
    log(`free embeddings, d = ${d}: critical n ${found.join(', ')}`);
    return { d, least: Math.min(...found), most: Math.max(...found), published };
  });
}

function freeChart(rows: readonly CriticalN[], fit: readonly number[]): string {
  const dimensions = Array.from({ length: 29 }, (_, i) => 2 + i / 4);
  const curve = (name: string, coefficients: readonly number[], from: number) => ({
    name,
    points: dimensions
      .filter((d) => d >= from && d <= 8)
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

function markdown(
  hashed: readonly HashedRow[],
  ruler: readonly RulerRow[],
  free: readonly CriticalN[],
  fit: readonly number[],
  exact: ExactMatch | undefined,
): string {
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

Each thing is a fixed pseudo-random unit vector of ${D} dimensions, a document the set of its 45 to 50, a query one vector. Exact MaxSim
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

const hashed = isWanted('hashed') ? hashedRows(only === 'hashed' ? CONFIGS.slice(0, 1) : CONFIGS) : undefined;
const ruler = isWanted('ruler') ? rulerRows() : undefined;
const free = isWanted('free') ? freeRows() : undefined;
const fit =
  free &&
  fitPolynomial(
    free.map(({ d, most }) => [d, most]),
    3,
  );
if (flags.json) {
  process.stdout.write(
    `${JSON.stringify({ ...(hashed && { hashed }), ...(ruler && { ruler }), ...(free && { free, fit }) })}\n`,
  );
} else if (hashed && ruler && free && fit) {
  const folder = new URL('../../results/', import.meta.url);
  const text = markdown(hashed, ruler, free, fit, measureExactMatch(process.env['SAGITTA_DATA']));
  await writeFileAtomic(new URL('limit.md', folder).pathname, [new TextEncoder().encode(text)]);
  await writeFileAtomic(new URL('limit.svg', folder).pathname, [
    new TextEncoder().encode(freeChart(free, fit)),
  ]);
  process.stdout.write(text);
} else console.log({ hashed, ruler, free });
