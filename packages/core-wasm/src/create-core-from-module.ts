/** createCore for engines that refuse to compile from bytes: the bundler or the runtime hands over a compiled module. */
import { type Core, instantiateCore } from './core.ts';
import type { CreateCoreOptions } from './create-core.ts';
import { checkSingleBuild } from './select-build.ts';

export function createCoreFrom(simd: WebAssembly.Module, options: CreateCoreOptions = {}): Core {
  const build = checkSingleBuild(options);
  return instantiateCore(options.module ?? simd, build, options);
}
