/** Axes: from values to places, with round ticks. */

export type ScaleType = 'linear' | 'log';

export interface Scale {
  /** The place of a value as a fraction of the axis, 0 … 1. */
  readonly place: (value: number) => number;
  readonly ticks: readonly number[];
}

const TARGET_TICKS = 6;

/**
 * A scale that holds every value; `includeZero` starts a linear one at 0.
 * @throws RangeError on no values, on values that are not finite, and on values ≤ 0 on a log scale
 */
export function makeScale(
  label: string,
  type: ScaleType,
  values: readonly number[],
  includeZero = false,
): Scale {
  if (values.length === 0) throw new RangeError(`"${label}" expected at least one value, got none`);
  for (const value of values) {
    if (!Number.isFinite(value)) throw new RangeError(`"${label}" expected finite values, got ${value}`);
    if (type === 'log' && value <= 0)
      throw new RangeError(`"${label}" expected values above 0, got ${value}`);
  }
  let low = values.reduce((least, value) => Math.min(least, value), Infinity);
  let high = values.reduce((most, value) => Math.max(most, value), -Infinity);
  if (type === 'log') return logScale(low, high);
  if (includeZero) {
    low = Math.min(0, low);
    high = Math.max(0, high);
  }
  return linearScale(low, high);
}

function linearScale(low: number, high: number): Scale {
  const spread = high - low || Math.abs(high) || 1;
  const step = niceStep(spread / (TARGET_TICKS - 1));
  const first = Math.floor(low / step + 1e-9);
  let last = Math.ceil(high / step - 1e-9);
  if (last === first) last = first + 1;
  const ticks: number[] = [];
  for (let i = first; i <= last; i++) ticks.push(tidy(i * step));
  const start = first * step;
  const width = (last - first) * step;
  return { ticks, place: (value) => (value - start) / width };
}

function logScale(low: number, high: number): Scale {
  const ticks = logTicks(low, high);
  const start = Math.log10(Math.min(low, ticks[0] as number));
  const end = Math.log10(Math.max(high, ticks.at(-1) as number));
  const width = end - start || 1;
  return { ticks, place: (value) => (Math.log10(value) - start) / width };
}

/** Powers of ten, with 2 and 5 between them where there are few, or every digit within a decade. */
function logTicks(low: number, high: number): number[] {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const decades = Math.log10(high) - Math.log10(low);
  const digits = decades > 4 ? [1] : decades > 1 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9];
  const all: number[] = [];
  for (let power = first; power <= last; power++) {
    for (const digit of digits) all.push(tidy(digit * 10 ** power));
  }
  const before = all.filter((tick) => tick <= low).at(-1) ?? low;
  const after = all.find((tick) => tick >= high && tick > before) ?? high;
  return all.filter((tick) => tick >= before && tick <= after);
}

/** 1, 2, 2.5 or 5 times a power of ten, at least `rough`. */
function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const digit = rough / power;
  const nice = [1, 2, 2.5, 5, 10].find((candidate) => digit <= candidate + 1e-9) ?? 10;
  return nice * power;
}

function tidy(value: number): number {
  return Number(value.toPrecision(12));
}

/** A tick's label: 12000 → "12,000", 0.05 → "0.05", 3e-7 → "3e-7", 2e9 → "2e9". */
export function formatTick(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e7)) return value.toExponential().replace('e+', 'e');
  return value.toLocaleString('en-US', { maximumFractionDigits: 10 });
}
