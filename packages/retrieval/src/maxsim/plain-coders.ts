/** Tokens number by number: float32, half precision, and bytes with a scale a token. */
import { type ByteWriter, type Core, littleEndianBytes, rowsDefect, type Scope } from '@sagitta/core-wasm';
import { checkHalves, halfToNumber, numberToHalf } from '@sagitta/quantizers/internal';
import { floatLanes, integerLanes } from './query-layout.ts';
import { factorsOf, type Matcher, paddedCount, place, scaleDefect, type TokenCoder } from './token-coder.ts';
import type { QueryTokens, TokenEncoding } from './token-store.ts';

/** d up to a multiple of 4, which the kernels of halves and bytes ask for; what is added is 0. */
function quads(d: number): number {
  return 4 * Math.ceil(d / 4);
}

/** rows n × d → n × padded. */
function widened(rows: Float32Array, d: number, padded: number): Float32Array {
  if (d === padded) return rows;
  const n = rows.length / d;
  const out = new Float32Array(n * padded);
  for (let i = 0; i < n; i++) out.set(rows.subarray(i * d, (i + 1) * d), i * padded);
  return out;
}

export class FloatCoder implements TokenCoder {
  readonly encoding: TokenEncoding = 'float32';
  readonly d: number;
  readonly rowBytes: number;

  constructor(d: number) {
    this.d = d;
    this.rowBytes = 4 * d;
  }

  encode(_core: Core, tokens: Float32Array, out: Uint8Array): void {
    out.set(littleEndianBytes(tokens));
  }

  decode(_core: Core, rows: Uint8Array): Float32Array {
    return floatsOf(rows);
  }

  prepare(core: Core, scope: Scope, query: QueryTokens): Matcher {
    return floatMatcher(core, scope, query, this.d, this.d, core.kernels.maxsimF32);
  }

  defect(rows: Uint8Array): string | undefined {
    return rowsDefect('tokens', floatsOf(rows), this.d);
  }

  write(_writer: ByteWriter): void {}
}

export class HalfCoder implements TokenCoder {
  readonly encoding: TokenEncoding = 'float16';
  readonly d: number;
  readonly rowBytes: number;

  constructor(d: number) {
    this.d = d;
    this.rowBytes = 2 * quads(d);
  }

  encode(_core: Core, tokens: Float32Array, out: Uint8Array): void {
    checkHalves('tokens', tokens);
    const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
    const values = widened(tokens, this.d, quads(this.d));
    for (let i = 0; i < values.length; i++) {
      view.setUint16(2 * i, numberToHalf(values[i] as number, 'tokens'), true);
    }
  }

  decode(_core: Core, rows: Uint8Array): Float32Array {
    const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
    const { d, rowBytes } = this;
    const out = new Float32Array((rows.length / rowBytes) * d);
    for (let i = 0; i < out.length; i++) {
      out[i] = halfToNumber(view.getUint16(Math.floor(i / d) * rowBytes + 2 * (i % d), true));
    }
    return out;
  }

  prepare(core: Core, scope: Scope, query: QueryTokens): Matcher {
    return floatMatcher(core, scope, query, this.d, quads(this.d), core.kernels.maxsimF16);
  }

  defect(rows: Uint8Array): string | undefined {
    const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
    for (let at = 0; at < rows.length; at += 2) {
      // the largest exponent: infinities and NaN
      if ((view.getUint16(at, true) & 0x7c00) === 0x7c00) {
        return `values expected finite, got another in token ${Math.floor(at / this.rowBytes)}`;
      }
    }
    return undefined;
  }

  write(_writer: ByteWriter): void {}
}

/** Bytes of −127 … 127 times the token's largest amount over 127. */
export class ByteCoder implements TokenCoder {
  readonly encoding: TokenEncoding = 'int8';
  readonly d: number;
  readonly rowBytes: number;

  constructor(d: number) {
    this.d = d;
    this.rowBytes = quads(d) + 4;
  }

  encode(_core: Core, tokens: Float32Array, out: Uint8Array): void {
    const { d, rowBytes } = this;
    const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
    const bytes = new Int8Array(out.buffer, out.byteOffset, out.byteLength);
    bytes.fill(0);
    for (let i = 0, at = 0; i < tokens.length; i += d, at += rowBytes) {
      let most = 0;
      for (let j = i; j < i + d; j++) {
        const amount = Math.abs(tokens[j] as number);
        if (amount > most) most = amount;
      }
      const inverse = most > 0 ? 127 / most : 0;
      for (let j = 0; j < d; j++) bytes[at + j] = Math.round((tokens[i + j] as number) * inverse);
      view.setFloat32(at + rowBytes - 4, most / 127, true);
    }
  }

  decode(_core: Core, rows: Uint8Array): Float32Array {
    const { d, rowBytes } = this;
    const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
    const out = new Float32Array((rows.length / rowBytes) * d);
    for (let i = 0, at = 0; i < out.length; i += d, at += rowBytes) {
      const scale = view.getFloat32(at + rowBytes - 4, true);
      for (let j = 0; j < d; j++) out[i + j] = view.getInt8(at + j) * scale;
    }
    return out;
  }

  prepare(core: Core, scope: Scope, query: QueryTokens): Matcher {
    const dims = quads(this.d);
    const { values, steps } = integerLanes(widened(query.data, this.d, dims), query.n, dims);
    const lanes = place(scope, values);
    const factors = place(scope, factorsOf(query, steps));
    const padded = paddedCount(query.n);
    const scratch = scope.reserve(4 * padded + 32 + 8 * dims).at();
    return {
      paddedTokens: padded,
      steps,
      run: (documents, n, out, bests) =>
        core.kernels.maxsimI8(lanes, padded / 4, dims, factors, documents, n, scratch, out, bests),
    };
  }

  defect(rows: Uint8Array): string | undefined {
    return scaleDefect(rows, this.rowBytes, 128);
  }

  write(_writer: ByteWriter): void {}
}

function floatMatcher(
  core: Core,
  scope: Scope,
  query: QueryTokens,
  d: number,
  dims: number,
  kernel: Core['kernels']['maxsimF32'],
): Matcher {
  const padded = paddedCount(query.n);
  const steps = new Float64Array(query.n).fill(1);
  const lanes = place(scope, floatLanes(widened(query.data, d, dims), query.n, dims));
  const factors = place(scope, factorsOf(query, steps));
  const scratch = scope.reserve(4 * padded + 32 + (kernel === core.kernels.maxsimF16 ? 16 * dims : 0)).at();
  return {
    paddedTokens: padded,
    steps,
    run: (documents, n, out, bests) =>
      kernel(lanes, padded / 4, dims, factors, documents, n, scratch, out, bests),
  };
}

function floatsOf(rows: Uint8Array): Float32Array {
  const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
  return Float32Array.from({ length: rows.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}
