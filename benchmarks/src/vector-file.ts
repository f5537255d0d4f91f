/** Float32 vectors in a temporary file, read one by one: what a rerank from disk costs. */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VectorSet } from '@sagitta/node';

export class VectorFile implements Disposable {
  readonly #folder: string;
  readonly #file: number;
  readonly #d: number;

  constructor({ data, d }: VectorSet) {
    this.#d = d;
    this.#folder = mkdtempSync(join(tmpdir(), 'sagitta-bench-'));
    this.#file = openSync(join(this.#folder, 'vectors.f32'), 'wx+');
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    for (let done = 0; done < bytes.length; ) done += writeSync(this.#file, bytes, done);
  }

  read(ids: Uint32Array): Float32Array {
    const size = 4 * this.#d;
    const bytes = new Uint8Array(ids.length * size);
    for (const [i, id] of ids.entries()) readSync(this.#file, bytes, i * size, size, id * size);
    return new Float32Array(bytes.buffer);
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
