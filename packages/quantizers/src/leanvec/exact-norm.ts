/** A coder whose l2 scores take |r|² from the vector: what a reduced code stands for lacks the dimensions left out. */
import type { ByteWriter, Core } from '@sagitta/core-wasm';
import type { CodedRows, Coder, Dots } from '../linear/coder.ts';

export class ExactNormCoder implements Coder {
  readonly norm = 'exact';
  readonly writesNorms = false;
  readonly #inner: Coder;

  constructor(inner: Coder) {
    this.#inner = inner;
  }

  get dims(): number {
    return this.#inner.dims;
  }
  get codeBytes(): number {
    return this.#inner.codeBytes;
  }
  get factors(): number {
    return this.#inner.factors;
  }
  get isBlocked(): boolean {
    return this.#inner.isBlocked;
  }
  encode(core: Core, rows: Float32Array, n: number, out: CodedRows): void {
    this.#inner.encode(core, rows, n, out);
  }
  decode(coded: CodedRows, n: number, out: Float32Array): void {
    this.#inner.decode(coded, n, out);
  }
  createDots(core: Core): Dots {
    return this.#inner.createDots(core);
  }
  write(writer: ByteWriter): void {
    this.#inner.write(writer);
  }
}
