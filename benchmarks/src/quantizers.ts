/**
 * Every quantizer on real vectors: `SAGITTA_DATA=… npm run bench:quantizers`, some collections only with
 * `-- fashion-mnist`. A full run writes benchmarks/results/quantizers.md and a chart a collection.
 */
import { cpus, loadavg } from 'node:os';
import { createCore } from '@sagitta/core-wasm';
import {
  aboveBound,
  type Comparison,
  compareQuantizers,
  comparisonChart,
  writeFileAtomic,
} from '@sagitta/node';
import { firstRows, loadDataSet } from './data-set.ts';
import { show } from './figure.ts';
import { thisMachine } from './report.ts';

const SETS = [
  { name: 'fashion-mnist', normalise: false },
  { name: 'cifar10-mobilenetv2', normalise: true },
  { name: 'sift-photos-200k', normalise: false },
] as const;
const BITS = [1, 2, 4, 8];
const ROWS = 10_000;
const QUERIES = 200;
/** The paper's ratios to SAQ at 4 bits on GIST, for comparison. */
const PUBLISHED: Readonly<Record<string, number>> = { caq: 5.6, rabitq: 5.4, lvq: 17.8, pq: 7.7 };

function percent(fraction: number): string {
  return `${show(100 * fraction)} %`;
}

function table(comparison: Comparison, d: number): string {
  const { rows } = comparison;
  const saq = new Map(rows.filter(({ quantizer }) => quantizer === 'saq').map((row) => [row.bits, row]));
  const lines = rows.map((row) => {
    const ratio = row.averageRelativeError / (saq.get(row.bits)?.averageRelativeError ?? Number.NaN);
    return `| ${[
      row.quantizer,
      row.bits,
      show(row.bytesPerVector),
      percent(row.averageRelativeError),
      `${ratio.toFixed(2)}×`,
      aboveBound(comparison, row, d),
      percent(row.p99RelativeError),
      row.recall10.toFixed(4),
      row.recall100.toFixed(4),
      row.recall10Reranked.toFixed(4),
      show(row.encodePerSecond),
      row.scanNsPerVector.toFixed(1),
      row.trainSeconds.toFixed(1),
    ].join(' | ')} |`;
  });
  return [
    '| quantizer | bits | bytes | error | to SAQ | bits above bound | p99 error | recall@10 | recall@100 | reranked @10 | encode/s | scan ns | train s |',
    '|---|---|---|---|---|---|---|---|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}

async function main(): Promise<void> {
  const root = process.env['SAGITTA_DATA'];
  if (!root) {
    process.stderr.write('SAGITTA_DATA: expected the folder that holds the collections, got nothing\n');
    process.exitCode = 2;
    return;
  }
  const words = process.argv.slice(2);
  const { cpu, engine, date } = thisMachine();
  const parts: string[] = [];
  const folder = new URL('../results/', import.meta.url).pathname;
  const text = new TextEncoder();
  for (const { name, normalise } of SETS) {
    if (words.length > 0 && !words.includes(name)) continue;
    const set = await loadDataSet(root, name, { queryLimit: QUERIES, normalise });
    const base = firstRows(set.base, ROWS);
    using core = createCore();
    const comparison = await compareQuantizers(core, base, set.queries, {
      metric: 'l2',
      bits: BITS,
      seed: 1,
      onCandidate: ({ label, bits }, done, total) =>
        void process.stderr.write(`${name}: ${done + 1} of ${total}, ${label} at ${bits} bits\n`),
    });
    const title = `${name}, ${base.n.toLocaleString('en-US')} × ${base.d}, squared distance`;
    const bound = comparison.bound
      .map((one) => `${one.bits} bits ${percent(one.averageRelativeError)}`)
      .join(', ');
    parts.push(
      `## ${title}\n\n![Error by bytes](quantizers-${name}.svg)\n\n${table(comparison, base.d)}\n\nRate–distortion bound for normal data of this spectrum: ${bound}.\n`,
    );
    if (words.length === 0) {
      const chart = comparisonChart(comparison, { title, machine: cpu, d: base.d });
      await writeFileAtomic(`${folder}quantizers-${name}.svg`, [text.encode(chart)]);
    }
  }
  const published = Object.entries(PUBLISHED).map(([name, ratio]) => `${name} ${ratio}×`);
  const page = `# Quantizers side by side

${cpu} · ${engine} · ${date}. Written by \`npm run bench:quantizers\`.

The first ${ROWS.toLocaleString('en-US')} vectors of each collection in a flat index, ${QUERIES} queries, seed 1, one thread, every code read. Error is |estimated − true| / true
squared distance, averaged over a query's vectors, then over queries. Reranked: the best 100 by codes scored exactly. Encoding counts
everything from float32 to the list. Load of the machine at the end, the run itself counting 1: ${loadavg()[0]?.toFixed(1)} on ${cpus().length} cores; times of a loaded
machine are only upper bounds (\`npm run bench:encode -w @sagitta/quantizers\` measures encoding alone). The paper of SAQ reports, at 4 bits on GIST, as ratios to SAQ: ${published.join(', ')}.

${parts.join('\n')}`;
  process.stdout.write(page);
  if (words.length === 0) await writeFileAtomic(`${folder}quantizers.md`, [text.encode(page)]);
}

await main();
