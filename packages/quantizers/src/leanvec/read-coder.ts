/** Reads the coder of LeanVec: that of its primary, by the primary's reader. */
import type { ByteReader } from '@sagitta/core-wasm';
import { linearNamed } from '../linear/read-linear.ts';
import type { ModelReader } from '../method.ts';
import { LAST_LINEAR, linearName } from '../names.ts';
import { ExactNormCoder } from './exact-norm.ts';

/** @throws FormatError, UnsupportedError where the primary has no reader among them */
/** Reads the coder of what LeanVec keeps. */
export function readLeanVecCoder(
  reader: ByteReader,
  dims: number,
  readers: readonly ModelReader[],
): ExactNormCoder {
  const primary = linearName(reader.u32In('primary', 0, LAST_LINEAR));
  return primary === 'leanvec'
    ? reader.fail('"primary" expected any other quantizer, got leanvec')
    : new ExactNormCoder(linearNamed(readers, primary).readCoder(reader, dims, readers), primary);
}
