/**
 * The entry for edge-light runtimes, which refuse to compile WebAssembly from bytes: the binary is imported as a module.
 *
 * @module
 */
import type { Core } from './core.ts';
import type { CreateCoreOptions } from './create-core.ts';
import { createCoreFrom } from './create-core-from-module.ts';
import { adoptModule } from './foreign-module.ts';
import simd from './simd.wasm?module';

export type { CreateCoreOptions } from './create-core.ts';
export * from './exports.ts';

export function createCore(options?: CreateCoreOptions): Core {
  return createCoreFrom(adoptModule(simd), options);
}
