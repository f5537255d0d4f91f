/**
 * The frame of every kernel test: the same cases run on each build of the module, with typed arrays copied in and out.
 * Not collected by itself; test files call describeBuilds.
 */
import { readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { type Core, instantiateCore } from '../src/core.ts';
import type { Block, Ptr, Scope } from '../src/memory.ts';

const BUILDS = ['debug', 'simd', 'relaxed'] as const;

/** Bytes after each output that must stay as they were. */
const GUARD_BYTES = 64;
const GUARD = 0xa5;

type NumberArray =
  | Float32Array
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array;

/** Runs `body` for each build; the relaxed one is skipped where the engine has no relaxed SIMD (Node 20 has none). */
export function describeBuilds(kernel: string, body: (core: Core) => void): void {
  for (const build of BUILDS) {
    const bytes = readFileSync(new URL(`../build/${build}.wasm`, import.meta.url));
    if (WebAssembly.validate(bytes)) {
      describe(`${kernel}, ${build} build`, () => body(instantiateCore(bytes, build)));
    } else {
      describe.skip(`${kernel}, ${build} build: this engine does not validate it`, () => {});
    }
  }
}

/** Copies `values` into scratch memory; the block is exactly as long, so nothing readable belongs to it past the end. */
export function put(scope: Scope, values: NumberArray): Ptr {
  const block = scope.reserve(values.byteLength);
  block.u8().set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return block.at();
}

/** An output with guard bytes behind it. */
export class Output {
  readonly #block: Block;
  readonly #byteLength: number;

  constructor(scope: Scope, byteLength: number) {
    this.#byteLength = byteLength;
    this.#block = scope.reserve(byteLength + GUARD_BYTES);
    this.#block.u8().fill(GUARD);
  }

  at(): Ptr {
    return this.#block.at();
  }

  /** What a kernel that adds to its output begins with. */
  set(values: Float32Array): void {
    this.#block.f32(0, values.length).set(values);
  }

  f32(): Float32Array {
    return this.#checked()
      .f32(0, this.#byteLength / 4)
      .slice();
  }

  u32(): Uint32Array {
    return this.#checked()
      .u32(0, this.#byteLength / 4)
      .slice();
  }

  u8(): Uint8Array {
    return this.#checked().u8(0, this.#byteLength).slice();
  }

  u16(): Uint16Array {
    return this.#checked()
      .u16(0, this.#byteLength / 2)
      .slice();
  }

  i32(): Int32Array {
    return this.#checked()
      .i32(0, this.#byteLength / 4)
      .slice();
  }

  #checked(): Block {
    const guard = this.#block.u8(this.#byteLength, GUARD_BYTES);
    if (guard.some((byte) => byte !== GUARD)) throw new Error('the kernel wrote past its output');
    return this.#block;
  }
}

/** Each |actual − expected| ≤ bound(i), and no NaN. */
export function expectWithin(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  bound: (i: number) => number,
): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i] - expected[i]);
    // The comparison is written so that NaN fails.
    if (!(error <= bound(i))) {
      expect.fail(`[${i}] expected ${expected[i]} within ${bound(i)}, got ${actual[i]}`);
    }
  }
}

/** The same bits, −0 and +0 told apart. */
export function expectSameBits(actual: Float32Array, expected: Float32Array): void {
  expect(actual.length).toBe(expected.length);
  const actualBits = new Uint32Array(actual.buffer, actual.byteOffset, actual.length);
  const expectedBits = new Uint32Array(expected.buffer, expected.byteOffset, expected.length);
  for (let i = 0; i < expected.length; i++) {
    if (actualBits[i] !== expectedBits[i])
      expect.fail(`[${i}] expected exactly ${expected[i]}, got ${actual[i]}`);
  }
}
