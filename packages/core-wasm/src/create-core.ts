/** createCore from the inlined simd binary: synchronous, no file, no fetch; Node, Bun, Deno, browsers and every bundler. */
import { decodeBinaryText } from './binary-text.ts';
import { type Core, type CoreOptions, instantiateCore } from './core.ts';
import { simdByteLength, simdText } from './generated/simd-bytes.generated.ts';
import { checkSingleBuild } from './select-build.ts';

/** Says which binary a core is made of, and how much memory it may take. */
export interface CreateCoreOptions extends CoreOptions {
  /** A compiled binary of the caller's, e.g. posted to a worker, instead of the one that comes with this entry. */
  readonly module?: WebAssembly.Module;
  /**
   * Which binary `module` is; 'simd' unless told. This entry comes with 'simd' alone; `@sagitta/core-wasm/relaxed` has
   * both, and 'auto'. The debug build is loaded with init.
   */
  readonly build?: 'simd' | 'relaxed';
}

/**
 * Makes a core from the binary that comes with this entry, at once; the caller disposes it.
 * @throws UnsupportedError if a build other than 'simd' is asked for without its module
 */
export function createCore(options: CreateCoreOptions = {}): Core {
  const build = checkSingleBuild(options);
  return instantiateCore(options.module ?? decodeBinaryText(simdText, simdByteLength), build, options);
}
