/** Training and reading any quantizer by name. */
import {
  type ByteReader,
  ByteWriter,
  type Core,
  checkCore,
  checkMetric,
  checkOptions,
  type Metric,
  type OptionTable,
  type VectorSetInput,
  type Vectors,
} from '@sagitta/core-wasm';
import type { LinearQuantizer } from './linear/linear-quantizer.ts';
import { readLinear } from './linear/read-linear.ts';
import { type OwnQuantizerOptions, quantizerChoice, quantizerOptionNames } from './methods.ts';
import { type CodeName, quantizerNamed } from './names.ts';
import type { Quantizer } from './quantizer.ts';
import { modelReaders } from './readers.ts';

/** Says which quantizer to train, by name. */
export interface QuantizerOptions extends OwnQuantizerOptions {
  readonly name: CodeName;
  readonly metric: Metric;
  /** Average code bits a dimension; each method has its own range and default (docs/quantizer-options.md). */
  readonly bits?: number;
  readonly seed?: number;
}
/** Options of what is coded linearly in a frame. */
export interface LinearQuantizerOptions extends QuantizerOptions {
  readonly name: Exclude<CodeName, 'float32' | 'none' | 'saq'>;
}

/**
 * Trains a quantizer on a sample (n × d, at least as many vectors as fewestVectors says), of vectors of lengths up to 2^56 that
 * are not all below 2^-56.
 *
 * residuals — n × d, where vectors will be coded as residuals x - c of lists: what is learned is learned from them.
 * For cosine pass vectors of length 1.
 * @throws RangeError on options out of range, too few vectors or vectors that hardly differ where something is learned of
 * them, values that are not finite
 */
export function trainQuantizer(
  core: Core,
  sample: VectorSetInput,
  options: LinearQuantizerOptions,
  residuals?: Vectors,
): LinearQuantizer;
export function trainQuantizer(
  core: Core,
  sample: VectorSetInput,
  options: QuantizerOptions,
  residuals?: Vectors,
): Quantizer;
export function trainQuantizer(
  core: Core,
  sample: VectorSetInput,
  options: QuantizerOptions,
  residuals?: Vectors,
): Quantizer {
  checkCore(core);
  const { name, metric, bits, seed = 1, ...own } = checkNamed(options);
  const { method, options: chosen } = quantizerChoice({ name, bits, own });
  const given = residuals && { residuals: () => residuals };
  return method.train(core, sample, chosen, { metric: checkMetric(metric), seed, ...given });
}

/** Options with name, metric, bits and seed among them. */
function checkNamed(options: QuantizerOptions): QuantizerOptions {
  const common = { name: 'string', metric: 'string', bits: 'number', seed: 'number' } as const;
  const table: Record<string, 'string' | 'number' | 'boolean' | 'any'> = { ...common };
  const { name } = quantizerNamed('name', options?.name ?? 'saq');
  for (const option of quantizerOptionNames(name, options?.primary)) table[option] = 'any';
  checkOptions('options', options, table as OptionTable<QuantizerOptions>);
  return options;
}

/** Writes the section's bytes. */
export function writeQuantizer(quantizer: Quantizer): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  quantizer.write(writer);
  return writer.finish();
}

/** Reads the model of a linear quantizer to its end. @throws FormatError on anything writeQuantizer would not have written */
export function readQuantizer(reader: ByteReader): LinearQuantizer {
  return readLinear(reader, modelReaders());
}
