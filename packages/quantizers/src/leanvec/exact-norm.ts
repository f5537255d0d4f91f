/**
 * A coder whose l2 scores take |r|² from the vector: what a reduced code stands for lacks the dimensions left out. A bound
 * of the inner coder knows nothing of them either, so there is none.
 */
import type { ByteWriter, Core } from '@sagitta/core-wasm';
import { type CodedRows, type CodePart, type Coder, type Dots, FACTOR_ERROR } from '../linear/coder.ts';
import { linearNumber, type PrimaryName } from '../names.ts';

/** Wraps a coder of fewer dimensions, and keeps exact norms beside its codes. */
export class ExactNormCoder implements Coder {
  readonly norm = 'exact';
  readonly writesNorms = false;
  readonly primary: PrimaryName;
  readonly #inner: Coder;

  /** primary — the name that files give the inner coder. */
  constructor(inner: Coder, primary: PrimaryName) {
    this.#inner = inner;
    this.primary = primary;
  }

  get dims(): number {
    return this.#inner.dims;
  }
  get codeBytes(): number {
    return this.#inner.codeBytes;
  }
  get factors(): number {
    return this.#inner.factors & ~FACTOR_ERROR;
  }
  get parts(): readonly CodePart[] {
    return this.#inner.parts ?? [];
  }
  get reach(): number {
    return this.#inner.reach;
  }
  codesDefect(codes: Uint8Array): string | undefined {
    return this.#inner.codesDefect?.(codes);
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
    writer.u32(linearNumber(this.primary));
    this.#inner.write(writer);
  }
}
