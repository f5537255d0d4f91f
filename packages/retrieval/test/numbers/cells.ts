/**
 * One cell of the grid of numbers: an index of a quantizer and a metric is built of a kind of data, searched, and judged by
 * an oracle in f64. Right is: complete and in order, scores finite (distances not negative) and as near to the true ones as
 * codes of ordinary data are, the right neighbours found; or a RangeError that names an argument and a range.
 */
import { type Core, METRICS, type Metric } from '@sagitta/core-wasm';
import {
  buildFlat,
  buildIvf,
  type IndexOptions,
  type IvfIndex,
  loadIndex,
  saveIndex,
} from '../../src/index.ts';
import { D, type DataKind, ordinary, type Sets } from './data-kinds.ts';

export const K = 10;

/** Lists: 0 for a flat index. */
export const NLISTS: readonly number[] = [0, 8];

/** Kinds of which most quantizers learn nothing: where rows have no direction of their own they may be refused. */
export const ALIKE: readonly string[] = ['equal rows', 'zeros'];

export type Verdict = 'right' | `refused: ${string}` | `bad: ${string}`;

export interface Coding extends Omit<IndexOptions, 'metric'> {
  readonly name: string;
}

export const CODINGS: readonly Coding[] = [
  { name: 'float32', quantizer: 'float32' },
  { name: 'saq 4', quantizer: 'saq', bits: 4 },
  { name: 'saq 12', quantizer: 'saq', bits: 12 },
  { name: 'rabitq 1', quantizer: 'rabitq', bits: 1 },
  { name: 'rabitq 4', quantizer: 'rabitq', bits: 4 },
  { name: 'pq 8', quantizer: 'pq', bits: 4 },
  { name: 'pq 4', quantizer: 'pq', bits: 4, quantizerOptions: { nbits: 4 } },
  { name: 'opq', quantizer: 'opq', bits: 4, quantizerOptions: { iterations: 2, nbits: 4 } },
  { name: 'lvq 8', quantizer: 'lvq', bits: 8 },
  { name: 'lvq 4×8', quantizer: 'lvq', bits: 4, quantizerOptions: { secondBits: 8 } },
  { name: 'int8', quantizer: 'scalar', bits: 8 },
  { name: 'int4', quantizer: 'scalar', bits: 4 },
  { name: 'int8 a vector', quantizer: 'scalar', bits: 8, quantizerOptions: { ranges: 'vector' } },
  { name: 'sign', quantizer: 'sign' },
  { name: 'turboquant', quantizer: 'turboquant', bits: 4 },
  { name: 'turboquant sketch', quantizer: 'turboquant', bits: 4, quantizerOptions: { sketch: true } },
  { name: 'half', quantizer: 'float16' },
  { name: 'pca', quantizer: 'pca', bits: 12 },
  { name: 'random', quantizer: 'random', bits: 12 },
  { name: 'leanvec', quantizer: 'leanvec', bits: 8, quantizerOptions: { dims: 12 } },
  { name: 'latent', quantizer: 'latent', bits: 4 },
  { name: 'low-rank-pq', quantizer: 'low-rank-pq', bits: 4, quantizerOptions: { nbits: 4 } },
  { name: 'rabitq, kept vectors', quantizer: 'rabitq', bits: 4, keepVectors: true },
  { name: 'rabitq, then lvq', quantizer: 'rabitq', bits: 4, secondary: { quantizer: 'lvq', bits: 8 } },
  { name: 'sign, then saq', quantizer: 'sign', secondary: { quantizer: 'saq' } },
];

interface Answer {
  readonly ids: Uint32Array;
  readonly scores: Float32Array;
}

/** Recall of the right neighbours, and the mean error of scores in units of |q|·|x| (ip) or (|q| + |x|)² (l2). */
interface Figures {
  readonly recall: number;
  readonly error: number;
}

function norm(x: Float32Array): number {
  let energy = 0;
  for (const value of x) energy += value * value;
  return Math.sqrt(energy);
}

/** The true score, of rows scaled to length 1 for cosine, and the unit in which errors of it are counted. */
function truth(metric: Metric, q: Float32Array, x: Float32Array): { score: number; unit: number } {
  const [a, b] = [norm(q), norm(x)];
  let dot = 0;
  let distance = 0;
  for (let j = 0; j < q.length; j++) {
    dot += (q[j] as number) * (x[j] as number);
    distance += ((q[j] as number) - (x[j] as number)) ** 2;
  }
  if (metric === 'l2') return { score: distance, unit: (a + b) ** 2 };
  if (metric === 'ip') return { score: dot, unit: a * b };
  return { score: a > 0 && b > 0 ? dot / a / b : 0, unit: 1 };
}

function figuresOf(metric: Metric, { data, queries }: Sets, answers: readonly Answer[]): Figures {
  const n = data.length / D;
  let hits = 0;
  let error = 0;
  for (const [i, { ids, scores }] of answers.entries()) {
    const q = queries.subarray(i * D, (i + 1) * D);
    const all = Array.from({ length: n }, (_, id) => truth(metric, q, data.subarray(id * D, (id + 1) * D)));
    const order = all.map(({ score }) => (metric === 'l2' ? score : -score)).sort((a, b) => a - b);
    const last = order[K - 1] as number;
    const largest = Math.max(...all.map(({ unit }) => unit));
    for (const [r, id] of ids.entries()) {
      const { score, unit } = all[id] as { score: number; unit: number };
      // what float32 cannot tell from the k-th best is as good
      if ((metric === 'l2' ? score : -score) <= last + 2 ** -20 * unit) hits++;
      if (largest > 0) error += Math.abs((scores[r] as number) - score) / largest;
    }
  }
  const count = answers.length * K;
  return { recall: hits / count, error: error / count };
}

function defectOf(metric: Metric, { ids, scores }: Answer, n: number): string | undefined {
  if (ids.length !== Math.min(K, n)) return `${ids.length} results`;
  if (new Set(ids).size !== ids.length || ids.some((id) => id >= n)) return 'ids twice or not there';
  const off = scores.find((score) => !Number.isFinite(score) || (metric === 'l2' && score < 0));
  if (off !== undefined) return `score ${off}`;
  for (let i = 1; i < scores.length; i++) {
    const [before, after] = [scores[i - 1] as number, scores[i] as number];
    if (metric === 'l2' ? after < before : after > before) return `order ${before}, ${after}`;
  }
  return undefined;
}

function searched(core: Core, coding: Coding, metric: Metric, nlist: number, sets: Sets): Answer[] {
  const { name: _, ...options } = coding;
  const build = (): IvfIndex =>
    nlist === 0
      ? buildFlat(core, sets.data, D, { ...options, metric })
      : buildIvf(core, sets.data, D, { ...options, metric, nlist });
  using index = build();
  const find = (of: IvfIndex): Answer[] =>
    Array.from({ length: sets.queries.length / D }, (_, i) =>
      of.search(sets.queries.subarray(i * D, (i + 1) * D), K, {
        nprobe: Math.max(1, nlist),
        ...((coding.keepVectors || index.codec.hasLevels) && { rerank: { candidates: 3 * K } }),
      }),
    );
  const answers = find(index);
  using loaded = loadIndex(core, saveIndex(index));
  for (const [i, again] of find(loaded).entries()) {
    if (again.ids.join() !== answers[i]?.ids.join()) throw new Error('another answer after save and load');
  }
  return answers;
}

const baselines = new Map<string, Figures>();

/** What the coding makes of ordinary data. */
function baselineOf(core: Core, coding: Coding, metric: Metric, nlist: number): Figures {
  const key = `${coding.name} ${metric} ${nlist}`;
  const known = baselines.get(key);
  if (known) return known;
  const sets = ordinary();
  const figures = figuresOf(metric, sets, searched(core, coding, metric, nlist, sets));
  baselines.set(key, figures);
  return figures;
}

/** Five times the largest error on ordinary data: queries far from a list's centre, and rows of one dimension by signs, have more. */
function errorLimit(core: Core, coding: Coding): number {
  const errors = METRICS.flatMap((metric) =>
    NLISTS.map((nlist) => baselineOf(core, coding, metric, nlist).error),
  );
  return 5 * Math.max(...errors) + 2 ** -18;
}

/** nlist — 0: flat. Every list is visited. */
export function verdictOf(
  core: Core,
  kind: DataKind,
  coding: Coding,
  metric: Metric,
  nlist: number,
): Verdict {
  const sets = kind.make();
  let answers: Answer[];
  try {
    answers = searched(core, coding, metric, nlist, sets);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const names = /^"(data|queries|query|vectors|bits)[^"]*" expected .*\d/.test(text);
    if (error instanceof RangeError && names) return `refused: ${text}`;
    return `bad: ${error instanceof Error ? error.name : ''} ${text}`;
  }
  for (const answer of answers) {
    const defect = defectOf(metric, answer, sets.data.length / D);
    if (defect) return `bad: ${defect}`;
  }
  const usual = baselineOf(core, coding, metric, nlist);
  const { recall, error } = figuresOf(metric, sets, answers);
  if (!(error <= errorLimit(core, coding))) return `bad: error ${error} of scores, ${usual.error} usually`;
  const isAlike = kind.isScaled === 'alike' || (kind.isScaled === 'apart' && metric !== 'l2');
  const least = isAlike ? usual.recall - 0.1 : coding.name === 'float32' ? 0.99 : 0;
  if (recall < least) return `bad: recall ${recall}, ${usual.recall} usually`;
  return 'right';
}
