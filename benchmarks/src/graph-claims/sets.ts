/** The first rows of the real collections with their own true neighbours, and vectors whose queries are foreign to them. */
import { type Core, type Metric, RandomStream, type VectorSet } from '@sagitta/core-wasm';
import { exactNeighbors, memorySource } from '@sagitta/node';
import { type DataSet, firstRows, loadDataSet } from '../data-set.ts';

const TRUTH = 10;

export interface Claimed extends DataSet {
  readonly metric: Metric;
  /** Training queries, where queries do not look like the vectors. */
  readonly foreign?: Float32Array;
}

async function withTruth(
  core: Core,
  set: Pick<Claimed, 'name' | 'base' | 'queries' | 'metric' | 'foreign'>,
): Promise<Claimed> {
  const { base, queries, metric } = set;
  const { ids: truth } = await exactNeighbors(core, memorySource(base), queries, { k: TRUTH, metric });
  return { ...set, truth, truthWidth: TRUTH };
}

/** `limit` first rows. Vectors that are compared by cosine have length 1, so l2 gives their order too. */
export async function firstOf(
  core: Core,
  root: string,
  name: 'fashion-mnist' | 'cifar10-mobilenetv2' | 'sift-photos-200k',
  { limit, queries }: { readonly limit: number; readonly queries: number },
): Promise<Claimed> {
  const normalise = name === 'cifar10-mobilenetv2';
  const whole = await loadDataSet(root, name, { queryLimit: queries, normalise });
  return withTruth(core, { name, base: firstRows(whole.base, limit), queries: whole.queries, metric: 'l2' });
}

const D = 256;
const EXPONENT = 1.3;
const FOREIGN_EXPONENT = 2;

/**
 * The vectors and queries of LeanVec's tests: variances (i + 1)^-1.3 along the axes of a random basis; of the queries'
 * covariance half is the vectors', half (i + 1)^-2 along another basis.
 */
export function foreignSet(core: Core, limit: number, queries: number): Promise<Claimed> {
  const own = randomBasis(1);
  const other = randomBasis(2);
  const asked = (n: number, seed: number): VectorSet => {
    const half = spectrumRows(n, seed, own, EXPONENT);
    const foreign = spectrumRows(n, seed + 1, other, FOREIGN_EXPONENT);
    return { data: half.map((x, i) => Math.SQRT1_2 * (x + (foreign[i] as number))), n, d: D };
  };
  return withTruth(core, {
    name: 'generated, queries half foreign',
    base: { data: spectrumRows(limit, 3, own, EXPONENT), n: limit, d: D },
    queries: asked(queries, 10),
    metric: 'ip',
    foreign: asked(2000, 20).data,
  });
}

function normals(n: number, seed: number): Float32Array {
  const random = new RandomStream(seed, 'bench/graph-claims');
  return Float32Array.from(
    { length: n },
    () => Math.sqrt(-2 * Math.log(1 - random.nextUnit())) * Math.cos(2 * Math.PI * random.nextUnit()),
  );
}

function randomBasis(seed: number): Float32Array[] {
  const rows: Float32Array[] = [];
  for (let i = 0; i < D; i++) {
    const row = normals(D, 1000 * seed + i);
    for (const before of rows) {
      const dot = before.reduce((sum, x, t) => sum + x * (row[t] as number), 0);
      for (let t = 0; t < D; t++) row[t] = (row[t] as number) - dot * (before[t] as number);
    }
    const length = Math.hypot(...row);
    rows.push(row.map((x) => x / length));
  }
  return rows;
}

function spectrumRows(
  n: number,
  seed: number,
  basis: readonly Float32Array[],
  exponent: number,
): Float32Array {
  const drawn = normals(n * D, seed);
  const out = new Float32Array(n * D);
  for (const [i, axis] of basis.entries()) {
    const weight = (i + 1) ** (-exponent / 2);
    for (let row = 0; row < n; row++) {
      const share = weight * (drawn[row * D + i] as number);
      for (let t = 0; t < D; t++)
        out[row * D + t] = (out[row * D + t] as number) + share * (axis[t] as number);
    }
  }
  return out;
}
