/**
 * `npm run bench:advice`: whether advice from a sample keeps its word on the collection. Each trial draws a sample of 400 to 2,000 vectors
 * and a recall, asks recommend for the size of the collection, and takes the first choice. What that has on all of the collection, with
 * queries of its own, is measured once a candidate. Written: results/advice.md, .json, .svg.
 *
 * --trials T a set (200) · --sets A;B (all; those that are read want SAGITTA_DATA) · --seconds S: ends after so many and goes on the next time
 * · --again: trials anew · --fresh: what candidates have on the collection too
 */
import { readFile, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { createCore, RandomStream } from '@sagitta/core-wasm';
import { lineChartSvg, type VectorSet } from '@sagitta/node';
import { sampleRows } from '@sagitta/quantizers';
import { buildFlat, recallAtK, recommend } from '@sagitta/retrieval';
import { candidatesAt } from '@sagitta/retrieval/internal';
import { type AdviceSet, SETS } from './sets.ts';

const K = 10;
const RECALLS = [0.8, 0.9, 0.95, 0.98];
const BITS = [1, 2, 3, 4, 6, 8];
/** All but those whose training alone takes seconds (opq, low-rank pq), and kinds that differ from these in a detail. */
const KINDS = ['saq', 'rabitq', 'lvq', 'pca', 'sign', 'int8', 'turboquant'];
const FOLDER = new URL('../../results/', import.meta.url);

interface Trial {
  readonly vectors: number;
  readonly asked: number;
  /** The first choice, where it is enough; its recall by the sample and on the collection, and its bytes over the fewest that would have done. */
  readonly chosen?: {
    readonly label: string;
    readonly bits: number;
    readonly predicted: number;
    readonly low: number;
    readonly recall: number;
    readonly bytes: number;
  };
  readonly ratio?: number;
}

interface SetResult {
  readonly name: string;
  readonly n: number;
  readonly d: number;
  readonly metric: string;
  readonly trials: readonly Trial[];
  /** Of all candidates on the collection. */
  readonly candidates: readonly Candidate[];
}

interface Candidate {
  readonly label: string;
  readonly bits: number;
  readonly bytes: number;
  readonly recall: number;
}

const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '200' },
    sets: { type: 'string' },
    seconds: { type: 'string', default: 'Infinity' },
    again: { type: 'boolean', default: false },
    fresh: { type: 'boolean', default: false },
  },
});
const begun = performance.now();
const isOver = (): boolean => performance.now() - begun > 1000 * Number(values.seconds);
const wanted = values.sets?.split(';') ?? Object.keys(SETS);
const before = await readFile(new URL('advice.json', FOLDER), 'utf8').catch(() => '[]');
const results = new Map((JSON.parse(before) as SetResult[]).map((one) => [one.name, one]));
for (const name of wanted) {
  if (isOver()) break;
  const make = SETS[name];
  if (!make) throw new Error(`--sets expected ${Object.keys(SETS).join(';')}, got ${name}`);
  const start = performance.now();
  const known = values.fresh ? undefined : results.get(name);
  results.set(name, run(await make(process.env.SAGITTA_DATA), Number(values.trials), known));
  const all = Object.keys(SETS).flatMap((one) => results.get(one) ?? []);
  await writeFile(new URL('advice.json', FOLDER), `${JSON.stringify(all)}\n`);
  await writeFile(new URL('advice.md', FOLDER), reportOf(all));
  await writeFile(new URL('advice.svg', FOLDER), chartOf(all));
  console.log(
    `${name}: ${results.get(name)?.trials.length} trials, ${((performance.now() - start) / 1000).toFixed(0)} s, load ${loadavg()[0]?.toFixed(1)}`,
  );
}

/** known — trials that were done before, which are the first of these. */
function run(set: AdviceSet, count: number, known: SetResult | undefined): SetResult {
  const { base, name, metric } = set;
  const { n, d } = base;
  const candidates = known?.candidates ?? measureAll(set);
  const random = new RandomStream(1, `advice/trials/${name}`);
  using core = createCore();
  const trials: Trial[] = [];
  for (let i = 0; i < count; i++) {
    const vectors = 400 + random.nextBelow(1601);
    const asked = RECALLS[random.nextBelow(RECALLS.length)] as number;
    const done = values.again ? undefined : known?.trials[i];
    if (done === undefined && isOver()) break;
    trials.push(done ?? tryOne(i, vectors, asked));
  }
  if (known && trials.length === 0) return known;
  return { name, n, d, metric, trials, candidates };

  function tryOne(i: number, vectors: number, asked: number): Trial {
    const sample = sampleRows(base, vectors, new RandomStream(i, `advice/sample/${name}`));
    const { choices } = recommend(core, sample, {
      metric,
      recall: asked,
      k: K,
      ...(set.isRead ? { collection: batchesOf(base) } : { collectionSize: n }),
      bits: BITS,
      kinds: KINDS,
      seed: i,
    });
    const [first] = choices;
    if (!first?.isEnough) return { vectors, asked };
    const truth = candidates.find(
      ({ label, bits }) => label === first.label && bits === first.bits,
    ) as Candidate;
    const least = Math.min(...candidates.filter(({ recall }) => recall >= asked).map(({ bytes }) => bytes));
    const { label, bits, recall: predicted, low } = first;
    const chosen = { label, bits, predicted, low, recall: truth.recall, bytes: truth.bytes };
    return { vectors, asked, chosen, ...(Number.isFinite(least) && { ratio: truth.bytes / least }) };
  }
}

function* batchesOf({ data, n, d }: VectorSet): Generator<VectorSet> {
  const rows = 8192;
  for (let at = 0; at < n; at += rows) {
    const own = data.subarray(at * d, (at + rows) * d);
    yield { data: own, n: own.length / d, d };
  }
}

/** Every candidate on the whole collection. */
function measureAll({ base, queries, metric }: AdviceSet): Candidate[] {
  using core = createCore();
  const { d } = base;
  using exact = buildFlat(core, base.data, d, { metric, quantizer: 'none' });
  const truth = exact.searchBatch(queries.data, K).ids;
  const tried = BITS.flatMap((bits) => candidatesAt(bits, base.n, d)).filter(({ label }) =>
    KINDS.includes(label),
  );
  return tried.map(({ label, bits, quantizer, options }) => {
    using index = buildFlat(core, base.data, d, { ...options, metric, quantizer, seed: 1 });
    const found = index.searchBatch(queries.data, K).ids;
    return { label, bits, bytes: index.codeBytesPerVector, recall: recallAtK(found, K, truth, K, K) };
  });
}

function shareHeld(trials: readonly Trial[]): number {
  const advised = trials.flatMap(({ chosen, asked }) => (chosen ? [chosen.recall >= asked] : []));
  return advised.filter((held) => held).length / advised.length;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

function reportOf(all: readonly SetResult[]): string {
  const rows = all.map(({ name, n, d, metric, trials }) => {
    const advised = trials.filter(({ chosen }) => chosen);
    const ratios = trials.flatMap(({ ratio }) => ratio ?? []);
    const missed = advised.flatMap(({ chosen, asked }) =>
      chosen && chosen.recall < asked ? [asked - chosen.recall] : [],
    );
    return `| ${name} | ${n.toLocaleString('en')} × ${d}, ${metric} | ${trials.length} | ${advised.length} | ${shareHeld(trials).toFixed(3)} | ${missed.length ? quantile(missed, 0.5).toFixed(3) : '–'} | ${missed.length ? Math.max(...missed).toFixed(3) : '–'} | ${quantile(ratios, 0.5).toFixed(2)} | ${quantile(ratios, 0.9).toFixed(2)} |`;
  });
  const trials = all.flatMap((one) => one.trials);
  const ratios = trials.flatMap(({ ratio }) => ratio ?? []);
  return `# Does advice keep its word?

\`npm run bench:advice\`. Each trial draws 400 to 2,000 vectors of a collection and one of recall@10 ${RECALLS.join(', ')}, and takes the first choice of \`recommend\` with
\`collectionSize\`. *Held*: of choices called enough, the share that has the recall on the whole collection, with queries of its own. *Bytes*: of the choice's codes over the fewest of
any candidate that has the recall there. *Read once*: \`recommend\` was given the collection itself (\`collection\`) instead of its size. Kinds tried: ${KINDS.join(', ')} at ${BITS.join(', ')} bits.

| collection | | trials | advised | held | missed by: median | most | bytes: median | nine of ten |
|---|---|---|---|---|---|---|---|---|
${rows.join('\n')}
| **all** | | ${trials.length} | ${trials.filter(({ chosen }) => chosen).length} | **${shareHeld(trials).toFixed(3)}** | | | **${quantile(ratios, 0.5).toFixed(2)}** | ${quantile(ratios, 0.9).toFixed(2)} |

![Recall on the collection over the recall that was asked for](advice.svg)

Where nothing is enough \`recommend\` says so, and the trial counts in neither column: trials less advised.
`;
}

/** What choices that were called enough have on the collection: the middle one, and the one that 95 of 100 are above. */
function chartOf(all: readonly SetResult[]): string {
  const series = all.map(({ name, trials }) => ({
    name,
    points: RECALLS.flatMap((asked) => {
      const found = trials.flatMap((one) => (one.asked === asked && one.chosen ? [one.chosen.recall] : []));
      return found.length > 0 ? [{ x: asked, y: quantile(found, 0.05) }] : [];
    }),
  }));
  return lineChartSvg({
    title: 'Recall on the collection that 95 of 100 choices reach',
    xLabel: 'recall@10 asked for',
    yLabel: 'recall@10 of the collection',
    series: [...series, { name: 'as asked', points: RECALLS.map((x) => ({ x, y: x })) }],
  });
}
