/** Results as text for people: names and values, and tables with right-aligned numbers. */
import type { Quantizer, SaqSegment } from '@sagitta/quantizers';
import type { IvfIndex } from '@sagitta/retrieval';

/** One line each, the values in one column. */
export function fieldLines(fields: readonly (readonly [name: string, value: string])[]): string[] {
  const width = Math.max(...fields.map(([name]) => name.length));
  return fields.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}

export function tableLines(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = header.map((name, i) => Math.max(name.length, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => cell.padStart(widths[i] as number)).join('  ');
  return [line(header), ...rows.map(line)];
}

export function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 2 });
}

export function seconds(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)} s`;
}

/** E.g. "64 × 8, 128 × 5, 592 × 0": dims × bits, segment by segment. */
export function planText(plan: readonly SaqSegment[]): string {
  return plan.map(({ dims, bits }) => `${dims} × ${bits}`).join(', ');
}

/** E.g. "rabitq, 4 bits". */
export function quantizerText(
  of: Pick<IvfIndex, 'quantizer' | 'bits'> | Pick<Quantizer, 'name' | 'bits'>,
): string {
  const quantizer = 'name' in of ? of.name : of.quantizer;
  const { bits } = of;
  return quantizer === 'float32' ? quantizer : `${quantizer}, ${count(bits)} bits`;
}

/** E.g. "graph, 32 edges a vector". */
export function kindText({ kind, degree }: Pick<IvfIndex, 'kind' | 'degree'>): string {
  return degree === undefined ? kind : `${kind}, ${degree} edges a vector`;
}

/** Bytes of a vector's codes, and of its edges where they are in a graph; an id in lists and kept vectors come on top. */
export function bytesOf(index: IvfIndex): number {
  if (index.kind !== 'graph') return index.codeBytesPerVector;
  return index.bytesPerVector - (index.keepsVectors ? 4 * index.d : 0);
}

/** A fraction as per cent with three digits. */
export function percent(fraction: number): string {
  return `${Number((100 * fraction).toPrecision(3))} %`;
}
