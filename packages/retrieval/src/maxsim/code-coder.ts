/**
 * Tokens as packed codes of a randomly rotated row: SAQ (adjusted codes, one segment), RaBitQ, and signs alone. Nothing is
 * trained: the rotation comes from a seed. A code k stands for the direction v = 2k - (2^bits - 1), and <q, p> is estimated
 * by scale·<R·q, v>, scale = |p|²/<R·p, v>, without bias over the rotation.
 *
 * A row: code of dims·bits/8 bytes, f32 scale; dims = d up to a multiple of 16.
 */
import {
  type ByteWriter,
  type Core,
  RandomStream,
  rotateBack,
  rotationSigns,
  type Scope,
} from '@sagitta/core-wasm';
import { integerLanes, signQuery } from './query-layout.ts';
import type { RowCodes } from './row-codes.ts';
import { factorsOf, type Matcher, paddedCount, place, scaleDefect, type TokenCoder } from './token-coder.ts';
import type { QueryTokens, TokenEncoding } from './token-store.ts';

/** Tables of sign codes add up in 16 bits to here; beyond, signs are multiplied like other codes. */
const LARGEST_TABLE_DIMS = 4096;

export class CodeCoder implements TokenCoder {
  readonly encoding: TokenEncoding;
  readonly d: number;
  readonly dims: number;
  readonly bits: number;
  readonly seed: number;
  readonly rowBytes: number;
  readonly #codes: RowCodes;
  readonly #signs: Uint32Array;

  constructor(encoding: TokenEncoding, d: number, codes: RowCodes, seed: number) {
    this.encoding = encoding;
    this.d = d;
    this.dims = codes.dims;
    this.bits = codes.bits;
    this.seed = seed;
    this.rowBytes = (codes.dims * codes.bits) / 8 + 4;
    this.#codes = codes;
    this.#signs = rotationSigns(new RandomStream(seed, 'token rotation'), codes.dims);
  }

  /** rows n × d → R·rows, n × dims, fresh. */
  rotate(core: Core, rows: Float32Array): Float32Array {
    const { d, dims } = this;
    const n = rows.length / d;
    return core.scope((scope) => {
      const signs = scope.reserve(this.#signs.byteLength);
      const block = scope.reserve(4 * n * dims);
      signs.u32().set(this.#signs);
      const values = block.f32();
      for (let i = 0; i < n; i++) values.set(rows.subarray(i * d, (i + 1) * d), i * dims);
      core.kernels.rotateF32Rows(block.at(), n, dims, dims, signs.at());
      return block.f32(0, n * dims).slice();
    });
  }

  encode(core: Core, tokens: Float32Array, out: Uint8Array): void {
    const n = tokens.length / this.d;
    const codeBytes = this.rowBytes - 4;
    const codes = new Uint8Array(n * codeBytes);
    const scales = new Float32Array(n);
    this.#codes.encode(core, this.rotate(core, tokens), n, codes, scales);
    const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
    for (let i = 0; i < n; i++) {
      out.set(codes.subarray(i * codeBytes, (i + 1) * codeBytes), i * this.rowBytes);
      view.setFloat32(i * this.rowBytes + codeBytes, scales[i] as number, true);
    }
  }

  decode(core: Core, rows: Uint8Array): Float32Array {
    const { d, dims, bits, rowBytes } = this;
    const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
    const n = rows.length / rowBytes;
    const out = new Float32Array(n * d);
    const z = new Float64Array(dims);
    core.scope((scope) => {
      const code = scope.reserve(rowBytes);
      const values = scope.reserve(2 * dims);
      for (let i = 0; i < n; i++) {
        code.u8().set(rows.subarray(i * rowBytes, (i + 1) * rowBytes));
        core.kernels.unpackCode(code.at(), dims, bits, values.at());
        const scale = view.getFloat32((i + 1) * rowBytes - 4, true);
        const integers = values.u16();
        for (let j = 0; j < dims; j++) z[j] = scale * (2 * (integers[j] as number) - (2 ** bits - 1));
        rotateBack(z, this.#signs);
        for (let j = 0; j < d; j++) out[i * d + j] = z[j] as number;
      }
    });
    return out;
  }

  prepare(core: Core, scope: Scope, query: QueryTokens): Matcher {
    const rotated = this.rotate(core, query.data);
    return this.bits === 1 && this.dims <= LARGEST_TABLE_DIMS
      ? this.#tables(core, scope, query, rotated)
      : this.#products(core, scope, query, rotated);
  }

  #products(core: Core, scope: Scope, query: QueryTokens, rotated: Float32Array): Matcher {
    const { dims, bits } = this;
    const { values, steps } = integerLanes(rotated, query.n, dims);
    const lanes = place(scope, values);
    const factors = place(scope, factorsOf(query, steps));
    const padded = paddedCount(query.n);
    const scratch = scope.reserve(4 * padded + 32 + 8 * dims).at();
    return {
      paddedTokens: padded,
      steps,
      run: (documents, n, out, bests) =>
        core.kernels.maxsimCode(lanes, padded / 4, dims, bits, factors, documents, n, scratch, out, bests),
    };
  }

  #tables(core: Core, scope: Scope, query: QueryTokens, rotated: Float32Array): Matcher {
    const { dims } = this;
    const { n } = query;
    const { values, shifts, steps } = signQuery(rotated, n, dims);
    // a table sum less its shift is half of <v, q>
    const doubled = steps.map((step) => 2 * step);
    const integers = scope.reserve(values.byteLength);
    const luts = scope.reserve(4 * n * dims);
    integers.i8().set(values);
    for (let a = 0; a < n; a++) core.kernels.signLutsU8(integers.at(a * dims), dims, luts.at(4 * a * dims));
    const factors = place(scope, factorsOf(query, doubled));
    const shiftsAt = place(scope, shifts);
    const padded = paddedCount(n);
    const scratch = scope.reserve(4 * padded + 16 * n + 64 + 128 * Math.ceil(dims / 32)).at();
    return {
      paddedTokens: padded,
      steps: doubled,
      run: (documents, count, out, bests) =>
        core.kernels.maxsimBits(luts.at(), n, dims, factors, shiftsAt, documents, count, scratch, out, bests),
    };
  }

  defect(rows: Uint8Array): string | undefined {
    return scaleDefect(rows, this.rowBytes, 2 ** this.bits);
  }

  write(writer: ByteWriter): void {
    writer.u32(this.bits).u32(this.seed);
    this.#codes.write(writer);
  }
}
