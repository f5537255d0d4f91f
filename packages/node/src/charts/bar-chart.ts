/** Grouped bars as an SVG picture, e.g. vectors per second by number of bits. */
import { checkLength } from '@sagitta/core-wasm';
import { formatTick, makeScale, type ScaleType } from './scale.ts';
import {
  axisLines,
  COLORS,
  escapeText,
  layoutPlot,
  px,
  svgDocument,
  textElement,
  xLabelText,
  yAxis,
} from './svg.ts';

/** Holds the values of one colour of bars. */
export interface BarSeries {
  readonly name: string;
  /** One value a group. */
  readonly values: readonly number[];
}

/** Says what a bar chart shows. */
export interface BarChart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly yScale?: ScaleType | undefined;
  /** Names of the groups, from left to right. */
  readonly groups: readonly string[];
  readonly series: readonly BarSeries[];
  /** Pixels; 760 × 480 if left out. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
}

/** Bars fill this share of a group's width. */
const FILL = 0.8;
/** Bars at least this wide, in pixels, carry their value. */
const LABEL_WIDTH = 34;

/**
 * Draws a bar chart as the text of an SVG picture.
 * @returns a complete SVG document
 * @throws RangeError if a series has not one value a group, on values that are not finite, values ≤ 0 on a log axis
 */
export function barChartSvg(chart: BarChart): string {
  const { groups, series, title, width = 760, height = 480 } = chart;
  for (const { name, values } of series) checkLength(name, values.length, groups.length, 'groups');
  const values = series.flatMap((one) => one.values);
  const scale = makeScale('y', chart.yScale ?? 'linear', values, true);
  const names = series.map((one) => one.name);
  const [area, legend] = layoutPlot(width, height, names);
  const placeY = (value: number): number => area.bottom - scale.place(value) * (area.bottom - area.top);
  const foot = chart.yScale === 'log' ? area.bottom : placeY(0);
  const groupWidth = (area.right - area.left) / groups.length;
  const barWidth = (groupWidth * FILL) / series.length;

  const parts = [...yAxis(area, scale, chart.yLabel)];
  groups.forEach((group, g) => {
    const left = area.left + groupWidth * (g + (1 - FILL) / 2);
    series.forEach((one, s) => {
      const value = one.values[g] as number;
      const x = left + s * barWidth;
      const y = Math.min(placeY(value), foot);
      const tall = Math.abs(foot - placeY(value));
      const place = `x="${px(x)}" y="${px(y)}" width="${px(barWidth * 0.94)}" height="${px(tall)}"`;
      const hint = `<title>${escapeText(`${one.name}, ${group}: ${value}`)}</title>`;
      parts.push(`<rect ${place} fill="${COLORS[s % COLORS.length]}">${hint}</rect>`);
      if (barWidth < LABEL_WIDTH) return;
      const label = formatTick(Number(value.toPrecision(3)));
      parts.push(textElement(x + barWidth * 0.47, y - 5, label, { anchor: 'middle', size: 10 }));
    });
    parts.push(textElement(left + (groupWidth * FILL) / 2, area.bottom + 20, group, { anchor: 'middle' }));
  });
  parts.push(...axisLines(area), xLabelText(area, chart.xLabel));
  legend.forEach((entry, i) => {
    const color = COLORS[i % COLORS.length];
    parts.push(`<rect x="${px(entry.x)}" y="${px(entry.y - 6)}" width="12" height="12" fill="${color}"/>`);
    parts.push(textElement(entry.x + 18, entry.y + 4, entry.name));
  });
  return svgDocument(area, title, parts);
}
