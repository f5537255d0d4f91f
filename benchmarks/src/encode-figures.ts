/** Vectors encoded a second, one core, with and without the product that applies PCA and rotation together. */
import type { Core } from '@sagitta/core-wasm';
import { blockCount, SaqEncoder, type SaqModel } from '@sagitta/quantizers';
import { SaqQuantizer } from '@sagitta/quantizers/saq';
import type { DataSet } from './data-set.ts';
import { atLeast, beside, type Figure, show } from './figure.ts';
import type { BuiltIndex } from './saq-figures.ts';

const ROWS = 4096;
const ROUNDS = 9;
/** Vectors that the encoder projects at a time. */
const CHUNK = 256;

export interface EncodeTarget {
  readonly bits: number;
  readonly asked: number;
}

/** Rounds take turns between all numbers of bits; the figure is of the median round. */
export function encodeFigures(
  core: Core,
  set: DataSet,
  built: readonly BuiltIndex[],
  targets: readonly EncodeTarget[],
): Figure[] {
  const residuals = residualRows(set, built[0] as BuiltIndex);
  const tasks = targets.map(({ bits, asked }) => {
    const quantizer = built.find((one) => one.bits === bits)?.index.codec.quantizer;
    if (!(quantizer instanceof SaqQuantizer)) throw new Error(`no SAQ index at ${bits} bits`);
    return { bits, asked, model: quantizer.model, whole: [] as number[], product: [] as number[] };
  });
  for (let round = 0; round < ROUNDS; round++) {
    for (const task of tasks) {
      task.whole.push(timeEncode(core, task.model, residuals));
      task.product.push(timeProduct(core, task.model));
    }
  }
  return tasks.flatMap(({ bits, asked, whole, product }) => {
    const all = median(whole);
    const rest = all - median(product);
    const label = `encode, ${bits} ${bits === 1 ? 'bit' : 'bits'}`;
    return [
      atLeast(
        `${label}: vectors/s without the product PCA·rotation`,
        `${show(asked)} (rotation in, PCA out)`,
        asked,
        ROWS / rest,
      ),
      beside(`${label}: vectors/s with that product, as a build pays`, show(ROWS / all)),
    ];
  });
}

function residualRows(set: DataSet, { index }: BuiltIndex): Float32Array {
  const { data, d } = set.base;
  const rows = new Float32Array(ROWS * d);
  let row = 0;
  for (let list = 0; list < index.nlist && row < ROWS; list++) {
    for (const piece of index.lists.pieces(list)) {
      for (const id of piece.ids.u32(0, piece.n)) {
        if (row === ROWS) break;
        for (let j = 0; j < d; j++) {
          rows[row * d + j] = (data[id * d + j] as number) - (index.centroids[list * d + j] as number);
        }
        row++;
      }
    }
  }
  return rows;
}

function timeEncode(core: Core, model: SaqModel, rows: Float32Array): number {
  using encoder = new SaqEncoder(core, model);
  using out = core.allocate(blockCount(ROWS) * encoder.layout.blockBytes);
  encoder.encode(rows.subarray(0, CHUNK * model.d), out);
  const start = performance.now();
  encoder.encode(rows, out);
  return (performance.now() - start) / 1000;
}

/** Seconds of multiplying ROWS rows by a matrix of the projection's shape, as the encoder does: in 16-bit integers. */
function timeProduct(core: Core, model: SaqModel): number {
  const { d } = model;
  const kept = model.projection.length / d;
  const depth = 32 * Math.ceil(d / 32);
  return core.scope((scope) => {
    const panels = scope.reserve(2 * kept * depth);
    const rows = scope.reserve(2 * CHUNK * depth);
    const out = scope.reserve(4 * CHUNK * kept);
    const run = (): void => core.kernels.projectRows(rows.at(), CHUNK, depth, panels.at(), kept, out.at());
    run();
    const start = performance.now();
    for (let first = 0; first < ROWS; first += CHUNK) run();
    return (performance.now() - start) / 1000;
  });
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}
