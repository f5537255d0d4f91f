/**
 * createCore with both binaries for workerd runtimes, which refuse to compile WebAssembly from bytes: they are imported as
 * modules.
 *
 * @module
 */
import { type Core, instantiateCore } from '../core.ts';
import relaxed from '../relaxed.wasm';
import { selectBuild } from '../select-build.ts';
import simd from '../simd.wasm';
import type { CreateRelaxedCoreOptions } from './options.ts';

export type { Core, CoreOptions } from '../core.ts';
export { hasRelaxedSimd } from '../select-build.ts';
export type { CreateRelaxedCoreOptions } from './options.ts';

export function createCore(options: CreateRelaxedCoreOptions = {}): Core {
  const build = selectBuild(options);
  return instantiateCore(build === 'simd' ? simd : relaxed, build, options);
}
