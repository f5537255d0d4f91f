/** Data of awkward sizes: each kind is made of the same ordinary rows and queries. */
import { clusteredRows } from '@sagitta/testing';

export const N = 320;
export const D = 16;
export const NQ = 6;

export interface Sets {
  readonly data: Float32Array;
  readonly queries: Float32Array;
}

export interface DataKind {
  readonly name: string;
  /** Everything is the ordinary sets times a number, data and queries each: answers are those of the ordinary ones. */
  readonly isScaled?: boolean;
  make(): Sets;
}

const FLT_MAX = 3.4028234663852886e38;

/** Clusters of spread 0.4 around centres of about 4, all values below 6. */
export function ordinary(): Sets {
  const options = { seed: 7, clusters: 12, spread: 0.4 };
  return {
    data: clusteredRows(N, D, options),
    queries: clusteredRows(NQ, D, { ...options, stream: 'queries' }),
  };
}

function rescaled(name: string, data: number, queries: number): DataKind {
  const make = (): Sets => {
    const sets = ordinary();
    return { data: sets.data.map((x) => x * data), queries: sets.queries.map((x) => x * queries) };
  };
  return { name, isScaled: true, make };
}

/** change — of a value in row `row` (row -1: of a query), dimension `j`. */
function changed(name: string, change: (value: number, row: number, j: number) => number): DataKind {
  const make = (): Sets => {
    const sets = ordinary();
    return {
      data: sets.data.map((x, i) => change(x, Math.floor(i / D), i % D)),
      queries: sets.queries.map((x, i) => change(x, -1, i % D)),
    };
  };
  return { name, make };
}

/** 10^e for whole e, by products alone. */
function ten(e: number): number {
  let out = 1;
  for (let i = 0; i < Math.abs(e); i++) out *= 10;
  return e < 0 ? 1 / out : out;
}

const EXPONENTS = [4, 12, 19, 25, 30, 37];

export const KINDS: readonly DataKind[] = [
  { name: 'ordinary', isScaled: true, make: ordinary },
  ...EXPONENTS.flatMap((e) => [
    rescaled(`×1e${e}`, ten(e), ten(e)),
    rescaled(`×1e-${e}`, ten(-e), ten(-e)),
    rescaled(`data ×1e${e}`, ten(e), 1),
    rescaled(`data ×1e-${e}`, ten(-e), 1),
    rescaled(`query ×1e${e}`, 1, ten(e)),
    rescaled(`query ×1e-${e}`, 1, ten(-e)),
  ]),
  changed('denormals', (x) => x * 1e-41),
  changed('denormal query', (x, row) => (row < 0 ? x * 1e-41 : x)),
  changed('near ±FLT_MAX', (x) => (x < 0 ? -FLT_MAX : FLT_MAX) * (0.5 + Math.abs(x) / 16)),
  changed('dims from 1e-8 to 1e7', (x, _, j) => x * ten(j - 8)),
  changed('dims from 1e-32 to 1e28', (x, _, j) => x * ten(4 * (j - 8))),
  changed('rows from 1e-6 to 1e6', (x, row) => (row < 0 ? x : x * ten((row % 13) - 6))),
  changed('rows from 1e-30 to 1e30', (x, row) => (row < 0 ? x : x * ten(5 * ((row % 13) - 6)))),
  changed('every third row ×1e-30', (x, row) => (row >= 0 && row % 3 === 0 ? x * 1e-30 : x)),
  changed('four rows ×1e4', (x, row) => (row >= 0 && row % 80 === 3 ? x * 1e4 : x)),
  changed('four rows ×1e12', (x, row) => (row >= 0 && row % 80 === 3 ? x * 1e12 : x)),
  changed('four rows ×1e25', (x, row) => (row >= 0 && row % 80 === 3 ? x * 1e25 : x)),
  changed('every seventh row zero', (x, row) => (row >= 0 && row % 7 === 0 ? 0 : x)),
  changed('zeros', (_, row) => (row < 0 ? 1 : 0)),
  changed('zero query', (x, row) => (row < 0 ? 0 : x)),
  {
    name: 'each row ten times',
    make: () => {
      const { data, queries } = ordinary();
      return { data: data.map((_, i) => data[(Math.floor(i / D) % 32) * D + (i % D)] as number), queries };
    },
  },
  changed('equal rows', (x, row, j) => (row < 0 ? x : j - 7.5)),
  changed('1e4 from the origin', (x) => x / 5 + 1e4),
];
