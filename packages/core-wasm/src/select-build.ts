/** Which binary an engine can run, by WebAssembly.validate on a module of one relaxed instruction. */
import { UnsupportedError } from './errors.ts';
import { checkOptions } from './options.ts';

/** Names a binary: 'simd' runs everywhere, 'relaxed' needs relaxed SIMD, 'debug' has assertions. */
export type Build = 'simd' | 'relaxed' | 'debug';

/** (func (drop (i8x16.relaxed_swizzle (v128.const 0) (v128.const 0)))) */
const RELAXED_PROBE: Uint8Array = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 16, 1, 14, 0, 65, 1, 253, 15, 65, 2, 253,
  15, 253, 128, 2, 26, 11,
]);

/** Of every way to make a core. */
const OPTIONS = { maximumBytes: 'number', module: 'any', build: 'string' } as const;

interface BuildOptions<B extends string> {
  readonly maximumBytes?: number;
  readonly module?: WebAssembly.Module;
  readonly build?: B;
}

/** Tells whether the engine has the instructions of the relaxed binary. */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(RELAXED_PROBE as BufferSource);
}

/**
 * The build of an entry that comes with the simd binary alone.
 * @throws UnsupportedError if another build is asked for and the caller has no module of it
 */
export function checkSingleBuild(options: BuildOptions<'simd' | 'relaxed'>): 'simd' | 'relaxed' {
  checkOptions('options', options, OPTIONS);
  const build = options.build ?? 'simd';
  if (build !== 'simd' && options.module === undefined) {
    throw new UnsupportedError(
      `"build" expected simd, the one binary of this entry, got ${build}: import createCore from @sagitta/core-wasm/relaxed`,
    );
  }
  return build;
}

/**
 * The build of an entry that comes with both binaries, 'relaxed' unless told otherwise.
 * @throws UnsupportedError if relaxed is asked for and the engine lacks relaxed SIMD
 */
export function selectBuild(
  options: Omit<BuildOptions<'simd' | 'relaxed' | 'auto'>, 'module'>,
): 'simd' | 'relaxed' {
  checkOptions('options', options, { maximumBytes: 'number', build: 'string' });
  const build = options.build ?? 'relaxed';
  if (build === 'simd') return build;
  if (hasRelaxedSimd()) return 'relaxed';
  if (build === 'auto') return 'simd';
  throw new UnsupportedError('"build" expected one this engine can run, got relaxed: no relaxed SIMD here');
}
