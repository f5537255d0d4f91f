/**
 * Low-rank product quantization, after LR²VQ (Zhu, Zhou and Zhao, *Learning Low-Rank Representations for Model
 * Compression*, 2022) with no network around it. Dims are cut into m runs of dsub as in PQ, but all runs share one
 * codebook C of K vectors of d̃ ≤ dsub dims, and run s has a matrix B_s (dsub × d̃) that takes them to its subspace:
 *
 *   x_s ≈ B_s·C[k_s],  k_s = argmin_k |x_s - B_s·C[k]|²
 *
 * Once B_s·C is multiplied out this is a PQ codebook, so codes, bytes and scans are those of PQ. The model is smaller by
 * far: K·d̃ + m·dsub·d̃ floats instead of K·m·dsub, and its K vectors learn from all runs of every training vector.
 */
import type { ByteReader, ByteWriter } from '@sagitta/core-wasm';
import { PqCoder } from '../pq/coder.ts';

/** What d̃ costs, as shares of the energy of held-out training vectors. */
export interface RankTradeOff {
  readonly clusterDims: number;
  /** Energy outside the subspaces. */
  readonly lowRankError: number;
  /** Inside them, what the nearest of the K vectors misses. */
  readonly clusteringError: number;
}

/** Encodes turned rows by codebooks of few shared dims. */
export class LowRankPqCoder extends PqCoder {
  /** d̃. */
  readonly clusterDims: number;
  /** K × d̃. */
  readonly shared: Float32Array;
  /** m × dsub × d̃. */
  readonly bases: Float32Array;
  /** Of every d̃ that was tried, ascending; of one if it was given. */
  readonly tradeOff: readonly RankTradeOff[];

  constructor(
    dims: number,
    m: number,
    nbits: 4 | 8,
    shared: Float32Array,
    bases: Float32Array,
    tradeOff: readonly RankTradeOff[],
  ) {
    super(dims, m, nbits, expanded(shared, bases, m, 1 << nbits));
    this.clusterDims = shared.length >> nbits;
    this.shared = shared;
    this.bases = bases;
    this.tradeOff = tradeOff;
  }

  override write(writer: ByteWriter): void {
    writer.u32(this.m).u32(this.nbits).u32(this.clusterDims).array(this.shared).array(this.bases);
    writer.u32(this.tradeOff.length);
    for (const { clusterDims, lowRankError, clusteringError } of this.tradeOff) {
      writer.u32(clusterDims).f64(lowRankError).f64(clusteringError);
    }
  }
}

/** B_s·C[k] of every run: m × K × dsub. shared — K × d̃, bases — m × dsub × d̃. */
export function expanded(shared: Float32Array, bases: Float32Array, m: number, ksub: number): Float32Array {
  const rank = shared.length / ksub;
  const dsub = bases.length / (m * rank);
  const out = new Float32Array(m * ksub * dsub);
  for (let s = 0, at = 0; s < m; s++) {
    for (let k = 0; k < ksub; k++) {
      for (let t = 0; t < dsub; t++, at++) {
        const row = (s * dsub + t) * rank;
        let sum = 0;
        for (let a = 0; a < rank; a++) sum += (bases[row + a] as number) * (shared[k * rank + a] as number);
        out[at] = sum;
      }
    }
  }
  return out;
}

/**
 * Reads a coder as LowRankPqCoder.write left it.
 * @throws FormatError
 */
export function readLowRankPqCoder(reader: ByteReader, dims: number): LowRankPqCoder {
  const m = reader.u32In('m', 1, dims);
  const nbits = reader.u32In('nbits', 4, 8);
  if (nbits !== 4 && nbits !== 8) return reader.fail(`"nbits" expected 4 or 8, got ${nbits}`);
  const dsub = Math.ceil(dims / m);
  const rank = reader.u32In('clustering dims', 1, dsub);
  const shared = reader.f32Array('shared codebook', rank << nbits);
  const bases = reader.f32Array('bases', m * dsub * rank);
  const count = reader.u32In('trade-offs', 1, dsub);
  const tradeOff = Array.from({ length: count }, () => ({
    clusterDims: reader.u32In('clustering dims', 1, dsub),
    lowRankError: share(reader),
    clusteringError: share(reader),
  }));
  return new LowRankPqCoder(dims, m, nbits, shared, bases, tradeOff);
}

function share(reader: ByteReader): number {
  const value = reader.f64();
  return value >= 0 && value < Infinity
    ? value
    : reader.fail(`"error" expected a number from 0, got ${value}`);
}
