/**
 * Coordinates of codes of fewer dimensions: what they stand for in the frame, where distances there are those of the vectors
 * that decode gives. So a graph is built on the dimensions that are kept, and nothing is multiplied back.
 */
import { type Block, type Core, Owner, RandomStream } from '@sagitta/core-wasm';
import type { Coordinates } from '../quantizer.ts';
import { type Frame, fromFrame } from './frame.ts';

/** Rows that are looked at, and how far their lengths may be off. */
const TRIALS = 4;
const TOLERANCE = 1e-3;

/**
 * The rows of the frame's matrix are orthonormal, and queries are projected by the same one. Rows z of random signs have
 * |Rᵀ·z| = |z| for all such matrices and, but by chance, for no other. Kept coordinates of a rotation have the distances of the
 * vectors themselves, on average.
 */
export function keepsDistances(frame: Frame): boolean {
  if (frame.kept) return true;
  if (!frame.matrix || frame.queryMatrix) return false;
  const { d, dims, matrix } = frame;
  const kept = matrix.length / d;
  const random = new RandomStream(1, 'linear/keeps-distances');
  const rows = new Float32Array(TRIALS * dims);
  for (let i = 0; i < rows.length; i++) rows[i] = i % dims < kept ? 1 - 2 * random.nextBelow(2) : 0;
  const out = fromFrame(frame, rows);
  for (let i = 0; i < TRIALS; i++) {
    const length = out.subarray(i * d, (i + 1) * d).reduce((sum, x) => sum + x * x, 0);
    if (Math.abs(length / kept - 1) > TOLERANCE) return false;
  }
  return true;
}

/** What is wanted of a quantizer. */
interface CodedInFrame {
  readonly coder: { readonly dims: number };
  rowsInFrame(blocks: Block, n: number): Float32Array;
}

/** Reads what codes stand for in the frame. */
export class FrameCoordinates extends Owner implements Coordinates {
  readonly dims: number;
  readonly #quantizer: CodedInFrame;

  constructor(core: Core, quantizer: CodedInFrame) {
    super(core);
    this.#quantizer = quantizer;
    this.dims = quantizer.coder.dims;
  }

  read(blocks: Block, n: number, out: Float32Array, norms: Float32Array): void {
    this.checkLive('coordinates');
    const { dims } = this;
    const rows = this.#quantizer.rowsInFrame(blocks, n);
    out.set(rows);
    for (let i = 0; i < n; i++) {
      norms[i] = rows.subarray(i * dims, (i + 1) * dims).reduce((sum, x) => sum + x * x, 0);
    }
  }
}
