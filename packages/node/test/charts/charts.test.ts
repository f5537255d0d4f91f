import { describe, expect, it } from 'vitest';
import { barChartSvg } from '../../src/charts/bar-chart.ts';
import { lineChartSvg } from '../../src/charts/line-chart.ts';
import { formatTick, makeScale } from '../../src/charts/scale.ts';
import { escapeText } from '../../src/charts/svg.ts';

const CHART = {
  title: 'Recall & speed <SAQ>',
  xLabel: 'recall@10',
  yLabel: 'queries/s',
  yScale: 'log' as const,
  series: [
    {
      name: 'SAQ "4"',
      points: [
        { x: 0.8, y: 12000, label: '4' },
        { x: 0.95, y: 4000 },
        { x: 0.99, y: 900 },
      ],
    },
    {
      name: 'float32',
      points: [
        { x: 0.9, y: 700 },
        { x: 0.999, y: 80, label: '32' },
      ],
    },
  ],
};

/** A small check of well-formed XML: tags nest and every attribute is quoted. */
function checkXml(svg: string): void {
  const open: string[] = [];
  for (const [tag, close, name, empty] of svg.matchAll(/<(\/?)([a-z]+)(?: [a-z0-9-]+="[^"<]*")*(\/?)>|</gi)) {
    expect(tag).not.toBe('<');
    if (close) expect(open.pop()).toBe(name);
    else if (!empty) open.push(name as string);
  }
  expect(open).toEqual([]);
  expect(svg).not.toMatch(/NaN|Infinity|undefined|&(?!amp;|lt;|gt;|quot;|#39;)/);
}

describe('lineChartSvg', () => {
  it('is well-formed, complete and free of scripts and references', () => {
    const svg = lineChartSvg(CHART);
    checkXml(svg);
    expect(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg"')).toBe(true);
    expect(svg).toContain('Recall &amp; speed &lt;SAQ&gt;');
    for (const text of ['recall@10', 'queries/s', 'SAQ &quot;4&quot;', 'float32', '>4<', '>32<']) {
      expect(svg).toContain(text);
    }
    expect(svg.match(/<polyline/g)?.length).toBe(2);
    expect(svg).not.toMatch(/<script|href|style=|url\(/);
  });

  it('keeps every coordinate inside the picture', () => {
    for (const scale of ['linear', 'log'] as const) {
      const svg = lineChartSvg({ ...CHART, xScale: scale, yScale: scale, width: 500, height: 300 });
      for (const [, x] of svg.matchAll(/ (?:x|x1|x2|cx)="([^"]*)"/g)) {
        expect(Number(x)).toBeGreaterThanOrEqual(0);
        expect(Number(x)).toBeLessThanOrEqual(500);
      }
      for (const [, y] of svg.matchAll(/ (?:y|y1|y2|cy)="([^"]*)"/g)) {
        expect(Number(y)).toBeGreaterThanOrEqual(0);
        expect(Number(y)).toBeLessThanOrEqual(300);
      }
    }
  });

  it('draws a single point, and many series', () => {
    checkXml(lineChartSvg({ ...CHART, series: [{ name: 'one', points: [{ x: 1, y: 1 }] }] }));
    checkXml(lineChartSvg({ ...CHART, xScale: 'log', series: [{ name: 'zero', points: [{ x: 3, y: 3 }] }] }));
    const series = Array.from({ length: 12 }, (_, i) => ({
      name: `series number ${i}`,
      points: [{ x: i, y: i + 1 }],
    }));
    checkXml(lineChartSvg({ ...CHART, series }));
  });

  it('refuses no points, values that are not finite and logarithms of 0', () => {
    expect(() => lineChartSvg({ ...CHART, series: [] })).toThrow(/"x" expected at least one value/);
    const withPoint = (x: number, y: number): (() => string) => {
      return () => lineChartSvg({ ...CHART, series: [{ name: 'a', points: [{ x, y }] }] });
    };
    expect(withPoint(Number.NaN, 1)).toThrow(/"x" expected finite values, got NaN/);
    expect(withPoint(1, 0)).toThrow(/"y" expected values above 0, got 0/);
  });
});

describe('barChartSvg', () => {
  const bars = {
    title: 'Encoding',
    xLabel: 'bits',
    yLabel: 'vectors/s',
    groups: ['1', '2', '<8>'],
    series: [
      { name: 'SAQ', values: [90000, 70000, 50000] },
      { name: 'reference', values: [56000, 47000, 0] },
    ],
  };

  it('draws one bar a series and group', () => {
    const svg = barChartSvg(bars);
    checkXml(svg);
    // the ground, six bars, two squares of the legend
    expect(svg.match(/<rect/g)?.length).toBe(9);
    expect(svg).toContain('&lt;8&gt;');
    checkXml(barChartSvg({ ...bars, yScale: 'log', series: [{ name: 'a', values: [1, 10, 100] }] }));
    checkXml(barChartSvg({ ...bars, series: [{ name: 'a', values: [-5, 0, 5] }] }));
  });

  it('refuses a series that has not one value a group', () => {
    expect(() => barChartSvg({ ...bars, series: [{ name: 'SAQ', values: [1] }] })).toThrow(
      /"SAQ" expected length/,
    );
  });
});

describe('makeScale', () => {
  it('has round ticks that enclose the values', () => {
    expect(makeScale('x', 'linear', [0.81, 0.99]).ticks).toEqual([0.8, 0.85, 0.9, 0.95, 1]);
    expect(makeScale('x', 'linear', [3, 97], true).ticks).toEqual([0, 20, 40, 60, 80, 100]);
    expect(makeScale('x', 'log', [80, 12000]).ticks).toEqual([
      50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000,
    ]);
    for (const type of ['linear', 'log'] as const) {
      for (const values of [
        [1e-7, 3e-7],
        [5, 5],
        [1, 1e9],
        [0.02, 7],
        [123456, 123457],
      ]) {
        const scale = makeScale('x', type, values);
        expect(scale.ticks.length).toBeGreaterThan(1);
        expect(scale.ticks.length).toBeLessThan(14);
        for (const value of [...values, ...scale.ticks]) {
          expect(scale.place(value)).toBeGreaterThanOrEqual(-1e-9);
          expect(scale.place(value)).toBeLessThanOrEqual(1 + 1e-9);
        }
      }
    }
  });

  it('labels ticks', () => {
    expect([12000, 0.05, 3e-7, 2e9, 0].map(formatTick)).toEqual(['12,000', '0.05', '3e-7', '2e9', '0']);
  });
});

describe('escapeText', () => {
  it('makes every text harmless', () => {
    expect(escapeText(`<a href="x" b='y'>&\u0000\ud800`)).toBe(
      '&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp; \ufffd',
    );
  });
});
