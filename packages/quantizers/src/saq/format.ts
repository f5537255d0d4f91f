/**
 * The bytes of a SAQ model, section "SAQM" of every file that holds SAQ codes, and the file of a model alone.
 *
 * u32 version (1 with a projection, 2 with reflections) · u32 d · u32 metric (0 l2, 1 ip, 2 cosine) · f64 bits · f64 seed · u32 segments,
 * then per segment u32 dims · u32 bits, then f32 arrays: mean [d], factor units [coded], shares [coded + 1],
 * then the projection [kept dims × d] or u32 reflections, f32 diagonal [reflections], i8 vectors (saq/reflections.ts).
 * Everything is checked against what training can write before it is used.
 */
import {
  type ByteReader,
  ByteWriter,
  FormatError,
  MAX_DIMENSION,
  MAX_MAGNITUDE,
  METRICS,
  type Metric,
  readContainer,
  writeContainer,
} from '@sagitta/core-wasm';
import { MAX_AVERAGE_BITS, MAX_BITS } from './code-quality.ts';
import { powerOfTwoBelow } from './factors.ts';
import { type SaqSegment, saqLayout } from './layout.ts';
import type { SaqModel } from './model.ts';
import {
  GREATEST_DIAGONAL,
  LEAST_DIAGONAL,
  REFLECTED_TOGETHER,
  type Reflections,
  reflectionBytes,
} from './reflections.ts';

const KIND = 'saqmodel';
const SECTION = 'SAQM';
/** Of the file, and of a section with a projection; one with reflections has the next. */
const MODEL_VERSION = 1;
const REFLECTED_VERSION = 2;
const MAX_SEGMENTS = 4096;

/** Gives the section's bytes, little-endian. */
export function writeSaqModel(model: SaqModel): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  const { reflections } = model;
  writer
    .u32(reflections ? REFLECTED_VERSION : MODEL_VERSION)
    .u32(model.d)
    .u32(METRICS.indexOf(model.metric))
    .f64(model.bits)
    .f64(model.seed);
  writer.u32(model.plan.length);
  for (const segment of model.plan) writer.u32(segment.dims).u32(segment.bits);
  writer.array(model.mean).array(model.factorUnits).array(model.shares);
  if (reflections) {
    const { count, diagonal, vectors } = reflections;
    writer
      .u32(count)
      .array(diagonal)
      .bytes(new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.length));
  } else {
    writer.array(model.projection);
  }
  return writer.finish();
}

function readPlan(reader: ByteReader, d: number): readonly SaqSegment[] {
  const count = reader.u32In('segments', 1, MAX_SEGMENTS);
  const plan: SaqSegment[] = [];
  let start = 0;
  for (let s = 0; s < count; s++) {
    const dims = reader.u32In('dims', 1, MAX_DIMENSION + 64);
    const bits = reader.u32In('bits', 0, MAX_BITS);
    if (dims % 16 !== 0) reader.fail(`"dims" expected a multiple of 16, got ${dims}`);
    if (bits === 0 && s !== count - 1) reader.fail('"bits" expected 0 in the last segment only');
    plan.push({ start, dims, bits });
    start += dims;
  }
  if (start < d || start >= d + 64) reader.fail(`the segments expected ${d} dims together, got ${start}`);
  return plan;
}

function readChecked(
  reader: ByteReader,
  label: string,
  count: number,
  isValid: (value: number) => boolean,
): Float32Array {
  const values = reader.f32Array(label, count);
  for (let i = 0; i < count; i++) {
    const value = values[i] as number;
    if (!isValid(value)) reader.fail(`"${label}" expected values that training can give, got ${value}`);
  }
  return values;
}

/** The bytes of any vectors are an orthonormal map; they are checked for what only a damaged file has. */
function readReflections(reader: ByteReader, dims: number): Reflections {
  const count = reader.u32In('reflections', 0, dims);
  if (count % REFLECTED_TOGETHER !== 0) {
    reader.fail(`"reflections" expected a multiple of ${REFLECTED_TOGETHER}, got ${count}`);
  }
  const diagonal = readChecked(reader, 'diagonal', count, (value) => {
    const size = Math.abs(value);
    return size >= LEAST_DIAGONAL && size <= GREATEST_DIAGONAL;
  });
  const vectors = new Int8Array(reader.view(reflectionBytes(dims, count)));
  let at = 0;
  for (let row = 0; row < count; row++) {
    const axis = row % REFLECTED_TOGETHER;
    const width = dims - (row - axis);
    for (let j = 0; j < width; j++, at++) {
      const value = vectors[at] as number;
      if (value === -128 || (j <= axis && value !== 0)) {
        reader.fail(`"vectors" expected values that training can give, got ${value}`);
      }
    }
  }
  return { dims, count, vectors, diagonal };
}

/** Reads one section to its end. @throws FormatError on anything writeSaqModel would not have written */
export function readSaqModel(reader: ByteReader): SaqModel {
  const version = reader.u32In('model version', MODEL_VERSION, REFLECTED_VERSION);
  const d = reader.u32In('d', 1, MAX_DIMENSION);
  const metric = METRICS[reader.u32In('metric', 0, METRICS.length - 1)] as Metric;
  const bits = reader.f64();
  if (!(bits >= 0.25 && bits <= MAX_AVERAGE_BITS && Number.isInteger(bits * 4))) {
    reader.fail(`"bits" expected a multiple of 1/4 from 0.25 to ${MAX_AVERAGE_BITS}, got ${bits}`);
  }
  const seed = reader.f64();
  if (!(Number.isSafeInteger(seed) && seed >= 0)) {
    reader.fail(`"seed" expected a safe integer from 0, got ${seed}`);
  }
  const plan = readPlan(reader, d);
  const { coded, keptDims } = saqLayout(plan);
  const mean = reader.rows('mean', 1, d, metric === 'l2' ? MAX_MAGNITUDE : 0);
  const isUnit = (value: number): boolean => value > 0 && powerOfTwoBelow(value) === value;
  const factorUnits = readChecked(reader, 'factor units', coded.length, isUnit);
  const shares = readChecked(reader, 'shares', coded.length + 1, (value) => value >= 0 && value <= 1);
  const model = { d, metric, bits, seed, mean, plan, factorUnits, shares };
  if (version === MODEL_VERSION) {
    // of orthonormal rows
    const projection = reader.rows('projection', keptDims, d, 1);
    reader.end();
    return { ...model, projection };
  }
  const reflections = readReflections(
    reader,
    plan.reduce((sum, segment) => sum + segment.dims, 0),
  );
  reader.end();
  return { ...model, projection: new Float32Array(0), reflections };
}

/** A file that holds the model alone: container kind "saqmodel", see docs/formats.md. */
export function saveSaqModel(model: SaqModel): Uint8Array<ArrayBuffer> {
  const sections = [{ id: SECTION, pieces: [writeSaqModel(model)] }];
  return writeContainer({ kind: KIND, version: MODEL_VERSION, sections });
}

/** What saveSaqModel wrote; nothing of bytes is kept. @throws FormatError on anything else */
export function loadSaqModel(bytes: Uint8Array): SaqModel {
  const container = readContainer(bytes);
  if (container.kind !== KIND) throw new FormatError(`kind expected "${KIND}", got "${container.kind}"`, 8);
  if (container.version !== MODEL_VERSION) {
    throw new FormatError(`version expected ${MODEL_VERSION}, got ${container.version}`, 6);
  }
  return readSaqModel(container.reader(SECTION));
}
