/** Bytes of any FDE encoder: version, kind, then what the kind writes. */
import { type ByteReader, ByteWriter, MAX_DIMENSION } from '@sagitta/core-wasm';
import { FDE_KINDS, type FdeEncoder } from './fde-encoder.ts';
import { LearnedFde } from './learned-fde.ts';
import { readLearned, writeLearned } from './learned-format.ts';
import { MuveraFde } from './muvera-fde.ts';
import { readMuvera, writeMuvera } from './muvera-format.ts';
import { RegressionFde } from './regression-fde.ts';
import { readRegression, writeRegression } from './regression-format.ts';
import { SplitFde, writeSplit } from './split-fde.ts';

const VERSION = 1;

/**
 * Writes an encoder as bytes, for readFdeEncoder.
 * @throws TypeError on an encoder that is none of this package's
 */
export function writeFdeEncoder(encoder: FdeEncoder): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  writer.u32(VERSION).u32(FDE_KINDS.indexOf(encoder.kind));
  if (encoder instanceof MuveraFde) writer.bytes(writeMuvera(encoder));
  else if (encoder instanceof LearnedFde) writer.bytes(writeLearned(encoder));
  else if (encoder instanceof SplitFde) writer.bytes(writeSplit(encoder.parts));
  else if (encoder instanceof RegressionFde) writer.bytes(writeRegression(encoder.parts));
  else {
    throw new TypeError(
      '"encoder" expected a MuveraFde, LearnedFde, SplitFde or RegressionFde, got another object',
    );
  }
  return writer.finish();
}

/** Reads one encoder, equal in every byte that it will make. @throws FormatError on what writeFdeEncoder would not have written */
export function readFdeEncoder(reader: ByteReader): FdeEncoder {
  reader.u32In('encoder version', VERSION, VERSION);
  const kind = FDE_KINDS[reader.u32In('encoder kind', 0, FDE_KINDS.length - 1)];
  if (kind === 'learned') return readLearnedFde(reader);
  if (kind === 'regression') {
    const parts = readRegression(reader);
    return refusing(reader, () => new RegressionFde(parts));
  }
  if (kind === 'split') {
    const d = reader.u32In('d', 1, MAX_DIMENSION);
    const r = reader.u32In('numDirections', 1, d);
    const directions = reader.f32Array('directions', r * d);
    const near = readLearnedFde(reader);
    const rest = readLearnedFde(reader);
    if (near.d !== r || rest.d !== d) {
      reader.fail(`"encoders" expected d = ${r} and ${d}, got ${near.d} and ${rest.d}`);
    }
    return refusing(reader, () => new SplitFde({ directions, near, rest }));
  }
  const { options, matrices } = readMuvera(reader);
  return refusing(reader, () => new MuveraFde(options, matrices));
}

function readLearnedFde(reader: ByteReader): LearnedFde {
  const { d, options, parts } = readLearned(reader);
  return refusing(reader, () => new LearnedFde(d, options, parts));
}

/** What a constructor refuses is a defect of the file. */
function refusing<T>(reader: ByteReader, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) return reader.fail(error.message);
    throw error;
  }
}
