/**
 * Sagitta in browsers and edge runtimes: the core, loaded the way a page loads binaries.
 *
 * @module
 */
export {
  type Build,
  CapacityError,
  type Core,
  type CoreOptions,
  type CoreSource,
  type CreateCoreOptions,
  createCore,
  FormatError,
  type InitOptions,
  init,
  type Metric,
  UnsupportedError,
  type VectorSet,
  vectorSet,
} from '@sagitta/core-wasm';
export { createCoreFrom } from './create-core.ts';
export { compileWasm, type WasmSource } from './wasm-source.ts';
