/**
 * Product quantization (Jégou et al., 2011): dims are cut into m runs, and each run of a vector goes to the nearest of 16
 * or 256 centroids. With 16 the scan is the fast scan of 4-bit codes, with 256 a table of floats.
 */
import { type ByteReader, type ByteWriter, type Core, checkLength, largestAmount } from '@sagitta/core-wasm';
import type { CodedRows, Coder, Dots } from '../linear/coder.ts';
import { Table4Dots, Table8Dots } from '../linear/table-dots.ts';
import { assignToNearest } from '../training/kmeans.ts';

/** Encodes turned rows by product quantization: a codebook for each run of dims. */
export class PqCoder implements Coder {
  readonly dims: number;
  /** Sub-quantizers; run s is dims s·dsub … (s + 1)·dsub - 1, the last may reach beyond dims (into zeros). */
  readonly m: number;
  readonly dsub: number;
  readonly nbits: 4 | 8;
  /** m × 2^nbits × dsub. */
  readonly codebooks: Float32Array;
  readonly codeBytes: number;
  readonly factors: number = 0;
  readonly norm = 'decoded';
  readonly writesNorms = false;
  readonly isBlocked: boolean;
  readonly reach: number;
  /** Made when first wanted: m tables of ksub × ksub. */
  #symmetric: readonly Float32Array[] | undefined;

  constructor(dims: number, m: number, nbits: 4 | 8, codebooks: Float32Array) {
    this.dims = dims;
    this.m = m;
    this.nbits = nbits;
    this.codebooks = codebooks;
    this.dsub = Math.ceil(dims / m);
    this.codeBytes = nbits === 8 ? m : Math.ceil(m / 2);
    this.isBlocked = nbits === 4;
    this.reach = largestAmount(codebooks);
  }

  get ksub(): number {
    return 1 << this.nbits;
  }

  /** The codebook of sub-quantizer s: ksub × dsub. */
  codebook(s: number): Float32Array {
    const size = this.ksub * this.dsub;
    return this.codebooks.subarray(s * size, (s + 1) * size);
  }

  /** Centroid numbers of n rows: n × m. */
  assign(core: Core, rows: Float32Array, n: number): Uint8Array {
    const { m } = this;
    const out = new Uint8Array(n * m);
    for (let s = 0; s < m; s++) {
      const run = runOf(rows, n, this.dims, s, this.dsub);
      const { ids } = assignToNearest(core, { data: run, n, d: this.dsub }, this.codebook(s));
      for (let i = 0; i < n; i++) out[i * m + s] = ids[i] as number;
    }
    return out;
  }

  encode(core: Core, rows: Float32Array, n: number, out: CodedRows): void {
    const { m, codeBytes } = this;
    const numbers = this.assign(core, rows.subarray(0, n * this.dims), n);
    if (this.nbits === 8) {
      out.codes.set(numbers);
      return;
    }
    out.codes.fill(0, 0, n * codeBytes);
    for (let i = 0; i < n; i++) {
      for (let s = 0; s < m; s++) {
        const at = i * codeBytes + (s >> 1);
        out.codes[at] = (out.codes[at] as number) | ((numbers[i * m + s] as number) << (4 * (s & 1)));
      }
    }
  }

  decode(coded: CodedRows, n: number, out: Float32Array): void {
    const { m, dsub, dims, codeBytes } = this;
    for (let i = 0; i < n; i++) {
      for (let s = 0; s < m; s++) {
        const code = this.#numberOf(coded.codes, i * codeBytes, s);
        const centroid = this.codebook(s).subarray(code * dsub, (code + 1) * dsub);
        const start = s * dsub;
        const width = Math.min(dsub, dims - start);
        if (width > 0) out.set(centroid.subarray(0, width), i * dims + start);
      }
    }
  }

  createDots(core: Core): Dots {
    const { dims, dsub, m } = this;
    const { ksub } = this;
    const make = (query: Float32Array, tables: Float32Array): void => {
      for (let s = 0; s < m; s++) {
        const codebook = this.codebook(s);
        const width = Math.min(dsub, dims - s * dsub);
        for (let c = 0; c < ksub; c++) {
          let sum = 0;
          for (let t = 0; t < width; t++)
            sum += (query[s * dsub + t] as number) * (codebook[c * dsub + t] as number);
          tables[s * ksub + c] = sum;
        }
      }
    };
    // an odd number of 4-bit codes is rounded up to whole bytes: the last table is of a code that is always 0
    return this.nbits === 8 ? new Table8Dots(core, m, make) : new Table4Dots(core, 2 * this.codeBytes, make);
  }

  /** ksub × ksub squared distances between the centroids of sub-quantizer s, for distances between codes. */
  symmetricTable(s: number): Float32Array {
    const { ksub, dsub } = this;
    const codebook = this.codebook(s);
    const out = new Float32Array(ksub * ksub);
    for (let a = 0; a < ksub; a++) {
      for (let b = 0; b < a; b++) {
        let sum = 0;
        for (let t = 0; t < dsub; t++) {
          const step = (codebook[a * dsub + t] as number) - (codebook[b * dsub + t] as number);
          sum += step * step;
        }
        out[a * ksub + b] = sum;
        out[b * ksub + a] = sum;
      }
    }
    return out;
  }

  /**
   * Squared distances between what one code and n codes stand for (codeBytes each, as encode writes them): out f32[n],
   * fresh. Symmetric: neither side is a vector. Short of the distances of vectors by what both codes miss.
   * @throws RangeError on codes of another length
   */
  symmetricDistances(code: Uint8Array, codes: Uint8Array): Float32Array {
    const { m, ksub, codeBytes } = this;
    checkLength('code', code.length, codeBytes, 'codeBytes');
    const n = Math.floor(codes.length / codeBytes);
    checkLength('codes', codes.length, n * codeBytes, `a multiple of codeBytes = ${codeBytes}, e.g.`);
    this.#symmetric ??= Array.from({ length: m }, (_, s) => this.symmetricTable(s));
    const out = new Float32Array(n);
    for (let s = 0; s < m; s++) {
      const table = this.#symmetric[s] as Float32Array;
      const row = this.#numberOf(code, 0, s) * ksub;
      for (let i = 0; i < n; i++) {
        out[i] = (out[i] as number) + (table[row + this.#numberOf(codes, i * codeBytes, s)] as number);
      }
    }
    return out;
  }

  /** The number of run s in a code that begins at byte `at`. */
  #numberOf(codes: Uint8Array, at: number, s: number): number {
    if (this.nbits === 8) return codes[at + s] as number;
    return ((codes[at + (s >> 1)] as number) >> (4 * (s & 1))) & 15;
  }

  write(writer: ByteWriter): void {
    writer.u32(this.m).u32(this.nbits).array(this.codebooks);
  }
}

/** Run s of each row, n × dsub; zeros beyond dims. */
export function runOf(rows: Float32Array, n: number, dims: number, s: number, dsub: number): Float32Array {
  const out = new Float32Array(n * dsub);
  const start = s * dsub;
  const width = Math.min(dsub, dims - start);
  for (let i = 0; i < n && width > 0; i++) {
    out.set(rows.subarray(i * dims + start, i * dims + start + width), i * dsub);
  }
  return out;
}

/**
 * Reads a coder as PqCoder.write left it.
 * @throws FormatError
 */
export function readPqCoder(reader: ByteReader, dims: number): PqCoder {
  const m = reader.u32In('m', 1, dims);
  const nbits = reader.u32In('nbits', 4, 8);
  if (nbits !== 4 && nbits !== 8) return reader.fail(`"nbits" expected 4 or 8, got ${nbits}`);
  const codebooks = reader.f32Array('codebooks', m * (1 << nbits) * Math.ceil(dims / m));
  return new PqCoder(dims, m, nbits, codebooks);
}
