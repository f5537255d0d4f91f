/** Bytes of a LearnedFde: options, then what was learned. */
import { type ByteReader, ByteWriter, MAX_DIMENSION } from '@sagitta/core-wasm';
import { MAX_FDE_LENGTH } from './fde-encoder.ts';
import {
  CELL_SHARES,
  LEARNED_BLOCKS,
  type LearnedOptions,
  type LearnedParameters,
  type LearnedParts,
  MAX_CELLS,
  MAX_VOTERS,
} from './learned-options.ts';

export function writeLearned({
  parameters,
  parts,
}: {
  readonly parameters: LearnedParameters;
  readonly parts: LearnedParts;
}): Uint8Array<ArrayBuffer> {
  const { d, numCells, p, blocks, meanSplit, queryCells, ownShare } = parameters;
  const writer = new ByteWriter();
  writer.u32(d).u32(numCells).u32(p).u32(LEARNED_BLOCKS.indexOf(blocks));
  writer
    .u32(meanSplit ? 1 : 0)
    .u32(queryCells)
    .f64(ownShare);
  writer.array(parts.centroids).array(parts.directions).array(parts.mean);
  if (blocks === 'votes') writer.array(parts.starts).array(parts.voters);
  return writer.finish();
}

/** @throws FormatError on what writeLearned would not have written */
export function readLearned(reader: ByteReader): {
  readonly d: number;
  readonly options: LearnedOptions;
  readonly parts: LearnedParts;
} {
  const d = reader.u32In('d', 1, MAX_DIMENSION);
  const numCells = reader.u32In('numCells', 1, MAX_CELLS);
  const p = reader.u32In('projectionDimension', 1, Math.min(d, MAX_FDE_LENGTH));
  const blocks = LEARNED_BLOCKS[reader.u32In('blocks', 0, 1)] as (typeof LEARNED_BLOCKS)[number];
  const meanSplit = reader.u32In('mean split', 0, 1) === 1;
  const queryCells = reader.u32In('queryCells', 1, CELL_SHARES.length);
  const ownShare = reader.f64();
  const options = { numCells, projectionDimension: p, blocks, meanSplit, queryCells, ownShare };
  const centroids = reader.f32Array('centroids', numCells * d);
  const directions = reader.f32Array('directions', p * d);
  const mean = reader.f32Array('mean', d);
  const starts = reader.u32Array(blocks === 'votes' ? numCells + 1 : 0);
  const count = starts[numCells] ?? 0;
  if (count > MAX_VOTERS) reader.fail(`"voters" expected at most ${MAX_VOTERS}, got ${count}`);
  const voters = reader.f32Array('voters', count * d);
  return { d, options, parts: { centroids, directions, mean, voters, starts } };
}
