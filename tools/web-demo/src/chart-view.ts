/** Recall over bytes, a dot a method, its area the queries a second; and the same figures as a table. */
import type { Measured } from './lab-worker.ts';
import { picture, svg } from './svg.ts';

const WIDTH = 900;
const HEIGHT = 340;
const LEFT = 52;
const RIGHT = 24;
const TOP = 30;
const BOTTOM = 44;

export function drawChart(host: HTMLElement, all: readonly Measured[]): void {
  if (all.length === 0) {
    host.replaceChildren();
    return;
  }
  const bytes = all.map((one) => one.bytes);
  const [low, high] = [Math.log2(Math.min(...bytes)) - 0.25, Math.log2(Math.max(...bytes)) + 0.25];
  const floor = Math.max(0, Math.floor(10 * Math.min(...all.map(({ recall }) => recall)) - 0.2) / 10);
  const fastest = Math.max(...all.map(({ queriesPerSecond }) => queriesPerSecond));
  const xOf = (value: number): number =>
    LEFT + ((Math.log2(value) - low) / (high - low)) * (WIDTH - LEFT - RIGHT);
  const yOf = (value: number): number => TOP + ((1 - value) / (1 - floor || 1)) * (HEIGHT - TOP - BOTTOM);

  const grid: SVGElement[] = [];
  for (let tick = floor; tick < 1.001; tick += floor > 0.75 ? 0.05 : 0.1) {
    const y = yOf(tick);
    grid.push(svg('line', { x1: LEFT, x2: WIDTH - RIGHT, y1: y, y2: y, class: 'grid' }));
    grid.push(svg('text', { x: LEFT - 8, y: y + 4, 'text-anchor': 'end', class: 'soft' }, [tick.toFixed(2)]));
  }
  for (let power = Math.ceil(low); power <= high; power++) {
    const x = xOf(2 ** power);
    grid.push(
      svg('text', { x, y: HEIGHT - 22, 'text-anchor': 'middle', class: 'soft' }, [String(2 ** power)]),
    );
  }
  grid.push(
    svg('text', { x: WIDTH - RIGHT, y: HEIGHT - 5, 'text-anchor': 'end', class: 'soft' }, ['bytes a vector']),
  );
  grid.push(svg('text', { x: 4, y: 14, class: 'soft' }, ['recall@10']));

  const taken: { x: number; y: number; width: number }[] = [];
  const dots: SVGElement[] = [];
  const names: SVGElement[] = [];
  for (const one of [...all].sort((a, b) => b.recall - a.recall)) {
    const [x, y] = [xOf(one.bytes), yOf(one.recall)];
    const radius = 3.5 + 9 * Math.sqrt(one.queriesPerSecond / fastest);
    const title = svg('title', {}, [describe(one)]);
    dots.push(
      svg('circle', { cx: x, cy: y, r: radius, class: one.family === 'saq' ? 'method saq' : 'method' }, [
        title,
      ]),
    );
    const width = 6.4 * one.label.length;
    const isRight = x + radius + width < WIDTH - RIGHT;
    const at = { x: isRight ? x + radius + 4 : x - radius - 4 - width, y: y + 4, width };
    // a name that another one covers is left to the table
    const isCovered = taken.some(
      (other) => Math.abs(other.y - at.y) < 13 && at.x < other.x + other.width && other.x < at.x + at.width,
    );
    if (isCovered) continue;
    taken.push(at);
    names.push(svg('text', { x: at.x, y: at.y }, [one.label]));
  }
  const label = `Recall over bytes a vector of ${all.length} methods; the table has the figures`;
  host.replaceChildren(picture(WIDTH, HEIGHT, label, [...grid, ...dots, ...names]));
}

export function fillTable(table: HTMLTableElement, all: readonly Measured[]): void {
  table.hidden = all.length === 0;
  const body = table.tBodies[0] as HTMLTableSectionElement;
  const rows = [...all]
    .sort((a, b) => a.bytes - b.bytes || b.recall - a.recall)
    .map((one) => {
      const row = document.createElement('tr');
      for (const text of [
        one.label,
        one.bytes.toFixed(0),
        one.recall.toFixed(3),
        whole(one.queriesPerSecond),
        whole(one.codedPerSecond),
      ]) {
        const cell = document.createElement('td');
        cell.textContent = text;
        row.append(cell);
      }
      return row;
    });
  body.replaceChildren(...rows);
}

function describe(one: Measured): string {
  return `${one.label}: ${one.bytes.toFixed(0)} bytes, recall ${one.recall.toFixed(3)}, ${whole(one.queriesPerSecond)} queries/s`;
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}
