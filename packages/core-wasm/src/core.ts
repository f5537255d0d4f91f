/**
 * The core: one instance of the WebAssembly module with its kernels and its memory. It is an argument of everything
 * above it; there is no module-level instance.
 */
import { instantiateSync } from '@assemblyscript/loader';
import type { Kernels } from './kernels.ts';
import { type Block, Heap, MAX_MEMORY_BYTES, type Scope } from './memory.ts';
import { describe } from './options.ts';
import type { Build } from './select-build.ts';

/** Says how much memory a core may take. */
export interface CoreOptions {
  /** The most WebAssembly memory this core may take; 4 GiB is the limit of the format and the default. */
  readonly maximumBytes?: number;
}

/** Holds an instance of the kernels and their memory. Everything that computes takes one; nothing is global. */
export interface Core extends Disposable {
  readonly build: Build;
  readonly kernels: Kernels;
  /** False after dispose. */
  readonly isLive: boolean;
  /** A zero-filled, 64-byte aligned block. @throws CapacityError when the memory limit is reached */
  allocate(byteLength: number): Block;
  /** Runs body with scratch memory that is freed when it returns or throws. */
  scope<T>(body: (scope: Scope) => T): T;
  /** Bytes held by live blocks. */
  bytesUsed(): number;
  /** Size of the WebAssembly memory; it never shrinks. */
  memoryBytes(): number;
  /**
   * Ends the core and everything made on it: from here on their methods throw RangeError. Disposing them is harmless and
   * not needed: the memory goes with the last reference.
   */
  dispose(): void;
}

/**
 * Checks that `core` is there: who forgets it passes the next argument in its place.
 * @throws TypeError if it is anything else
 */
export function checkCore(core: Core): Core {
  if (typeof core === 'object' && core !== null && typeof core.allocate === 'function') return core;
  throw new TypeError(`"core" expected a core, as createCore() makes it, got ${describe(core)}`);
}

/** What the module exports besides kernels; the loader passes globals on as they are. */
interface ModuleExports extends Record<string, unknown> {
  readonly memory: WebAssembly.Memory;
  readonly __heap_base: WebAssembly.Global;
}

/**
 * Makes a core: instantiates a compiled module (or its bytes) through the AssemblyScript loader.
 * @throws WebAssembly.CompileError on bytes that are no module, RangeError on a bad maximumBytes
 */
export function instantiateCore(
  source: WebAssembly.Module | BufferSource,
  build: Build,
  options: CoreOptions = {},
): Core {
  const { exports } = instantiateSync<ModuleExports & Kernels>(source, {});
  const heap = new Heap(
    exports.memory,
    Number(exports.__heap_base.value),
    options.maximumBytes ?? MAX_MEMORY_BYTES,
  );
  const allocate = (byteLength: number): Block => heap.allocate(byteLength);
  const core: Core = {
    build,
    kernels: exports,
    get isLive() {
      return heap.isLive;
    },
    allocate,
    scope(body) {
      heap.checkLive();
      const blocks: Block[] = [];
      try {
        return body({
          reserve(byteLength) {
            const block = allocate(byteLength);
            blocks.push(block);
            return block;
          },
        });
      } finally {
        for (const block of blocks.reverse()) block.dispose();
      }
    },
    bytesUsed: () => heap.usedBytes,
    memoryBytes: () => heap.buffer.byteLength,
    dispose() {
      heap.isLive = false;
    },
    [Symbol.dispose]() {
      heap.isLive = false;
    },
  };
  return core;
}
