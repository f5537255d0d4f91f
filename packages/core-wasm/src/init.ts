/** init: a core from a module, bytes or a response of the caller's. */
import { type Core, type CoreOptions, instantiateCore } from './core.ts';
import { checkOptions } from './options.ts';
import type { Build } from './select-build.ts';

/** Exactly one of the three is given. */
export interface CoreSource {
  readonly module?: WebAssembly.Module;
  readonly bytes?: BufferSource;
  /** A fetch Response (or a promise of one) of simd.wasm or relaxed.wasm. */
  readonly response?: Response | Promise<Response>;
}

/** Says which binary init is given, and how much memory the core may take. */
export interface InitOptions extends CoreOptions {
  /** Which binary the source is; 'simd' unless told. */
  readonly build?: Build;
}

/**
 * Makes a core from a module, bytes or a response of the caller's, who disposes it.
 * @throws TypeError if not exactly one source is given
 */
export async function init(source: CoreSource, options: InitOptions = {}): Promise<Core> {
  checkOptions('source', source, { module: 'any', bytes: 'any', response: 'any' });
  checkOptions('options', options, { maximumBytes: 'number', build: 'string' });
  const build = options.build ?? 'simd';
  const given = [source.module, source.bytes, source.response].filter((value) => value !== undefined);
  if (given.length !== 1) {
    throw new TypeError(`"source" expected exactly one of module, bytes, response, got ${given.length}`);
  }
  if (source.module) return instantiateCore(source.module, build, options);
  if (source.bytes) return instantiateCore(source.bytes, build, options);
  const response = (await source.response) as Response;
  return instantiateCore(await response.arrayBuffer(), build, options);
}
