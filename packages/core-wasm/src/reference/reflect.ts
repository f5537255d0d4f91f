/** Plain twin of assembly/reflect.ts. What it writes ends in stored bytes: they agree bit for bit. */
import { laneSum } from './lane-sum.ts';

const { fround } = Math;

/** Reflections of a call, and columns that are summed as whole numbers. */
const COUNT = 64;
const RUN = 1024;

/**
 * rows f32[n × stride] ← 64 reflections of their first `width` values; vectors i8[64 × width], diagonal f32[64], mix
 * f32[64 × 64].
 */
export function reflectRows(
  rows: Float32Array,
  n: number,
  stride: number,
  width: number,
  vectors: Int8Array,
  diagonal: Float32Array,
  mix: Float32Array,
): void {
  for (let i = 0; i < n; i++) {
    const row = rows.subarray(i * stride, i * stride + width);
    const x = toIntegers(row);
    if (x.unit === 0) continue;
    const dots = Float32Array.from({ length: COUNT }, (_, r) => {
      let sum = 0;
      for (let run = 0; run < width; run += RUN) {
        const lanes = new Float64Array(4);
        for (let j = run; j < Math.min(width, run + RUN); j++) {
          const lane = (j & 7) >> 1;
          const product = (x.values[j] as number) * (vectors[r * width + j] as number);
          lanes[lane] = (lanes[lane] as number) + product;
        }
        sum = fround(sum + laneSum(4, 4, (lane) => fround(lanes[lane] as number)));
      }
      return fround(fround(sum * x.unit) + fround((row[r] as number) * (diagonal[r] as number)));
    });
    const z = new Float32Array(COUNT);
    for (let j = 0; j < COUNT; j++) {
      for (let r = 0; r < COUNT; r++) {
        z[j] = (z[j] as number) + fround((dots[r] as number) * (mix[r * COUNT + j] as number));
      }
    }
    const whole = toIntegers(z);
    if (whole.unit === 0) continue;
    for (let j = 0; j < width; j++) {
      let sum = 0;
      for (let r = 0; r < COUNT; r++) {
        sum += (vectors[r * width + j] as number) * (whole.values[r] as number);
      }
      row[j] = (row[j] as number) - fround(fround(sum) * whole.unit);
    }
    for (let r = 0; r < COUNT; r++) {
      row[r] = (row[r] as number) - fround((z[r] as number) * (diagonal[r] as number));
    }
  }
}

function toIntegers(values: Float32Array): { values: Int16Array; unit: number } {
  const most = values.reduce((greatest, value) => Math.max(greatest, Math.abs(value)), 0);
  if (!(most > fround(1e-34))) return { values: new Int16Array(0), unit: 0 };
  const scale = fround(32767 / most);
  const whole = Int16Array.from(values, (value) => fround(fround(value * scale) + 12_582_912) - 12_582_912);
  return { values: whole, unit: fround(most / 32767) };
}
