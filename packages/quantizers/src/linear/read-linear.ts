/** Reading the models of linear methods: what they share here, the coder by each. */
import { type ByteReader, MAX_DIMENSION, METRICS, type Metric, UnsupportedError } from '@sagitta/core-wasm';
import type { ModelReader } from '../method.ts';
import { LAST_LINEAR, type LinearName, linearName } from '../names.ts';
import type { Coder } from './coder.ts';
import { readFrame } from './frame.ts';
import { LINEAR_VERSION, LinearQuantizer } from './linear-quantizer.ts';

/** Reads the parameters of a coder. readers — of what may lie within it. */
export type CoderReader = (reader: ByteReader, dims: number, readers: readonly ModelReader[]) => Coder;

/** Reads the coder of one linear method. */
export interface LinearReader extends ModelReader {
  readonly name: LinearName;
  readonly readCoder: CoderReader;
}

/** The reader of a linear method. */
export function linearReader(name: LinearName, readCoder: CoderReader): LinearReader {
  const own: LinearReader = {
    name,
    readCoder,
    read: (reader, { d, metric, readers }) => readLinear(reader, [own, ...readers], { name, d, metric }),
  };
  return own;
}

/** Linear methods have what LeanVec asks of its primary. */
export function isLinear(method: ModelReader): method is LinearReader {
  return 'readCoder' in method;
}

/**
 * Reads the model of a linear quantizer, to its end. wanted — what it has to be.
 * @throws FormatError on anything that LinearQuantizer.write would not have written, UnsupportedError on a model of another method
 */
export function readLinear(
  reader: ByteReader,
  readers: readonly ModelReader[],
  wanted?: { readonly name: LinearName; readonly d: number; readonly metric: Metric },
): LinearQuantizer {
  reader.u32In('quantizer version', LINEAR_VERSION, LINEAR_VERSION);
  const name = linearName(reader.u32In('quantizer', 0, LAST_LINEAR));
  const d = reader.u32In('d', 1, MAX_DIMENSION);
  const metric = METRICS[reader.u32In('metric', 0, METRICS.length - 1)] as Metric;
  if (wanted && (wanted.name !== name || wanted.d !== d || wanted.metric !== metric)) {
    reader.fail(
      `the quantizer expected ${wanted.name}, d = ${wanted.d} and ${wanted.metric}, got ${name}, ${d} and ${metric}`,
    );
  }
  const bits = reader.f64();
  if (!(bits > 0 && bits <= 16 * 16)) reader.fail(`"bits" expected a number above 0, got ${bits}`);
  const isUnbiased = reader.u32In('unbiased', 0, 1) === 1;
  const origin = reader.f32Array('origin', d);
  const frame = readFrame(reader, d);
  const coder = linearNamed(readers, name).readCoder(reader, frame.dims, readers);
  reader.end();
  const quantizer = new LinearQuantizer({ name, metric, d, bits, isUnbiased, origin, frame, coder });
  const defect = quantizer.modelDefect();
  return defect === undefined ? quantizer : reader.fail(defect);
}

/** The reader of that name. @throws UnsupportedError if it is not among them */
export function linearNamed(readers: readonly ModelReader[], name: LinearName): LinearReader {
  const found = readers.find((one) => one.name === name);
  if (found && isLinear(found)) return found;
  const given = readers.map((one) => one.name).join(', ');
  throw new UnsupportedError(`the file expected ${name} among the methods that read it, got ${given}`);
}
