/** createCore from the inlined binaries: synchronous, no file, no fetch; Node, Bun, Deno, browsers and every bundler. */
import { decodeBase64 } from './base64.ts';
import { type Core, type CoreOptions, instantiateCore } from './core.ts';
import { UnsupportedError } from './errors.ts';
import { relaxedBase64 } from './generated/relaxed-bytes.generated.ts';
import { simdBase64 } from './generated/simd-bytes.generated.ts';
import { hasRelaxedSimd, selectBuild } from './select-build.ts';

export interface CreateCoreOptions extends CoreOptions {
  /**
   * 'simd' (default) runs everywhere; 'relaxed' is faster where the engine has it, its searches may differ in the
   * last bit; 'auto' picks. The debug build is loaded with init.
   */
  readonly build?: 'simd' | 'relaxed' | 'auto';
  /** A compiled binary of the caller's, e.g. posted to a worker; `build` says which one it is. */
  readonly module?: WebAssembly.Module;
}

/** @throws UnsupportedError if the relaxed build is asked for and the engine lacks relaxed SIMD */
export function createCore(options: CreateCoreOptions = {}): Core {
  const build = selectBuild(options.build ?? 'simd');
  if (build === 'relaxed' && !hasRelaxedSimd()) {
    throw new UnsupportedError('"build" expected one this engine can run, got relaxed: no relaxed SIMD here');
  }
  if (options.module) return instantiateCore(options.module, build, options);
  return instantiateCore(decodeBase64(build === 'simd' ? simdBase64 : relaxedBase64), build, options);
}
