/** Bytes of a RegressionFde: sizes, layers of the feature map, training tokens, means, solver. */
import { type ByteReader, ByteWriter, MAX_DIMENSION } from '@sagitta/core-wasm';
import type { IntegerRows } from './integer-rows.ts';
import {
  MAX_ANCHORS,
  MAX_FEATURES,
  MAX_LAYERS,
  MAX_UNIT_EXPONENT,
  type RegressionParts,
} from './regression-options.ts';
import type { FeatureLayer } from './token-features.ts';

export function writeRegression(parts: RegressionParts): Uint8Array<ArrayBuffer> {
  const { d, unit, layers, anchors, means, solver } = parts;
  const writer = new ByteWriter();
  writer.u32(d).u32(layers.length).u32(anchors.rows);
  writer.u32(MAX_UNIT_EXPONENT + Math.round(Math.log2(unit)));
  for (const { outputs, weights, bias, norm } of layers) {
    writer
      .u32(outputs)
      .u32(norm ? 1 : 0)
      .array(weights)
      .array(bias);
    if (norm) writer.array(norm.gain).array(norm.shift);
  }
  writeRows(writer, anchors);
  writer.array(means);
  writeRows(writer, solver);
  return writer.finish();
}

function writeRows(writer: ByteWriter, { codes, scales }: IntegerRows): void {
  writer.array(scales);
  writer.array(new Uint16Array(codes.buffer, codes.byteOffset, codes.length)).align(4);
}

/** Sizes are checked before anything of them is allocated. @throws FormatError on what writeRegression would not have written */
export function readRegression(reader: ByteReader): RegressionParts {
  const d = reader.u32In('d', 1, MAX_DIMENSION);
  const numLayers = reader.u32In('layers', 1, MAX_LAYERS);
  const m = reader.u32In('anchors', 1, MAX_ANCHORS);
  const unit = 2 ** (reader.u32In('unit', 0, 2 * MAX_UNIT_EXPONENT) - MAX_UNIT_EXPONENT);
  const layers: FeatureLayer[] = [];
  let inputs = d;
  for (let i = 0; i < numLayers; i++) {
    const outputs = reader.u32In('outputs', 1, MAX_FEATURES);
    const hasNorm = reader.u32In('norm', 0, 1) === 1;
    const weights = reader.f32Array('weights', inputs * outputs);
    const bias = reader.f32Array('bias', outputs);
    const norm = hasNorm
      ? { gain: reader.f32Array('gain', outputs), shift: reader.f32Array('shift', outputs) }
      : undefined;
    layers.push({ inputs, outputs, weights, bias, ...(norm && { norm }) });
    inputs = outputs;
  }
  const anchors = readRows(reader, 'anchors', m, d);
  const means = reader.f32Array('means', m);
  const solver = readRows(reader, 'solver', inputs, m);
  return { d, unit, layers, anchors, means, solver };
}

function readRows(reader: ByteReader, label: string, rows: number, columns: number): IntegerRows {
  const scales = reader.f32Array(`${label} scales`, rows);
  const bytes = reader.view(2 * rows * columns);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const codes = new Int16Array(rows * columns);
  for (let i = 0; i < codes.length; i++) codes[i] = view.getInt16(2 * i, true);
  if (reader.view(bytes.length % 4).some((byte) => byte !== 0)) reader.fail('expected zero bytes of padding');
  return { rows, columns, codes, scales };
}
