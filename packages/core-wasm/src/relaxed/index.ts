/**
 * createCore with both binaries: relaxed SIMD is faster where the engine has it. What is stored never depends on the
 * build; scores of the relaxed one may differ from those of `simd` in the last bits.
 *
 * @module
 */
import { decodeBinaryText } from '../binary-text.ts';
import { type Core, instantiateCore } from '../core.ts';
import { relaxedByteLength, relaxedText } from '../generated/relaxed-bytes.generated.ts';
import { simdByteLength, simdText } from '../generated/simd-bytes.generated.ts';
import { selectBuild } from '../select-build.ts';
import type { CreateRelaxedCoreOptions } from './options.ts';

export type { Core, CoreOptions } from '../core.ts';
export { hasRelaxedSimd } from '../select-build.ts';
export type { CreateRelaxedCoreOptions } from './options.ts';

/**
 * Makes a core from one of the two binaries that come with this entry, at once; the caller disposes it.
 * @throws UnsupportedError if `build` is 'relaxed', the default, and the engine lacks relaxed SIMD
 */
export function createCore(options: CreateRelaxedCoreOptions = {}): Core {
  const build = selectBuild(options);
  const bytes =
    build === 'simd'
      ? decodeBinaryText(simdText, simdByteLength)
      : decodeBinaryText(relaxedText, relaxedByteLength);
  return instantiateCore(bytes, build, options);
}
