/**
 * createCore with both binaries for edge-light runtimes, which refuse to compile WebAssembly from bytes: they are imported as
 * modules.
 *
 * @module
 */
import { type Core, instantiateCore } from '../core.ts';
import { adoptModule } from '../foreign-module.ts';
import relaxed from '../relaxed.wasm?module';
import { selectBuild } from '../select-build.ts';
import simd from '../simd.wasm?module';
import type { CreateRelaxedCoreOptions } from './options.ts';

export type { Core, CoreOptions } from '../core.ts';
export { hasRelaxedSimd } from '../select-build.ts';
export type { CreateRelaxedCoreOptions } from './options.ts';

export function createCore(options: CreateRelaxedCoreOptions = {}): Core {
  const build = selectBuild(options);
  return instantiateCore(adoptModule(build === 'simd' ? simd : relaxed), build, options);
}
