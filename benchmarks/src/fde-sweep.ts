/** Generated clouds from isotropic to one direction, and with nuisance directions: which encodings still find the best. */
import type { Core } from '@sagitta/core-wasm';
import { lineChartSvg } from '@sagitta/node';
import { bestOfRows, exactMaxSim } from '@sagitta/retrieval/internal';
import { CENTRED, type Contender, FLOAT, MEAN_SPLIT, means, preset, split, votes } from './fde-contenders.ts';
import { measureCodes } from './fde-measure.ts';
import { makeCloud } from './fde-sets.ts';

const D = 128;
const QUERY_TOKENS = 32;

export interface SweepLine {
  readonly cosine: number;
  readonly nuisances: number;
  readonly documents: number;
  readonly label: string;
  readonly dims: number;
  /** Share of queries whose exact best is among the first 10, 200. */
  readonly top10: number;
  readonly top200: number;
}

interface Cloud {
  readonly documents: number;
  readonly queries: number;
  readonly common: number;
  readonly nuisances: number;
  readonly strength: number;
  readonly contenders: readonly Contender[];
}

const PLAIN = {
  documents: 1000,
  queries: 60,
  nuisances: 0,
  strength: 0,
  contenders: [
    preset(10240),
    CENTRED,
    MEAN_SPLIT,
    means(128, 64),
    votes(16, 63, 1024, FLOAT),
    votes(64, 127, 2048, FLOAT),
    split(128, 32, 128),
  ],
};

const SWEEP: readonly Cloud[] = [
  { ...PLAIN, common: 0 },
  { ...PLAIN, common: 1.7 },
  { ...PLAIN, common: 3.4 },
  { ...PLAIN, common: 4.9 },
  {
    documents: 3000,
    queries: 150,
    common: 3,
    nuisances: 4,
    strength: 0.75,
    contenders: [
      preset(10240),
      MEAN_SPLIT,
      means(128, 64),
      votes(64, 127, 2048, FLOAT),
      votes(64, 127, 2048, FLOAT, 0),
      votes(128, 127, 4096, FLOAT),
      votes(128, 127, 4096, FLOAT, 0),
      split(128, 32, 128),
      split(256, 64, 128),
      split(256, 128, 64),
      split(256, 32, 128),
    ],
  },
];

export function runSweep(core: Core): SweepLine[] {
  const lines: SweepLine[] = [];
  for (const { contenders, ...cloud } of SWEEP) {
    const { documents, queries } = makeCloud({ ...cloud, queryTokens: QUERY_TOKENS, seed: 1 });
    const truth = bestOfRows(exactMaxSim(core, queries, documents), documents.n, 1);
    const set = { documents, queries, truth };
    const cosine = pairCosine(documents.data);
    for (const { label, make } of contenders) {
      const [line] = measureCodes(core, make(core, set), label, set, FLOAT, [10, 200]);
      const [top10 = 0, top200 = 0] = line?.found ?? [];
      const { nuisances } = cloud;
      lines.push({ cosine, nuisances, documents: documents.n, label, dims: line?.dims ?? 0, top10, top200 });
      process.stderr.write(
        `${cosine.toFixed(2)} ${nuisances} ${label}: ${top10.toFixed(3)} ${top200.toFixed(3)}\n`,
      );
    }
  }
  return lines;
}

function pairCosine(data: Float32Array): number {
  const sum = new Float64Array(D);
  for (let i = 0; i < data.length; i++) sum[i % D] = (sum[i % D] as number) + (data[i] as number);
  const n = data.length / D;
  return (sum.reduce((total, value) => total + value * value, 0) - n) / (n * (n - 1));
}

export function sweepTable(lines: readonly SweepLine[]): string {
  return [
    '| pair cosine | nuisance directions | documents | encoding | dims | exact best in first 10 | in first 200 |',
    '|---|---|---|---|---|---|---|',
    ...lines.map(
      ({ cosine, nuisances, documents, label, dims, top10, top200 }) =>
        `| ${cosine.toFixed(2)} | ${nuisances} | ${documents} | ${label} | ${dims} | ${top10.toFixed(3)} | ${top200.toFixed(3)} |`,
    ),
  ].join('\n');
}

/** The sweep of the common direction; clouds with nuisance directions are in the table. */
export function sweepChart(lines: readonly SweepLine[]): string {
  const plain = lines.filter(({ nuisances }) => nuisances === 0);
  const series = [...new Set(plain.map(({ label }) => label))].map((name) => ({
    name,
    points: plain.filter(({ label }) => label === name).map(({ cosine, top10 }) => ({ x: cosine, y: top10 })),
  }));
  return lineChartSvg({
    title: `Exact best among the first 10, by anisotropy (${PLAIN.documents} generated documents)`,
    xLabel: 'mean pair cosine of tokens',
    yLabel: 'share of queries',
    series,
  });
}
