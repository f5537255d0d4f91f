/**
 * LIMIT as a stress of precision and capacity: `npm run bench:limit`, parts of it with `-- --only hashed` (or ruler, free).
 * `--json` prints the figures as one object and writes nothing; a full run writes benchmarks/results/limit.md and .svg.
 */
import { parseArgs } from 'node:util';
import { createCore } from '@sagitta/core-wasm';
import { writeFileAtomic } from '@sagitta/node';
import { MuveraFde } from '@sagitta/retrieval/muvera';
import { makeLimit } from './collection.ts';
import { type CriticalN, criticalN, fitPolynomial, PUBLISHED, polynomial } from './free-embedding.ts';
import { attributeVectors, type HashedRow, measureHashed } from './hashed.ts';
import { measureExactMatch } from './limit-small.ts';
import { FREE_SEEDS, FREE_STEPS, freeChart, limitReport, RULER_SIZES } from './report.ts';
import { measureRuler, RULER_NUMBERS, type RulerRow } from './ruler.ts';

const PARTS = ['hashed', 'ruler', 'free'] as const;
type Part = (typeof PARTS)[number];

const D = 128;
const SIZES = [46, 50_000];
/** R, k, p, and whether empty cells are filled; the first is that of the gate. */
const CONFIGS = [
  [20, 4, 8, true],
  [20, 4, 8, false],
  [20, 3, 8, true],
  [20, 5, 8, true],
  [20, 5, 16, true],
] as const;
/** Pairs of int8 documents drown long before this many. */
const RULER_INT8_MOST = 400;
const FREE_DIMENSIONS = [2, 3, 4, 5, 6, 7];

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

function hashedRows(configs: readonly (readonly [number, number, number, boolean])[]): HashedRow[] {
  using core = createCore();
  return SIZES.flatMap((documents) => {
    const limit = makeLimit(documents);
    const vectors = attributeVectors(limit.attributes, D);
    return configs.map(([numRepetitions, numSimhashProjections, projectionDimension, fillEmpty]) => {
      const encoder = new MuveraFde({
        d: D,
        numRepetitions,
        numSimhashProjections,
        projectionDimension,
        fillEmpty,
      });
      const letters = [numRepetitions, numSimhashProjections, projectionDimension].join();
      const config = fillEmpty ? letters : `${letters}, no fill`;
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
  const text = limitReport({
    hashed,
    ruler,
    free,
    fit,
    exact: measureExactMatch(process.env['SAGITTA_DATA']),
  });
  await writeFileAtomic(new URL('limit.md', folder).pathname, [new TextEncoder().encode(text)]);
  await writeFileAtomic(new URL('limit.svg', folder).pathname, [
    new TextEncoder().encode(freeChart(free, fit)),
  ]);
  process.stdout.write(text);
} else console.log({ hashed, ruler, free });
