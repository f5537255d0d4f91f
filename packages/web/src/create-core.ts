/** A core from a binary of the page's own: served as a file, cached, or compiled elsewhere and posted to a worker. */
import { type Core, type InitOptions, init } from '@sagitta/core-wasm';
import { compileWasm, type WasmSource } from './wasm-source.ts';

/**
 * Makes a core: compiles `source` without blocking the thread and instantiates it. Where 100 kB of inlined binaries do
 * not matter, `createCore()` is shorter and needs no download.
 *
 * @param source - `simd.wasm` or `relaxed.wasm` of `@sagitta/core-wasm`, in any of the forms of {@link WasmSource}
 * @param options - `build` names the binary that `source` is; 'simd' unless told
 * @returns a core of the caller's, who disposes it
 * @throws Error if the server answers with an error status
 * @throws WebAssembly.CompileError if the bytes are no module, or use instructions that the engine lacks
 */
export async function createCoreFrom(source: WasmSource, options: InitOptions = {}): Promise<Core> {
  return init({ module: await compileWasm(source) }, options);
}
