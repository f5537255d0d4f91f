/** The bytes of a SAQ model, section "SAQM" of every file that holds SAQ codes; see docs/formats.md. */
import { type ByteReader, ByteWriter, MAX_DIMENSION, METRICS, type Metric } from '@sagitta/core-wasm';
import { type SaqSegment, saqLayout } from './layout.ts';
import type { SaqModel } from './model.ts';

const MODEL_VERSION = 1;
const MAX_SEGMENTS = 4096;
/** More bits than this a dimension are beyond what f32 sums of codes can tell apart (spec section 1.3). */
const MAX_BITS = 13;

export function writeSaqModel(model: SaqModel): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  writer.u32(MODEL_VERSION).u32(model.d).u32(METRICS.indexOf(model.metric)).f64(model.bits).f64(model.seed);
  writer.u32(model.plan.length);
  for (const segment of model.plan) writer.u32(segment.dims).u32(segment.bits);
  writer.array(model.mean).array(model.factorUnits).array(model.shares).array(model.projection);
  return writer.finish();
}

/** @throws FormatError on anything writeSaqModel would not have written */
export function readSaqModel(reader: ByteReader): SaqModel {
  reader.u32In('model version', MODEL_VERSION, MODEL_VERSION);
  const d = reader.u32In('d', 1, MAX_DIMENSION);
  const metric = METRICS[reader.u32In('metric', 0, METRICS.length - 1)] as Metric;
  const bits = reader.f64();
  if (!(bits >= 0.25 && bits <= 8)) reader.fail(`"bits" expected 0.25 to 8, got ${bits}`);
  const seed = reader.f64();
  if (!Number.isSafeInteger(seed)) reader.fail(`"seed" expected a safe integer, got ${seed}`);
  const count = reader.u32In('segments', 1, MAX_SEGMENTS);
  const plan: SaqSegment[] = [];
  let start = 0;
  for (let s = 0; s < count; s++) {
    const dims = reader.u32In('dims', 1, MAX_DIMENSION);
    const segmentBits = reader.u32In('bits', 0, MAX_BITS);
    if (segmentBits > 0 && dims % 16 !== 0) reader.fail(`"dims" expected a multiple of 16, got ${dims}`);
    plan.push({ start, dims, bits: segmentBits });
    start += dims;
  }
  if (start < d || start >= d + 64) reader.fail(`the segments expected ${d} dims together, got ${start}`);
  const { coded, keptDims } = saqLayout(plan);
  const mean = reader.f32Array('mean', d);
  const factorUnits = reader.f32Array('factor units', coded.length);
  const shares = reader.f32Array('shares', coded.length + 1);
  const projection = reader.f32Array('projection', keptDims * d);
  reader.end();
  return { d, metric, bits, seed, mean, plan, projection, factorUnits, shares };
}
