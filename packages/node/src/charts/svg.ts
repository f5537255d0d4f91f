/** What charts have in common: text that is safe in SVG, colours, the frame with its axes, the legend. */
import { formatTick, type Scale } from './scale.ts';

/** Colours that stay apart on white and for most kinds of colour blindness (Okabe and Ito). */
export const COLORS: readonly string[] = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9',
  '#7f3c8d',
  '#444444',
];

export const TEXT_COLOR = '#24292f';
const GRID_COLOR = '#d8dee4';
const AXIS_COLOR = '#57606a';

/** The place of the plot inside the picture, in pixels. */
export interface PlotArea {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const LEGEND_ROW = 20;
const LEGEND_TOP = 44;
/** Pixels of an average character of 12-pixel text; only used to break the legend into rows. */
const CHARACTER = 6.8;

export interface LegendEntry {
  readonly name: string;
  readonly x: number;
  readonly y: number;
}

/** Lays the legend out in rows above the plot and the plot below it. */
export function layoutPlot(
  width: number,
  height: number,
  names: readonly string[],
): [PlotArea, LegendEntry[]] {
  const left = 84;
  const right = width - 28;
  const entries: LegendEntry[] = [];
  let x = left;
  let y = LEGEND_TOP;
  for (const name of names) {
    const wide = 40 + name.length * CHARACTER;
    if (x > left && x + wide > right) {
      x = left;
      y += LEGEND_ROW;
    }
    entries.push({ name, x, y });
    x += wide;
  }
  return [{ width, height, left, top: y + 20, right, bottom: height - 60 }, entries];
}

/** Text with everything that means something to XML, or nothing at all, made harmless. */
export function escapeText(text: string): string {
  let out = '';
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    if (character === '&') out += '&amp;';
    else if (character === '<') out += '&lt;';
    else if (character === '>') out += '&gt;';
    else if (character === '"') out += '&quot;';
    else if (character === "'") out += '&#39;';
    else if (code < 32 && code !== 9 && code !== 10) out += ' ';
    else if ((code >= 0xd800 && code <= 0xdfff) || code === 0xfffe || code === 0xffff) out += '\ufffd';
    else out += character;
  }
  return out;
}

/** A coordinate with two decimals at most. */
export function px(value: number): string {
  return String(Math.round(value * 100) / 100);
}

export interface TextOptions {
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly size?: number;
  readonly bold?: boolean;
  readonly rotate?: boolean;
}

export function textElement(x: number, y: number, text: string, options: TextOptions = {}): string {
  const { anchor = 'start', size = 12, bold = false, rotate = false } = options;
  const weight = bold ? ' font-weight="600"' : '';
  const turn = rotate ? ` transform="rotate(-90 ${px(x)} ${px(y)})"` : '';
  const place = `x="${px(x)}" y="${px(y)}" text-anchor="${anchor}" font-size="${size}"`;
  return `<text ${place}${weight}${turn}>${escapeText(text)}</text>`;
}

function line(x1: number, y1: number, x2: number, y2: number, color: string): string {
  return `<line x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}" stroke="${color}"/>`;
}

/** Grid lines and labels of the vertical axis, and the axis' name. */
export function yAxis(area: PlotArea, scale: Scale, label: string): string[] {
  const parts: string[] = [];
  for (const tick of scale.ticks) {
    const y = area.bottom - scale.place(tick) * (area.bottom - area.top);
    parts.push(line(area.left, y, area.right, y, GRID_COLOR));
    parts.push(textElement(area.left - 8, y + 4, formatTick(tick), { anchor: 'end' }));
  }
  parts.push(
    textElement(22, (area.top + area.bottom) / 2, label, { anchor: 'middle', size: 13, rotate: true }),
  );
  return parts;
}

/** Grid lines and labels of the horizontal axis. */
export function xAxis(area: PlotArea, scale: Scale): string[] {
  const parts: string[] = [];
  // labels that would touch the one before them are left out; the grid line stays
  let free = -Infinity;
  for (const tick of scale.ticks) {
    const x = area.left + scale.place(tick) * (area.right - area.left);
    const label = formatTick(tick);
    const half = (label.length * CHARACTER) / 2;
    parts.push(line(x, area.top, x, area.bottom, GRID_COLOR));
    if (x - half < free) continue;
    parts.push(textElement(x, area.bottom + 20, label, { anchor: 'middle' }));
    free = x + half + 6;
  }
  return parts;
}

/** The lines at the left and below, drawn over the grid. */
export function axisLines(area: PlotArea): string[] {
  return [
    line(area.left, area.top, area.left, area.bottom, AXIS_COLOR),
    line(area.left, area.bottom, area.right, area.bottom, AXIS_COLOR),
  ];
}

export function xLabelText(area: PlotArea, label: string): string {
  const middle = (area.left + area.right) / 2;
  return textElement(middle, area.height - 18, label, { anchor: 'middle', size: 13 });
}

/** The whole picture: white ground, so that it reads the same on light and on dark pages; no scripts, no references. */
export function svgDocument(area: PlotArea, title: string, parts: readonly string[]): string {
  const { width, height } = area;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"` +
      ` role="img" font-family="system-ui, 'Segoe UI', Helvetica, Arial, sans-serif" fill="${TEXT_COLOR}">`,
    `<title>${escapeText(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    textElement(width / 2, 26, title, { anchor: 'middle', size: 16, bold: true }),
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}
