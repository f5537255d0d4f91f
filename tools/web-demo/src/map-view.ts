/** The map: a dot a vector, and over them the query and its hits. */
import { picture, svg } from './svg.ts';

const SIZE = 360;
const EDGE = 16;

export interface Marked {
  readonly x: number;
  readonly y: number;
  readonly title: string;
}

export class MapView {
  readonly #host: HTMLElement;
  #overlay: SVGElement | undefined;
  #scale: (x: number, y: number) => [number, number] = () => [0, 0];

  constructor(host: HTMLElement) {
    this.#host = host;
  }

  /** points — x, y of each */
  draw(points: Float32Array, n: number): void {
    let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let i = 0; i < points.length; i += 2) {
      const [x, y] = [points[i] as number, points[i + 1] as number];
      [left, right] = [Math.min(left, x), Math.max(right, x)];
      [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
    }
    const span = Math.max(right - left, bottom - top) || 1;
    const inner = SIZE - 2 * EDGE;
    const [midX, midY] = [(left + right) / 2, (top + bottom) / 2];
    this.#scale = (x, y) => [SIZE / 2 + ((x - midX) / span) * inner, SIZE / 2 - ((y - midY) / span) * inner];
    const radius = points.length > 2000 ? 1.6 : 2.6;
    let path = '';
    for (let i = 0; i < points.length; i += 2) {
      const [x, y] = this.#scale(points[i] as number, points[i + 1] as number);
      path += `M${(x - radius).toFixed(1)} ${y.toFixed(1)}a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0`;
    }
    this.#overlay = svg('g');
    const dots = svg('path', { d: path, class: 'vector', opacity: 0.55 });
    const label = `Map of ${points.length / 2} of ${n} vectors`;
    this.#host.replaceChildren(picture(SIZE, SIZE, label, [dots, this.#overlay]));
  }

  mark(query: readonly [number, number] | undefined, hits: readonly Marked[]): void {
    if (!this.#overlay) return;
    const marks: SVGElement[] = [];
    for (const [i, hit] of [...hits.entries()].reverse()) {
      const [x, y] = this.#scale(hit.x, hit.y);
      const title = svg('title', {}, [hit.title]);
      marks.push(svg('circle', { cx: x, cy: y, r: 7.5, class: 'hit' }, [title]));
      marks.push(svg('text', { x, y: y + 3.2, class: 'hit-number' }, [String(i + 1)]));
    }
    if (query) {
      const [x, y] = this.#scale(...query);
      marks.push(svg('circle', { cx: x, cy: y, r: 11, class: 'query' }));
    }
    this.#overlay.replaceChildren(...marks);
  }

  clear(): void {
    this.#overlay = undefined;
    this.#host.replaceChildren();
  }
}
