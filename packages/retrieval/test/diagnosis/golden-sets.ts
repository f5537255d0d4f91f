/** The point sets of the golden dimensions, drawn as their file says. */
import { readFileSync } from 'node:fs';
import { RandomStream, type VectorSet } from '@sagitta/core-wasm';

export interface GoldenDimension {
  readonly n: number;
  readonly d: number;
  readonly first: readonly number[];
  readonly twonnFit: number;
  readonly mleMacKay: number;
  readonly phd: number;
  readonly phdAlphaHalf: number;
  readonly lidMedian: number;
  readonly participationRatio: number;
  readonly hubnessSkew10: number;
  readonly maxOccurrence10: number;
  readonly relativeContrast: number;
}

interface Golden {
  readonly intrinsicDimension: Readonly<Record<string, GoldenDimension>>;
  readonly labelSharpness: {
    readonly rows: readonly (readonly number[])[];
    readonly labels: readonly number[];
    readonly sharpness: number;
  };
  readonly spectral: {
    readonly before: readonly (readonly number[])[];
    readonly after: readonly (readonly number[])[];
    readonly intruders: readonly {
      readonly index: number;
      readonly value: number;
      readonly direction: readonly number[];
      readonly largestCosine: number;
    }[];
  };
}

export const golden: Golden = JSON.parse(
  readFileSync(new URL('../golden/kin-golden.json', import.meta.url), 'utf8'),
) as Golden;

function normal(random: RandomStream): number {
  const u = 1 - random.nextUnit();
  const v = random.nextUnit();
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
}

const ROWS: Readonly<Record<string, (random: RandomStream) => number[]>> = {
  cube5: (random) => Array.from({ length: 5 }, () => random.nextUnit()),
  gauss10in30: (random) => Array.from({ length: 30 }, (_, j) => (j < 10 ? normal(random) : 0)),
  sphere4in5: (random) => {
    const row = Array.from({ length: 5 }, () => normal(random));
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    return row.map((value) => value / length);
  },
  swissroll2in3: (random) => {
    const t = 1.5 * Math.PI * (1 + 2 * random.nextUnit());
    const h = 21 * random.nextUnit();
    return [t * Math.cos(t), h, t * Math.sin(t)];
  },
};

export const GOLDEN_SETS: readonly string[] = Object.keys(ROWS);

/** Rows in f64, n × d. */
export function goldenRows(name: string): {
  readonly data: Float64Array;
  readonly n: number;
  readonly d: number;
} {
  const { n, d } = golden.intrinsicDimension[name] as GoldenDimension;
  const random = new RandomStream(7, `golden/${name}`);
  const row = ROWS[name] as (random: RandomStream) => number[];
  return { data: Float64Array.from(Array.from({ length: n }, () => row(random)).flat()), n, d };
}

export function asFloat32({ data, n, d }: { data: Float64Array; n: number; d: number }): VectorSet {
  return { data: Float32Array.from(data), n, d };
}

/** Distances of all rows, n × n. */
export function allDistances(data: ArrayLike<number>, n: number, d: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let t = 0; t < d; t++) sum += ((data[i * d + t] as number) - (data[j * d + t] as number)) ** 2;
      out[i * n + j] = Math.sqrt(sum);
      out[j * n + i] = out[i * n + j] as number;
    }
  }
  return out;
}
