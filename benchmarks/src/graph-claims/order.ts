/**
 * Order of insertion: shuffled (what a build does), as the file has it, by class, by local intrinsic dimension falling and
 * rising. What is staged together is shuffled together, so vectors are added a few at a time, in the order that is wanted.
 */
import { type Core, RandomStream, type VectorSet } from '@sagitta/core-wasm';
import { type IvfIndex, loadIndex, saveIndex, trainGraph } from '@sagitta/node';
import { assignToNearest, trainKmeans } from '@sagitta/quantizers';
import { knnGraph } from '@sagitta/retrieval';
import { show } from '../figure.ts';
import { type Claimed, firstOf } from './sets.ts';

export const ORDER_SETS = ['fashion-mnist', 'cifar10-mobilenetv2', 'sift-photos-200k'] as const;
const ROWS = 30_000;
const QUERIES = 500;
const BITS = 4;
const DEGREE = 32;
const WIDTHS = [64, 100];
const EFS = [16, 32, 64];
const SEEDS = [1, 2, 3];
/** Vectors of one addition, in which they are shuffled. */
const TOGETHER = 8;
const CLASSES = 10;
/** Neighbours by whose distances a local dimension is estimated. */
const LID_NEIGHBORS = 32;

interface Order {
  readonly label: string;
  readonly rows: Uint32Array;
}

interface Point {
  readonly recall: number;
  readonly scored: number;
}

/** Maximum likelihood (Levina and Bickel, 2004): -1/mean ln(r_i/r_k); of copies only what is apart counts. */
function localDimensions(core: Core, base: VectorSet): Float32Array {
  using index = trainGraph(core, base, { metric: 'l2', bits: BITS, seed: 1 });
  index.add(base.data);
  const { scores } = knnGraph(index, LID_NEIGHBORS);
  return Float32Array.from({ length: base.n }, (_, row) => {
    const own = scores.subarray(row * LID_NEIGHBORS, (row + 1) * LID_NEIGHBORS).filter((score) => score > 0);
    const farthest = own.at(-1) ?? 0;
    let sum = 0;
    // distances are squared
    for (const score of own) sum += Math.log(farthest / score) / 2;
    return sum > 0 ? (own.length - 1) / sum : 0;
  });
}

function shuffled(n: number, seed: number): Uint32Array {
  const rows = Uint32Array.from({ length: n }, (_, i) => i);
  new RandomStream(seed, 'bench/order').shuffle(rows);
  return rows;
}

function ordersOf(core: Core, base: VectorSet): Order[] {
  const { n } = base;
  const given = Uint32Array.from({ length: n }, (_, i) => i);
  const dimensions = localDimensions(core, base);
  const { centroids } = trainKmeans(core, base, { nlist: CLASSES, seed: 1 });
  const classes = assignToNearest(core, base, centroids).ids;
  const by = (values: ArrayLike<number>): Uint32Array =>
    given.slice().sort((a, b) => (values[a] as number) - (values[b] as number) || a - b);
  const rising = by(dimensions);
  return [
    ...SEEDS.map((seed) => ({ label: `shuffled, seed ${seed}`, rows: shuffled(n, seed) })),
    { label: 'as the file has them', rows: given },
    { label: `by class, ${CLASSES} clusters`, rows: by(classes) },
    { label: 'local dimension, falling', rows: rising.slice().reverse() },
    { label: 'local dimension, rising', rows: rising },
  ];
}

/** Adds to an index that was trained and saved empty. */
function build(
  core: Core,
  { base: { data, d, n } }: Claimed,
  { rows }: Order,
  trained: Uint8Array,
): IvfIndex {
  const index = loadIndex(core, trained);
  const some = new Float32Array(TOGETHER * d);
  for (let first = 0; first < n; first += TOGETHER) {
    const part = rows.subarray(first, first + TOGETHER);
    for (const [i, row] of part.entries()) some.set(data.subarray(row * d, (row + 1) * d), i * d);
    index.add(some.subarray(0, part.length * d));
  }
  index.releaseEncoders();
  return index;
}

/** All that a walk ends with is scored exactly, so that recall is the graph's. */
function measure(set: Claimed, index: IvfIndex, rows: Uint32Array, ef: number): Point {
  const { base, queries, truth, truthWidth: k } = set;
  const { data, d, n } = queries;
  const fetch = (ids: Uint32Array): Float32Array[] =>
    Array.from(ids, (id) => {
      const row = rows[id] as number;
      return base.data.subarray(row * d, (row + 1) * d);
    });
  let hits = 0;
  let scored = 0;
  for (let q = 0; q < n; q++) {
    const query = data.subarray(q * d, (q + 1) * d);
    const rerank = { candidates: ef, fetch };
    const { ids, statistics } = index.search(query, k, { ef, rerank, statistics: true });
    const wanted = new Set(truth.subarray(q * k, (q + 1) * k));
    for (const id of ids) if (wanted.has(rows[id] as number)) hits++;
    scored += statistics?.graph?.scored ?? 0;
  }
  return { recall: hits / (n * k), scored: scored / n };
}

export async function orderSection(
  core: Core,
  root: string,
  name: string,
  log: (line: string) => void,
): Promise<string> {
  const set = await firstOf(core, root, name as (typeof ORDER_SETS)[number], {
    limit: ROWS,
    queries: QUERIES,
  });
  const orders = ordersOf(core, set.base);
  log(`${name}: ordered`);
  const lines = WIDTHS.flatMap((efConstruction) => {
    const options = { metric: 'l2', bits: BITS, degree: DEGREE, efConstruction, seed: 1 } as const;
    using empty = trainGraph(core, set.base, options);
    const trained = saveIndex(empty);
    return orders.map((order) => {
      using index = build(core, set, order, trained);
      const cells = EFS.map((ef) => {
        const { recall, scored } = measure(set, index, order.rows, ef);
        return `${recall.toFixed(4)}, ${show(Math.round(scored))}`;
      });
      log(`${name}, from ${efConstruction}, ${order.label}: ${cells.join(' · ')}`);
      return `| ${efConstruction} | ${order.label} | ${cells.join(' | ')} |`;
    });
  });
  return `## ${name}, ${show(set.base.n)} × ${show(set.base.d)}

| edges chosen from | order | ${EFS.map((ef) => `ef ${ef}`).join(' | ')} |
|---|---|${'---|'.repeat(EFS.length)}
${lines.join('\n')}
`;
}

export const ORDER_TEXT = `The first ${show(ROWS)} vectors, all where there are fewer, and the first ${QUERIES} queries. SAQ of ${BITS} bits, degree ${DEGREE}; cells are recall@10 and vertices scored a query. All ef candidates are scored again by float32 vectors. Vectors are added ${TOGETHER} at a time in the order that is named, trained on all of
them before. Classes are ${CLASSES} clusters, one after the other; local intrinsic dimension is the maximum-likelihood estimate from ${LID_NEIGHBORS} neighbours.`;
