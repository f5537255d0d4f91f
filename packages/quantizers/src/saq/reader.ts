/** SAQ as what reads its models, without training. */
import type { ByteReader } from '@sagitta/core-wasm';
import type { ModelHead, ModelReader } from '../method.ts';
import { readSaqModel } from './format.ts';
import { SaqQuantizer } from './quantizer.ts';

/** @throws FormatError on anything that SaqQuantizer.write would not have written */
export function readSaqQuantizer(reader: ByteReader, { d, metric }: ModelHead): SaqQuantizer {
  const model = readSaqModel(reader);
  if (model.d !== d || model.metric !== metric) {
    reader.fail(`the model expected d = ${d} and ${metric}, got ${model.d} and ${model.metric}`);
  }
  return new SaqQuantizer(model);
}

/** Reads models of SAQ. */
export const saqReader: ModelReader = { name: 'saq', read: readSaqQuantizer };
