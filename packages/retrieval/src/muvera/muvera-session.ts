/**
 * MuveraFde at work: matrices in the core's memory, chunks of documents through the kernels. Sums have a fixed order and
 * no kernel here fuses, so the bytes depend on the document alone: not on the engine, the build, or its neighbours.
 */
import {
  type Block,
  type Core,
  checkFinite,
  NO_PTR,
  type Numbers,
  Owner,
  type Ptr,
  type Scope,
  type TokenSet,
  type TokenSetInput,
  type Vectors,
} from '@sagitta/core-wasm';
import type { FdeSession } from './fde-encoder.ts';
import type { MuveraEncoder } from './muvera-matrices.ts';
import {
  checkDocuments,
  checkQuery,
  chunkOffsets,
  lnCount,
  type TokenChunk,
  tokenChunks,
} from './token-chunks.ts';

/** Bytes of each kind of scratch. */
const SCRATCH_BYTES = 4 * 1024 * 1024;

type Side = 'document' | 'query';

/** Token values of one repetition, `stride` floats apart. */
interface Values {
  readonly at: Ptr;
  readonly stride: number;
}

/** Encodes with MUVERA's encoder whose matrices are in a core's memory. encoder.createSession makes it. */
export class MuveraSession extends Owner implements FdeSession {
  readonly encoder: MuveraEncoder;
  /** d × R·k: hyperplanes of all repetitions side by side. */
  readonly #planes: Block;
  /** d × R·p, or R × d places of a count-sketch. */
  readonly #inner: Block;
  readonly #final: Block;
  /** Place of each pattern. */
  readonly #places: Block;

  constructor(core: Core, encoder: MuveraEncoder) {
    super(core);
    this.encoder = encoder;
    const { parameters, matrices } = encoder;
    const { d, k, p, numRepetitions, numCells, order, projection } = parameters;
    this.#planes = this.allocate(matrices.hyperplanes.byteLength);
    sideBySide(matrices.hyperplanes, numRepetitions, d, k, this.#planes.f32());
    this.#inner = this.allocate(Math.max(matrices.dense.byteLength, matrices.sketches.byteLength));
    if (projection === 'dense') sideBySide(matrices.dense, numRepetitions, d, p, this.#inner.f32());
    else if (projection === 'count-sketch') this.#inner.u32().set(matrices.sketches);
    this.#final = this.allocate(matrices.finalSketch.byteLength);
    this.#final.u32().set(matrices.finalSketch);
    this.#places = this.allocate(4 * numCells);
    this.#places.u32().set(cellPlaces(numCells, order === 'gray'));
  }

  encodeDocuments(tokens: TokenSetInput, out: Float32Array): void {
    this.checkLive('session');
    const { d, length, parameters } = this.encoder;
    const set = checkDocuments(tokens, d, length, out);
    const { maxRows, maxSets } = this.#capacity();
    for (const chunk of tokenChunks(set, maxRows, maxSets)) {
      this.#encode(set, chunk, 'document', undefined, out.subarray(chunk.first * length, chunk.end * length));
    }
    if (parameters.documentScale === 'unit') toUnitLength(out, length);
    if (parameters.lengthBeta === 0) return;
    const at = this.#correctionAt();
    for (let i = 0; i < set.n; i++) {
      const m = (set.offsets[i + 1] as number) - (set.offsets[i] as number);
      out[i * length + at] = m > 0 ? lnCount(m) : 0;
    }
  }

  encodeQuery(tokens: Vectors, factors?: Numbers): Float32Array {
    this.checkLive('session');
    const { d, length, parameters } = this.encoder;
    const set = checkQuery(tokens, d, factors);
    const { weights } = set;
    const out = new Float32Array(length);
    const rows = set.data.length / d;
    this.#encode(set, { first: 0, end: 1, row: 0, rows }, 'query', weights, out);
    if (parameters.lengthBeta !== 0) {
      let total = 0;
      for (let t = 0; t < rows; t++) total += weights ? (weights[t] as number) : 1;
      out[this.#correctionAt()] = parameters.numRepetitions * parameters.lengthBeta * total;
    }
    return out;
  }

  /** The number of the length correction. */
  #correctionAt(): number {
    const { final, innerLength } = this.encoder.parameters;
    return final > 0 ? final : innerLength;
  }

  #capacity(): { maxRows: number; maxSets: number } {
    const { d, k, p, numRepetitions, projection, width, numCells, final, length } = this.encoder.parameters;
    const columns = Math.max(d + 1, numRepetitions * k, projection === 'dense' ? numRepetitions * p : width);
    const perSet = Math.max(final > 0 ? numCells * width : 0, length);
    return {
      maxRows: Math.max(1, Math.floor(SCRATCH_BYTES / (4 * columns))),
      maxSets: Math.max(1, Math.floor(SCRATCH_BYTES / (4 * perSet))),
    };
  }

  /** FDEs of one chunk into out, n × length, the number of the length correction left 0. */
  #encode(
    tokens: TokenSet,
    chunk: TokenChunk,
    side: Side,
    weights: Float32Array | undefined,
    out: Float32Array,
  ): void {
    const { d, parameters } = this.encoder;
    const { k, numRepetitions, numCells, width, final, length, fillEmpty } = parameters;
    const { rows } = chunk;
    const n = chunk.end - chunk.first;
    const { kernels } = this.core;
    if (rows === 0) {
      out.fill(0);
      return;
    }
    this.core.scope((scope) => {
      const raw = tokens.data.subarray(chunk.row * d, (chunk.row + rows) * d);
      const tokenBlock = scope.reserve(4 * rows * d);
      tokenBlock.f32(0, rows * d).set(raw);
      const centred = this.#centre(scope, tokenBlock, raw);
      const dots = scope.reserve(4 * rows * numRepetitions * k);
      if (k > 0) {
        kernels.matmulF32(centred.at(), this.#planes.at(), rows, numRepetitions * k, d, dots.at());
      }
      const values = this.#valuesOf(scope, parameters.meanSplit ? centred : tokenBlock, rows, side);
      const offsetBlock = scope.reserve(4 * (n + 1));
      offsetBlock.u32(0, n + 1).set(chunkOffsets(tokens, chunk));
      const weightBlock = weights ? scope.reserve(4 * rows) : undefined;
      if (weights) weightBlock?.f32(0, rows).set(weights);
      const cells = scope.reserve(2 * rows);
      const isFilled = side === 'document' && fillEmpty && k > 0;
      const firsts = scope.reserve(isFilled ? 4 * n * numCells : 0);
      const sources = scope.reserve(isFilled ? 4 * n * numCells : 0);
      const counts = scope.reserve(4 * numCells);
      const outBlock = scope.reserve(4 * n * length);
      const size = numCells * width;
      const blocks = final > 0 ? scope.reserve(4 * n * size) : outBlock;
      const stride = final > 0 ? size : length;
      for (let r = 0; r < numRepetitions; r++) {
        kernels.simhashRows(dots.at(4 * r * k), rows, numRepetitions * k, k, cells.at());
        const value = values(r);
        if (final > 0) blocks.f32(0, n * size).fill(0);
        const target = blocks.at(final > 0 ? 0 : 4 * r * size);
        kernels.cellSums(
          value.at,
          value.stride,
          width,
          cells.at(),
          weightBlock ? weightBlock.at() : NO_PTR,
          offsetBlock.at(),
          n,
          numCells,
          this.#places.at(),
          side === 'document' ? 1 : 0,
          isFilled ? firsts.at() : NO_PTR,
          counts.at(),
          target,
          stride,
        );
        if (isFilled) {
          sources.u32().set(firsts.u32());
          kernels.fillCubeRows(sources.at(), n, k, counts.at());
          kernels.fillCells(
            value.at,
            value.stride,
            width,
            firsts.at(),
            sources.at(),
            n,
            numCells,
            this.#places.at(),
            target,
            stride,
          );
        }
        if (final > 0) {
          kernels.sketchRows(target, n, size, size, this.#final.at(4 * r * size), outBlock.at(), length);
        }
      }
      const result = outBlock.f32(0, n * length);
      checkFinite('tokens whose sums leave the range of f32: FDE', result, length);
      out.set(result);
    });
  }

  /** Tokens less μ, or the tokens where there is none. */
  #centre(scope: Scope, tokens: Block, raw: Float32Array): Block {
    const { center, d } = this.encoder.parameters;
    if (!center) return tokens;
    const block = scope.reserve(4 * raw.length);
    const centred = block.f32(0, raw.length);
    for (let i = 0; i < raw.length; i++) centred[i] = (raw[i] as number) - (center[i % d] as number);
    return block;
  }

  /** The values that repetition r adds up: projected rows, and the number of the mean-split. */
  #valuesOf(scope: Scope, source: Block, rows: number, side: Side): (r: number) => Values {
    const { d, p, width, projection, meanSplit, numRepetitions, center } = this.encoder.parameters;
    const { kernels } = this.core;
    if (projection === 'none' && !meanSplit) {
      const at = source.at();
      return () => ({ at, stride: d });
    }
    const split = new Float32Array(meanSplit ? rows : 0).fill(1);
    if (meanSplit && side === 'document') {
      const mean = scope.reserve(4 * d);
      const dots = scope.reserve(4 * rows);
      mean.f32(0, d).set(center as Float32Array);
      kernels.matmulF32(source.at(), mean.at(), rows, 1, d, dots.at());
      split.set(dots.f32(0, rows));
    }
    const block = scope.reserve(4 * rows * width);
    const putSplit = (): Values => {
      const values = block.f32(0, rows * width);
      for (let t = 0; t < split.length; t++) values[t * width + p] = split[t] as number;
      return { at: block.at(), stride: width };
    };
    if (projection === 'none') {
      const values = block.f32(0, rows * width);
      const from = source.f32(0, rows * d);
      for (let t = 0; t < rows; t++) values.set(from.subarray(t * d, (t + 1) * d), t * width);
      const value = putSplit();
      return () => value;
    }
    if (projection === 'count-sketch') {
      return (r) => {
        block.f32(0, rows * width).fill(0);
        kernels.sketchRows(source.at(), rows, d, d, this.#inner.at(4 * r * d), block.at(), width);
        return putSplit();
      };
    }
    const columns = numRepetitions * p;
    const projected = scope.reserve(4 * rows * columns);
    kernels.matmulF32(source.at(), this.#inner.at(), rows, columns, d, projected.at());
    if (!meanSplit) return (r) => ({ at: projected.at(4 * r * p), stride: columns });
    return (r) => {
      const values = block.f32(0, rows * width);
      const from = projected.f32(0, rows * columns);
      for (let t = 0; t < rows; t++) {
        values.set(from.subarray(t * columns + r * p, t * columns + (r + 1) * p), t * width);
      }
      return putSplit();
    };
  }
}

/** Rows of `length` numbers divided by their lengths, in place; rows of zeros stay. */
function toUnitLength(rows: Float32Array, length: number): void {
  for (let start = 0; start < rows.length; start += length) {
    let squares = 0;
    for (let j = start; j < start + length; j++) {
      const value = rows[j] as number;
      squares += value * value;
    }
    if (squares === 0) continue;
    const norm = Math.sqrt(squares);
    for (let j = start; j < start + length; j++) rows[j] = (rows[j] as number) / norm;
  }
}

/** R matrices d × width, one after the other → one d × R·width. */
function sideBySide(matrices: Float32Array, R: number, d: number, width: number, out: Float32Array): void {
  for (let r = 0; r < R; r++) {
    for (let i = 0; i < d; i++) {
      const from = (r * d + i) * width;
      out.set(matrices.subarray(from, from + width), i * R * width + r * width);
    }
  }
}

/**
 * The place of each pattern: itself, or its Gray decoding: v = 0; for each bit from the top: v = 2v + (bit xor (v and 1)).
 * The pattern of place i is then i xor (i >> 1).
 */
export function cellPlaces(numCells: number, isGray: boolean): Uint32Array {
  const places = new Uint32Array(numCells);
  for (let place = 0; place < numCells; place++) places[isGray ? place ^ (place >> 1) : place] = place;
  return places;
}
