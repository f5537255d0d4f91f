/** Lines with markers as an SVG picture, e.g. recall against queries per second. */
import { makeScale, type ScaleType } from './scale.ts';
import {
  axisLines,
  COLORS,
  escapeText,
  layoutPlot,
  px,
  svgDocument,
  textElement,
  xAxis,
  xLabelText,
  yAxis,
} from './svg.ts';

/** Is a point of a line. */
export interface ChartPoint {
  readonly x: number;
  readonly y: number;
  /** Written beside the marker. */
  readonly label?: string | undefined;
}

/** Holds the points of one line. */
export interface ChartSeries {
  readonly name: string;
  /** Joined in this order. */
  readonly points: readonly ChartPoint[];
}

/** Says what a line chart shows. */
export interface LineChart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly xScale?: ScaleType | undefined;
  readonly yScale?: ScaleType | undefined;
  readonly series: readonly ChartSeries[];
  /** Pixels; 760 × 480 if left out. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
}

/**
 * Draws a line chart as the text of an SVG picture.
 * @returns a complete SVG document
 * @throws RangeError on no points, values that are not finite, values ≤ 0 on a log axis
 */
export function lineChartSvg(chart: LineChart): string {
  const { series, title, width = 760, height = 480 } = chart;
  const points = series.flatMap((one) => one.points);
  const xs = points.map((point) => point.x);
  const ys = points.map((point) => point.y);
  const xScale = makeScale('x', chart.xScale ?? 'linear', xs);
  const yScale = makeScale('y', chart.yScale ?? 'linear', ys);
  const names = series.map((one) => one.name);
  const [area, legend] = layoutPlot(width, height, names);
  const placeX = (value: number): number => area.left + xScale.place(value) * (area.right - area.left);
  const placeY = (value: number): number => area.bottom - yScale.place(value) * (area.bottom - area.top);

  const parts = [...yAxis(area, yScale, chart.yLabel), ...xAxis(area, xScale), ...axisLines(area)];
  parts.push(xLabelText(area, chart.xLabel));
  series.forEach((one, i) => {
    const color = COLORS[i % COLORS.length] as string;
    const path = one.points.map((point) => `${px(placeX(point.x))},${px(placeY(point.y))}`).join(' ');
    const dash = i < COLORS.length ? '' : ' stroke-dasharray="6 4"';
    parts.push(`<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2"${dash}/>`);
    for (const point of one.points) {
      const x = placeX(point.x);
      const y = placeY(point.y);
      const hint = `<title>${escapeText(`${one.name}: ${point.x}, ${point.y}`)}</title>`;
      parts.push(marker(i, x, y, color, hint));
      if (point.label === undefined) continue;
      // beside the marker, on the side that has room
      const end = x + 12 + point.label.length * 6 > area.right;
      parts.push(
        textElement(end ? x - 8 : x + 8, y - 7, point.label, { anchor: end ? 'end' : 'start', size: 10 }),
      );
    }
  });
  legend.forEach((entry, i) => {
    const color = COLORS[i % COLORS.length] as string;
    parts.push(marker(i, entry.x + 6, entry.y, color, ''));
    parts.push(textElement(entry.x + 18, entry.y + 4, entry.name));
  });
  return svgDocument(area, title, parts);
}

/** Series differ by the marker's shape as well as by colour. */
function marker(index: number, x: number, y: number, color: string, content: string): string {
  const shape = index % 4;
  if (shape === 0) return `<circle cx="${px(x)}" cy="${px(y)}" r="4" fill="${color}">${content}</circle>`;
  const corners: readonly (readonly [number, number])[] =
    shape === 1
      ? [
          [-4, -4],
          [4, -4],
          [4, 4],
          [-4, 4],
        ]
      : shape === 2
        ? [
            [0, -5],
            [5, 4],
            [-5, 4],
          ]
        : [
            [0, -5],
            [5, 0],
            [0, 5],
            [-5, 0],
          ];
  const points = corners.map(([dx, dy]) => `${px(x + dx)},${px(y + dy)}`).join(' ');
  return `<polygon points="${points}" fill="${color}">${content}</polygon>`;
}
