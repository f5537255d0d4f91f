/** Bytes of a MuveraFde: its parameters, and its matrices where they are not made from the seed. */
import { type ByteReader, ByteWriter, MAX_DIMENSION } from '@sagitta/core-wasm';
import { MAX_FDE_LENGTH } from './fde-encoder.ts';
import type { MuveraMatrices } from './muvera-matrices.ts';
import {
  CELL_ORDERS,
  checkMuveraOptions,
  MAX_REPETITIONS,
  MAX_SIMHASH_PROJECTIONS,
  type MuveraOptions,
  type MuveraParameters,
} from './muvera-options.ts';

const PROJECTIONS = ['none', 'count-sketch', 'dense'] as const;

const HAS_FILL = 1;
const HAS_CENTER = 2;
const HAS_SPLIT = 4;
const HAS_MATRICES = 8;
const HAS_UNIT_DOCUMENTS = 16;

/** What a MuveraFde is written from. */
export interface MuveraParts {
  readonly parameters: MuveraParameters;
  readonly matrices: MuveraMatrices;
  readonly hasOwnMatrices: boolean;
}

export function writeMuvera({ parameters, matrices, hasOwnMatrices }: MuveraParts): Uint8Array<ArrayBuffer> {
  const { d, k, numRepetitions, p, projection, final, fillEmpty, order, seed, center } = parameters;
  const writer = new ByteWriter();
  writer.u32(d).u32(k).u32(numRepetitions).u32(p).u32(PROJECTIONS.indexOf(projection)).u32(final);
  writer.u32(CELL_ORDERS.indexOf(order)).f64(seed).f64(parameters.lengthBeta);
  const flags =
    (fillEmpty ? HAS_FILL : 0) |
    (center ? HAS_CENTER : 0) |
    (parameters.meanSplit ? HAS_SPLIT : 0) |
    (hasOwnMatrices ? HAS_MATRICES : 0) |
    (parameters.documentScale === 'unit' ? HAS_UNIT_DOCUMENTS : 0);
  writer.u32(flags);
  if (center) writer.array(center);
  if (hasOwnMatrices) {
    writer.array(matrices.hyperplanes).array(matrices.dense);
    writer.array(matrices.sketches).array(matrices.finalSketch);
  }
  return writer.finish();
}

/** Options and, where the file has them, matrices. @throws FormatError on what writeMuvera would not have written */
export function readMuvera(reader: ByteReader): { options: MuveraOptions; matrices?: MuveraMatrices } {
  const d = reader.u32In('d', 1, MAX_DIMENSION);
  const k = reader.u32In('numSimhashProjections', 0, MAX_SIMHASH_PROJECTIONS);
  const R = reader.u32In('numRepetitions', 1, MAX_REPETITIONS);
  const p = reader.u32In('projectionDimension', 1, d);
  const projection = PROJECTIONS[reader.u32In('projection', 0, 2)] as (typeof PROJECTIONS)[number];
  const final = reader.u32In('finalProjectionDimension', 0, MAX_FDE_LENGTH);
  const order = CELL_ORDERS[reader.u32In('order', 0, 1)] as (typeof CELL_ORDERS)[number];
  const seed = reader.f64();
  const lengthBeta = reader.f64();
  const flags = reader.u32In('flags', 0, 31);
  if (projection === 'none' && p !== d) reader.fail(`"projectionDimension" expected d = ${d}, got ${p}`);
  const center = flags & HAS_CENTER ? reader.f32Array('center', d) : undefined;
  const options: MuveraOptions = {
    d,
    numSimhashProjections: k,
    numRepetitions: R,
    fillEmpty: (flags & HAS_FILL) !== 0,
    order,
    seed,
    lengthBeta,
    meanSplit: (flags & HAS_SPLIT) !== 0,
    documentScale: flags & HAS_UNIT_DOCUMENTS ? 'unit' : 'none',
    ...(projection === 'none' ? {} : { projection, projectionDimension: p }),
    ...(final > 0 ? { finalProjectionDimension: final } : {}),
    ...(center ? { center } : {}),
  };
  // what passes is within the cap, so the matrices below are of bounded size
  let parameters: MuveraParameters;
  try {
    parameters = checkMuveraOptions(options);
  } catch (error) {
    return reader.fail(error instanceof Error ? error.message : String(error));
  }
  if ((flags & HAS_MATRICES) === 0) return { options };
  const { numCells, width } = parameters;
  const matrices = {
    hyperplanes: reader.f32Array('hyperplanes', R * d * k),
    dense: reader.f32Array('dense', projection === 'dense' ? R * d * p : 0),
    sketches: reader.u32Array(projection === 'count-sketch' ? R * d : 0),
    finalSketch: reader.u32Array(final > 0 ? R * numCells * width : 0),
  };
  return { options, matrices };
}
