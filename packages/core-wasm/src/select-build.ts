/** Which binary an engine can run, by WebAssembly.validate on a module of one relaxed instruction. */

export type Build = 'simd' | 'relaxed' | 'debug';

/** (func (drop (i8x16.relaxed_swizzle (v128.const 0) (v128.const 0)))) */
const RELAXED_PROBE: Uint8Array = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 16, 1, 14, 0, 65, 1, 253, 15, 65, 2, 253,
  15, 253, 128, 2, 26, 11,
]);

export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(RELAXED_PROBE as BufferSource);
}

export function selectBuild(build: 'simd' | 'relaxed' | 'auto'): 'simd' | 'relaxed' {
  if (build !== 'auto') return build;
  return hasRelaxedSimd() ? 'relaxed' : 'simd';
}
