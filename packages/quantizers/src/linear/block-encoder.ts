/** The row-by-row interface of a coder over its kernels, for coders that wrap another. */
import { type Core, NO_PTR } from '@sagitta/core-wasm';
import { BLOCK } from '../blocks.ts';
import type { BlockEncoder, CodedRows, Coder } from './coder.ts';

/** Coder.encode by way of a block encoder: rows in, codes out, 32 at a time. */
export function encodeByBlocks(
  core: Core,
  coder: Coder,
  encoder: BlockEncoder,
  rows: Float32Array,
  n: number,
  out: CodedRows,
): void {
  const { dims, codeBytes } = coder;
  using input = core.allocate(4 * BLOCK * dims);
  using codes = core.allocate(BLOCK * codeBytes);
  for (let first = 0; first < n; first += BLOCK) {
    const count = Math.min(BLOCK, n - first);
    const part = (values: Float32Array): Float32Array => values.subarray(first, first + count);
    input.f32(0, count * dims).set(rows.subarray(first * dims, (first + count) * dims));
    const factors = {
      norms: part(out.norms),
      scales: part(out.scales),
      offsets: part(out.offsets),
      errors: part(out.errors),
      crosses: new Float32Array(0),
    };
    encoder.encode(input.at(), count, NO_PTR, codes.at(), factors);
    out.codes.set(codes.u8(0, count * codeBytes), first * codeBytes);
  }
}
