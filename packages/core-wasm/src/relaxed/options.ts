/** Options of createCore where both binaries are at hand. */
import type { CoreOptions } from '../core.ts';

/** Says which of the two binaries a core is made of, and how much memory it may take. */
export interface CreateRelaxedCoreOptions extends CoreOptions {
  /**
   * 'relaxed' (default) throws where the engine has no relaxed SIMD; 'auto' takes 'simd' there, and `core.build` tells
   * which it took.
   */
  readonly build?: 'simd' | 'relaxed' | 'auto';
}
