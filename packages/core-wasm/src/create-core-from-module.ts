/** createCore for engines that refuse to compile from bytes: the bundler or the runtime hands over compiled modules. */
import { type Core, instantiateCore } from './core.ts';
import type { CreateCoreOptions } from './create-core.ts';
import { selectBuild } from './select-build.ts';

export function createCoreFrom(
  modules: { readonly simd: WebAssembly.Module; readonly relaxed: WebAssembly.Module },
  options: CreateCoreOptions = {},
): Core {
  const build = selectBuild(options.build ?? 'simd');
  return instantiateCore(options.module ?? modules[build], build, options);
}
