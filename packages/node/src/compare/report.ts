/** A comparison as a picture and as a page that needs nothing else. */

import { lineChartSvg } from '../charts/line-chart.ts';
import { escapeText } from '../charts/svg.ts';
import { adviceOf, isOnFrontier } from './advice.ts';
import { bitsAboveBound } from './bound.ts';
import type { Comparison } from './compare.ts';
import type { ComparisonRow } from './measure.ts';

/** Says what stands at the head of a report. */
export interface ReportHead {
  readonly title: string;
  /** Where and when it was measured. */
  readonly machine: string;
  readonly d: number;
}

/** Error against bytes, both on scales of ratios; the bound is a line of its own. */
export function comparisonChart({ rows, bound }: Comparison, head: ReportHead): string {
  const names = [...new Set(rows.map(({ quantizer }) => quantizer))];
  const series = names.map((name) => ({
    name,
    points: rows
      .filter(({ quantizer, averageRelativeError }) => quantizer === name && averageRelativeError > 0)
      .sort((a, b) => a.bytesPerVector - b.bytesPerVector)
      .map(({ bytesPerVector, averageRelativeError }) => ({ x: bytesPerVector, y: averageRelativeError })),
  }));
  const points = bound
    .filter(({ averageRelativeError }) => averageRelativeError > 0)
    .map(({ bits, averageRelativeError }) => ({ x: (bits * head.d) / 8, y: averageRelativeError }))
    .sort((a, b) => a.x - b.x);
  return lineChartSvg({
    title: head.title,
    xLabel: 'bytes a vector',
    yLabel: 'average relative error',
    xScale: 'log',
    yScale: 'log',
    width: 900,
    height: 600,
    series: [{ name: 'rate–distortion bound (normal data)', points }, ...series].filter(
      (one) => one.points.length > 0,
    ),
  });
}

/** Recall against bytes of the file; what is on the frontier is best for its bytes. */
function recallChart({ rows, n }: Comparison): string {
  const names = [...new Set(rows.map(({ quantizer }) => quantizer))];
  const pointsOf = (some: readonly ComparisonRow[]) =>
    some.map(({ fileBytes, recall10 }) => ({ x: fileBytes / n, y: recall10 })).sort((a, b) => a.x - b.x);
  return lineChartSvg({
    title: 'recall@10 from codes alone, by bytes a vector of the file',
    xLabel: 'bytes a vector of the file',
    yLabel: 'recall@10',
    xScale: 'log',
    width: 900,
    height: 600,
    series: [
      { name: 'frontier', points: pointsOf(rows.filter((row) => isOnFrontier(row, rows))) },
      ...names.map((name) => ({ name, points: pointsOf(rows.filter((row) => row.quantizer === name)) })),
    ],
  });
}

interface Column {
  readonly name: string;
  readonly show: (row: ComparisonRow, comparison: Comparison, d: number) => string;
}

const percent = (fraction: number): string => `${Number((100 * fraction).toPrecision(3))} %`;
const whole = (value: number): string => Math.round(value).toLocaleString('en-US');

/** Writes how far an error is above the bound, e.g. "+0.31": bits a dimension beyond the bound at the same error. */
export function aboveBound({ ruler }: Comparison, row: ComparisonRow, d: number): string {
  const bits = bitsAboveBound(ruler, (8 * row.bytesPerVector) / d, row.averageRelativeError);
  return bits === undefined ? '' : `${bits < 0 ? '−' : '+'}${Math.abs(bits).toFixed(2)}`;
}

export const COLUMNS: readonly Column[] = [
  { name: 'quantizer', show: ({ quantizer }) => quantizer },
  { name: 'bits', show: ({ bits }) => String(bits) },
  { name: 'bytes', show: ({ bytesPerVector }) => String(Number(bytesPerVector.toFixed(2))) },
  { name: 'in the file', show: ({ fileBytes }, { n }) => String(Number((fileBytes / n).toFixed(1))) },
  { name: 'frontier', show: (row, { rows }) => (isOnFrontier(row, rows) ? '*' : '') },
  { name: 'error', show: ({ averageRelativeError }) => percent(averageRelativeError) },
  { name: 'bits above bound', show: (row, comparison, d) => aboveBound(comparison, row, d) },
  { name: 'p99 error', show: ({ p99RelativeError }) => percent(p99RelativeError) },
  { name: 'recall@10', show: ({ recall10 }) => recall10.toFixed(4) },
  { name: 'recall@100', show: ({ recall100 }) => recall100.toFixed(4) },
  { name: 'reranked @10', show: ({ recall10Reranked }) => recall10Reranked.toFixed(4) },
  { name: 'encode/s', show: ({ encodePerSecond }) => whole(encodePerSecond) },
  { name: 'scan ns', show: ({ scanNsPerVector }) => scanNsPerVector.toFixed(1) },
  { name: 'train s', show: ({ trainSeconds }) => trainSeconds.toFixed(2) },
];

/** Writes a comparison as an HTML page of its own. */
export function comparisonHtml(comparison: Comparison, head: ReportHead): string {
  const cells = (tag: string, texts: readonly string[]): string =>
    `<tr>${texts.map((text) => `<${tag}>${escapeText(text)}</${tag}>`).join('')}</tr>`;
  const header = cells(
    'th',
    COLUMNS.map(({ name }) => name),
  );
  const rows = comparison.rows
    .map((row) =>
      cells(
        'td',
        COLUMNS.map(({ show }) => show(row, comparison, head.d)),
      ),
    )
    .join('\n');
  const bound = comparison.bound
    .map(({ bits, averageRelativeError }) => cells('td', [String(bits), percent(averageRelativeError)]))
    .join('\n');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${escapeText(head.title)}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { border-bottom: 1px solid #ddd; padding: .25rem .7rem; text-align: right; }
th:first-child, td:first-child { text-align: left; }
svg { height: auto; max-width: 100%; }
</style>
<h1>${escapeText(head.title)}</h1>
<p>${escapeText(head.machine)}</p>
${comparisonChart(comparison, head)}
${recallChart(comparison)}
${adviceOf(comparison, head.d)
  .map((sentence) => `<p>${escapeText(sentence)}</p>`)
  .join('\n')}
<table>
${header}
${rows}
</table>
<p>Error: |estimated − true| / true squared distance, averaged over a query's vectors, then over queries. Recall from codes alone, with
every code read; reranked: the best 100 by codes, scored exactly. Bytes: code and factors; in the file: with the model and row numbers. Frontier: nothing has more recall in as few bytes of the file. Speeds: one thread.</p>
<h2>Rate–distortion bound</h2>
<table>
${cells('th', ['bits', 'error'])}
${bound}
</table>
<p>What normal vectors with the spectrum of these could reach at best (reverse water-filling), without factors beside the code. Bits above the bound: what a code costs a
dimension beyond the bits at which the bound has its error.</p>
</html>
`;
}
