/** From a sample of tokens to a LearnedFde: cells, directions, pseudo-queries. */
import {
  boundedTokenSet,
  type Core,
  checkCore,
  checkInteger,
  RandomStream,
  type TokenSetInput,
  type VectorSet,
} from '@sagitta/core-wasm';
import { assignToNearest, principalDirections, sampleRows, trainKmeans } from '@sagitta/quantizers';
import { LearnedFde } from './learned-fde.ts';
import { checkLearnedOptions, type LearnedOptions, MAX_VOTERS } from './learned-options.ts';

/** Tokens of the sample that are looked at. */
const MAX_TRAINING_TOKENS = 65_536;
const DEFAULT_VOTERS = 1024;

/**
 * Trains on the tokens of some documents; queries — tokens of queries, where there are any: pseudo-queries are drawn from
 * them instead. Deterministic in the seed, on every engine.
 * @throws RangeError on options out of range, a sample of fewer tokens than cells, queries without tokens
 */
export function trainLearnedFde(
  core: Core,
  sample: TokenSetInput,
  options: LearnedOptions,
  queries?: TokenSetInput,
): LearnedFde {
  checkCore(core);
  const { d } = sample;
  const parameters = checkLearnedOptions(d, options);
  const { numCells, p } = parameters;
  const random = new RandomStream(
    checkInteger('seed', options.seed ?? 1, 0, Number.MAX_SAFE_INTEGER),
    'fde/learned',
  );
  const wanted = checkInteger('numVoters', options.numVoters ?? DEFAULT_VOTERS, 1, MAX_VOTERS - numCells);
  const tokens = sampleRows(rowsOf(sample, 'sample', true), MAX_TRAINING_TOKENS, random.fork('tokens'));
  if (tokens.n < numCells) {
    throw new RangeError(`"sample" expected at least numCells = ${numCells} tokens, got ${tokens.n}`);
  }
  const { centroids } = trainKmeans(core, tokens, { nlist: numCells, seed: options.seed ?? 1 });
  // uncentred: inner products are kept best by the directions of most energy about 0
  const directions = principalDirections(core, tokens, {
    center: false,
    dims: p,
    seed: options.seed ?? 1,
  }).components;
  const mean = parameters.meanSplit ? meanOf(tokens) : new Float32Array(d);
  const parts = { centroids, directions, mean };
  if (parameters.blocks === 'mean') {
    const none = { voters: new Float32Array(0), starts: new Uint32Array(0) };
    return new LearnedFde(d, options, { ...parts, ...none });
  }
  const source = queries ? rowsOf({ ...queries, d }, 'queries', false) : tokens;
  const drawn = sampleRows(source, wanted, random.fork('voters'));
  return new LearnedFde(d, options, { ...parts, ...byCell(core, drawn, centroids) });
}

function rowsOf(set: TokenSetInput, label: string, isSample: boolean): VectorSet {
  const { data, d } = boundedTokenSet(set.data, set.offsets, set.d, label, { isSample });
  const n = data.length / d;
  if (n === 0) throw new RangeError(`"${label}" expected at least 1 token, got 0`);
  return { data, n, d };
}

function meanOf({ data, n, d }: VectorSet): Float32Array {
  const sums = new Float64Array(d);
  for (let i = 0; i < data.length; i++) sums[i % d] = (sums[i % d] as number) + (data[i] as number);
  return Float32Array.from(sums, (sum) => sum / n);
}

/** Voters in the order of their cells; a cell without any gets its centroid. */
function byCell(
  core: Core,
  drawn: VectorSet,
  centroids: Float32Array,
): { voters: Float32Array; starts: Uint32Array } {
  const { d } = drawn;
  const numCells = centroids.length / d;
  const { ids } = assignToNearest(core, drawn, centroids);
  const members: number[][] = Array.from({ length: numCells }, () => []);
  ids.forEach((cell, row) => {
    (members[cell] as number[]).push(row);
  });
  const starts = new Uint32Array(numCells + 1);
  const rows: Float32Array[] = [];
  members.forEach((own, cell) => {
    if (own.length === 0) rows.push(centroids.subarray(cell * d, (cell + 1) * d));
    for (const row of own) rows.push(drawn.data.subarray(row * d, (row + 1) * d));
    starts[cell + 1] = rows.length;
  });
  const voters = new Float32Array(rows.length * d);
  for (const [i, row] of rows.entries()) voters.set(row, i * d);
  return { voters, starts };
}
