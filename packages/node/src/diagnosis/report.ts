/** A diagnosis as a page of its own: sentences, figures, the spectrum and the spread of local dimensions. */
import type { Diagnosis, ModelDifference } from '@sagitta/retrieval/diagnosis';
import { barChartSvg } from '../charts/bar-chart.ts';
import { lineChartSvg } from '../charts/line-chart.ts';
import { escapeText } from '../charts/svg.ts';
import { figuresOf } from './figures.ts';

/** What stands above a diagnosis. */
export interface DiagnosisHead {
  readonly title: string;
  readonly difference?: ModelDifference | undefined;
}

/** Writes a diagnosis as an HTML page that needs nothing else. */
export function diagnosisHtml(diagnosis: Diagnosis, { title, difference }: DiagnosisHead): string {
  const { spectrum, intrinsic, advice } = diagnosis;
  const row = (cells: readonly string[]): string =>
    `<tr>${cells.map((text) => `<td>${escapeText(text)}</td>`).join('')}</tr>`;
  const variance = lineChartSvg({
    title: 'Variance in the first principal directions',
    xLabel: 'directions',
    yLabel: 'share of the variance',
    xScale: 'log',
    series: [
      { name: 'share', points: spectrum.cumulative.map(({ dims, share }) => ({ x: dims, y: share })) },
    ],
  });
  const { histogram } = intrinsic.lid;
  const local =
    histogram.length === 0
      ? ''
      : barChartSvg({
          title: 'Rows by local dimension',
          xLabel: 'local dimension, from',
          yLabel: 'rows',
          groups: histogram.map(({ from }) => from.toFixed(from < 10 ? 1 : 0)),
          series: [{ name: 'rows', values: histogram.map(({ rows }) => rows) }],
        });
  const sentences = [
    ...advice.map(({ text }) => text),
    ...(difference === undefined ? [] : [difference.reason]),
  ];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${escapeText(title)}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
td { border-bottom: 1px solid #ddd; padding: .25rem .7rem; }
svg { height: auto; max-width: 100%; }
</style>
<h1>${escapeText(title)}</h1>
<ul>
${sentences.map((text) => `<li>${escapeText(text)}</li>`).join('\n')}
</ul>
<table>
${figuresOf(diagnosis).map(row).join('\n')}
</table>
${variance}
${local}
<p>Estimators of intrinsic dimension disagree, and above 15 all of them fall short for want of rows. They say how many lists or edges a search has to
visit; how many bits codes need they do not say, so bits are measured.</p>
${difference === undefined ? '' : differenceTable(difference, row)}
</html>
`;
}

function differenceTable(of: ModelDifference, row: (cells: readonly string[]) => string): string {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  return `<h2>Against the other version of the model</h2>
<table>
${[
  row(['neighbours kept within the new model', percent(of.neighbourOverlap)]),
  row(['neighbours kept where new rows are searched for among old ones', percent(of.mixedOverlap)]),
  row(['neighbours kept without the new directions', percent(of.without.neighbourOverlap)]),
  row([
    'new directions',
    of.intruders.map(({ index, largestCosine }) => `${index} (${largestCosine.toFixed(2)})`).join(', ') ||
      'none',
  ]),
  row(['overlap of leading subspaces', of.subspaceOverlap.toFixed(3)]),
  row(['kernel alignment', of.cka.toFixed(3)]),
  row(['mean cosine of a row with itself', of.meanCosine.toFixed(3)]),
].join('\n')}
</table>`;
}
