/** The table as Markdown and pictures. */
import { cpus } from 'node:os';
import { lineChartSvg } from '@sagitta/node';
import { CONTEST_K, type ContestRow } from './contest.ts';
import { type Figure, isMet, show } from './figure.ts';

export interface Machine {
  readonly cpu: string;
  readonly engine: string;
  readonly date: string;
}

export function thisMachine(): Machine {
  return {
    cpu: `${cpus()[0]?.model.trim()}, ${process.platform} ${process.arch}`,
    engine: `Node ${process.version} (V8 ${process.versions.v8}), one thread`,
    date: new Date().toISOString().slice(0, 10),
  };
}

export function figureTable(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const { what, reference, asked, measured, ratio } = figure;
    const verdict = ratio === undefined ? '' : `${ratio.toFixed(2)}×${isMet(figure) ? '' : ', missed'}`;
    return `| ${what} | ${reference} | ${asked} | ${measured} | ${verdict} |`;
  });
  return [
    '| | reference C++ (AVX-512) | asked | measured | measured : asked |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

export function contestTable(rows: readonly ContestRow[]): string {
  const lines = rows.map(
    ({ library, setting, recall, qps, bytesPerVector, buildSeconds }) =>
      `| ${library} | ${setting} | ${recall.toFixed(4)} | ${show(Math.round(qps))} | ${show(Math.round(bytesPerVector))} | ${buildSeconds.toFixed(1)} |`,
  );
  return [
    `| library | setting | recall@${CONTEST_K} | queries/s | bytes a vector (file) | build s |`,
    '|---|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}

/** Recall against speed; each kind of index is a line. */
export function contestChart(rows: readonly ContestRow[], title: string): string {
  const names = [...new Set(rows.map(seriesName))];
  return lineChartSvg({
    title,
    xLabel: `recall@${CONTEST_K}`,
    yLabel: 'queries/s, one thread',
    yScale: 'log',
    series: names.map((name) => ({
      name,
      points: rows
        .filter((row) => seriesName(row) === name)
        .sort((a, b) => a.recall - b.recall)
        .map(({ recall, qps, setting }) => ({
          x: recall,
          y: qps,
          label: /(\d+)$/.exec(setting)?.[1],
        })),
    })),
  });
}

function seriesName({ library, setting, bytesPerVector }: ContestRow): string {
  const kind = library === 'Sagitta' ? `Sagitta ${setting.split(',')[0]}` : library;
  // each kind has one number of bytes
  return `${kind}, ${show(Math.round(bytesPerVector))} bytes`;
}

export function markdown(machine: Machine, figures: readonly Figure[], rows: readonly ContestRow[]): string {
  return `# Real vectors

${machine.cpu} · ${machine.engine} · ${machine.date}. Written by \`npm run bench:real\`.

Fashion-MNIST is 60,000 × 784, squared distance, the first 1,000 queries; cifar10-mobilenetv2 20,000 × 1,280, scaled to length 1;
sift-photos-200k 200,000 × 128. Seed 1, one thread, one query at a time. The average relative error is |estimated − true| / true squared
distance over every vector of the probed lists, averaged a query, then over queries. Bytes a vector of the codes count norm, factors and
code; the quota is that of the reference, (B · d rounded up to 64, and 64 bits)/8. "Measured : asked" above 1 is better than asked.

${figureTable(figures)}

## Against native libraries

Fashion-MNIST, k = ${CONTEST_K}, float32 graphs with M 16 and efConstruction 200, built in one thread. All settings take turns of 100 queries in one run.

![Recall and speed](fashion-mnist.svg)

${contestTable(rows)}
`;
}
