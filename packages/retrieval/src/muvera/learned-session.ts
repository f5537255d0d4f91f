/**
 * LearnedFde at work. As in MuveraSession sums have a fixed order and nothing fuses: a document's bytes depend on its
 * tokens alone.
 */
import {
  type Block,
  type Core,
  checkFinite,
  NO_PTR,
  type Numbers,
  Owner,
  type Scope,
  type TokenSet,
  type TokenSetInput,
  type Vectors,
} from '@sagitta/core-wasm';
import type { FdeSession } from './fde-encoder.ts';
import { CELL_SHARES, type LearnedEncoder } from './learned-options.ts';
import { checkDocuments, checkQuery, chunkOffsets, type TokenChunk, tokenChunks } from './token-chunks.ts';

/** Bytes of each kind of scratch. */
const SCRATCH_BYTES = 4 * 1024 * 1024;

/** Encodes with a learned encoder whose matrices are in a core's memory. encoder.createSession makes it. */
export class LearnedSession extends Owner implements FdeSession {
  readonly encoder: LearnedEncoder;
  /** d × numCells: centroids, transposed. */
  readonly #centroids: Block;
  /** |c|²/2 of each centroid. */
  readonly #halves: Float32Array;
  /** d × p. */
  readonly #directions: Block;
  /** d × voters. */
  readonly #voters: Block;
  readonly #starts: Block;
  /** votes: numCells × p, Uᵀs̄ of each cell. */
  #origins: Float32Array = new Float32Array(0);

  constructor(core: Core, encoder: LearnedEncoder) {
    super(core);
    this.encoder = encoder;
    const { d, parts, parameters } = encoder;
    this.#centroids = this.#placeTransposed(parts.centroids);
    this.#halves = halfNorms(parts.centroids, d);
    this.#directions = this.#placeTransposed(parts.directions);
    this.#voters = this.#placeTransposed(parts.voters);
    this.#starts = this.allocate(parts.starts.byteLength);
    this.#starts.u32().set(parts.starts);
    this.own(() => {
      if (parameters.blocks === 'votes') this.#origins = this.#project(voterMeans(encoder));
      return undefined;
    });
  }

  encodeDocuments(tokens: TokenSetInput, out: Float32Array): void {
    this.checkLive('session');
    const { d, length, parameters, numVoters } = this.encoder;
    const set = checkDocuments(tokens, d, length, out);
    const columns = Math.max(d, numVoters, parameters.numCells);
    const maxRows = Math.max(1, Math.floor(SCRATCH_BYTES / (4 * columns)));
    const maxSets = Math.max(1, Math.floor(SCRATCH_BYTES / (4 * length)));
    for (const chunk of tokenChunks(set, maxRows, maxSets)) {
      const target = out.subarray(chunk.first * length, chunk.end * length);
      if (chunk.rows === 0) target.fill(0);
      else if (parameters.blocks === 'votes') this.#encodeBlend(set, chunk, target);
      else this.#encodeMeans(set, chunk, parameters.blockLength, target);
      checkFinite('tokens whose sums leave the range of f32: FDE', target, length);
    }
  }

  encodeQuery(given: Vectors, factors?: Numbers): Float32Array {
    this.checkLive('session');
    const { d, length, parameters } = this.encoder;
    const { numCells, p, blocks, meanSplit, blockLength, queryCells } = parameters;
    const { data: tokens, weights } = checkQuery(given, d, factors);
    const out = new Float32Array(length);
    const m = tokens.length / d;
    if (m === 0) return out;
    const values = this.#project(meanSplit ? this.#lessMean(tokens) : tokens);
    const dots = this.#multiply(tokens, this.#centroids, numCells);
    const shares = CELL_SHARES[Math.min(queryCells, numCells) - 1] as readonly number[];
    for (let t = 0; t < m; t++) {
      const cells = bestCells(dots.subarray(t * numCells, (t + 1) * numCells), this.#halves, shares.length);
      for (const [rank, cell] of cells.entries()) {
        const share = (shares[rank] as number) * (weights ? (weights[t] as number) : 1);
        let at = cell * blockLength;
        if (blocks === 'votes') {
          out[at] = (out[at] as number) + share;
          at++;
        }
        for (let j = 0; j < p; j++) {
          const origin = blocks === 'votes' ? (this.#origins[cell * p + j] as number) : 0;
          out[at + j] = (out[at + j] as number) + share * ((values[t * p + j] as number) - origin);
        }
        if (meanSplit) out[at + p] = (out[at + p] as number) + share;
      }
    }
    checkFinite('tokens whose sums leave the range of f32: FDE', out);
    return out;
  }

  #encodeVotes(set: TokenSet, chunk: TokenChunk, out: Float32Array): void {
    const { d, length, parameters, numVoters } = this.encoder;
    const { numCells, p } = parameters;
    const { kernels } = this.core;
    const n = chunk.end - chunk.first;
    this.core.scope((scope) => {
      const tokens = placeTokens(scope, set, chunk);
      const offsets = placeOffsets(scope, set, chunk);
      const dots = scope.reserve(4 * chunk.rows * numVoters);
      kernels.matmulF32(tokens.at(), this.#voters.at(), chunk.rows, numVoters, d, dots.at());
      const values = scope.reserve(4 * chunk.rows * p);
      kernels.matmulF32(tokens.at(), this.#directions.at(), chunk.rows, p, d, values.at());
      const best = scope.reserve(4 * numVoters);
      const rows = scope.reserve(4 * numVoters);
      const fdes = scope.reserve(4 * n * length);
      kernels.voteSums(
        dots.at(),
        numVoters,
        offsets.at(),
        n,
        this.#starts.at(),
        numCells,
        values.at(),
        p,
        p,
        best.at(),
        rows.at(),
        fdes.at(),
        length,
      );
      out.set(fdes.f32(0, n * length));
    });
  }

  /** Votes blended with means: y and v of both, y of a mean m being <Uᵀs̄, m>. */
  #encodeBlend(set: TokenSet, chunk: TokenChunk, out: Float32Array): void {
    this.#encodeVotes(set, chunk, out);
    const { numCells, p, ownShare } = this.encoder.parameters;
    if (ownShare === 0) return;
    const n = chunk.end - chunk.first;
    const means = new Float32Array(n * numCells * p);
    this.#encodeMeans(set, chunk, p, means);
    const rest = 1 - ownShare;
    const origins = this.#origins;
    for (let block = 0; block < n * numCells; block++) {
      const from = block * p;
      const to = block * (p + 1);
      const origin = (block % numCells) * p;
      let value = 0;
      for (let j = 0; j < p; j++) {
        const mean = means[from + j] as number;
        value += mean * (origins[origin + j] as number);
        out[to + 1 + j] = rest * (out[to + 1 + j] as number) + ownShare * mean;
      }
      out[to] = rest * (out[to] as number) + ownShare * value;
    }
  }

  /** Means of the tokens in each cell, or the token nearest to its centroid: out n × numCells × width. */
  #encodeMeans(set: TokenSet, chunk: TokenChunk, width: number, out: Float32Array): void {
    const { d, parameters, parts } = this.encoder;
    const { numCells, p, meanSplit } = parameters;
    const length = numCells * width;
    const { kernels } = this.core;
    const n = chunk.end - chunk.first;
    const raw = set.data.subarray(chunk.row * d, (chunk.row + chunk.rows) * d);
    const aggregated = meanSplit ? this.#lessMean(raw) : raw;
    const projected = this.#project(aggregated);
    this.core.scope((scope) => {
      const tokens = placeTokens(scope, set, chunk);
      const offsets = placeOffsets(scope, set, chunk);
      const dots = scope.reserve(4 * chunk.rows * numCells);
      kernels.matmulF32(tokens.at(), this.#centroids.at(), chunk.rows, numCells, d, dots.at());
      const cells = scope.reserve(2 * chunk.rows);
      const values = scope.reserve(4 * chunk.rows * width);
      const halves = scope.reserve(4 * chunk.rows);
      halves.f32(0, chunk.rows).set(halfNorms(raw, d));
      const similarities = dots.f32(0, chunk.rows * numCells);
      const into = values.f32(0, chunk.rows * width);
      const cellOf = cells.u16(0, chunk.rows);
      for (let t = 0; t < chunk.rows; t++) {
        const row = similarities.subarray(t * numCells, (t + 1) * numCells);
        cellOf[t] = bestCells(row, this.#halves, 1)[0] as number;
        into.set(projected.subarray(t * p, (t + 1) * p), t * width);
        if (meanSplit) into[t * width + p] = dotAt(aggregated, t * d, parts.mean);
      }
      const sources = scope.reserve(4 * n * numCells);
      const occupied = scope.reserve(4 * n * numCells);
      const scratch = scope.reserve(4 * numCells);
      const fdes = scope.reserve(4 * n * length);
      kernels.nearestTokens(dots.at(), numCells, halves.at(), offsets.at(), n, scratch.at(), sources.at());
      kernels.cellSums(
        values.at(),
        width,
        width,
        cells.at(),
        NO_PTR,
        offsets.at(),
        n,
        numCells,
        NO_PTR,
        1,
        occupied.at(),
        scratch.at(),
        fdes.at(),
        length,
      );
      kernels.fillCells(
        values.at(),
        width,
        width,
        occupied.at(),
        sources.at(),
        n,
        numCells,
        NO_PTR,
        fdes.at(),
        length,
      );
      out.set(fdes.f32(0, n * length));
    });
  }

  /** Uᵀx of rows: m × p, fresh. */
  #project(rows: Float32Array): Float32Array {
    return this.#multiply(rows, this.#directions, this.encoder.parameters.p);
  }

  /** rows (m × d) · operator (d × columns), fresh. */
  #multiply(rows: Float32Array, operator: Block, columns: number): Float32Array {
    const { d } = this.encoder;
    const m = rows.length / d;
    return this.core.scope((scope) => {
      const from = scope.reserve(rows.byteLength);
      const to = scope.reserve(4 * m * columns);
      from.f32(0, rows.length).set(rows);
      this.core.kernels.matmulF32(from.at(), operator.at(), m, columns, d, to.at());
      return to.f32(0, m * columns).slice();
    });
  }

  /** n × d rows as d × n in the core's memory. */
  #placeTransposed(rows: Float32Array): Block {
    const { d } = this.encoder;
    const block = this.allocate(rows.byteLength);
    const n = rows.length / d;
    const out = block.f32(0, rows.length);
    for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) out[j * n + i] = rows[i * d + j] as number;
    return block;
  }

  #lessMean(rows: Float32Array): Float32Array {
    const { d, parts } = this.encoder;
    return rows.map((value, i) => value - (parts.mean[i % d] as number));
  }
}

function placeTokens(scope: Scope, { data, d }: TokenSet, { row, rows }: TokenChunk): Block {
  const block = scope.reserve(4 * rows * d);
  block.f32(0, rows * d).set(data.subarray(row * d, (row + rows) * d));
  return block;
}

function placeOffsets(scope: Scope, set: TokenSet, chunk: TokenChunk): Block {
  const offsets = chunkOffsets(set, chunk);
  const block = scope.reserve(offsets.byteLength);
  block.u32(0, offsets.length).set(offsets);
  return block;
}

function dotAt(rows: Float32Array, start: number, other: Float32Array): number {
  let sum = 0;
  for (let j = 0; j < other.length; j++) sum += (rows[start + j] as number) * (other[j] as number);
  return sum;
}

/** |x|²/2 of each row. */
function halfNorms(rows: Float32Array, d: number): Float32Array {
  const out = new Float32Array(rows.length / d);
  for (let i = 0; i < out.length; i++) {
    const row = rows.subarray(i * d, (i + 1) * d);
    out[i] = dotAt(row, 0, row) / 2;
  }
  return out;
}

/** The `count` cells with the greatest <x, c> - |c|²/2, best first, ties to the lower cell. */
function bestCells(dots: Float32Array, halves: Float32Array, count: number): number[] {
  const best: number[] = [];
  const scores: number[] = [];
  for (let cell = 0; cell < dots.length; cell++) {
    const score = (dots[cell] as number) - (halves[cell] as number);
    if (best.length === count && !(score > (scores[count - 1] as number))) continue;
    let at = best.length < count ? best.length : count - 1;
    while (at > 0 && score > (scores[at - 1] as number)) {
      best[at] = best[at - 1] as number;
      scores[at] = scores[at - 1] as number;
      at--;
    }
    best[at] = cell;
    scores[at] = score;
  }
  return best;
}

/** s̄: the mean of each cell's voters, numCells × d. */
function voterMeans({ d, parts: { voters, starts } }: LearnedEncoder): Float32Array {
  const numCells = starts.length - 1;
  const out = new Float32Array(numCells * d);
  for (let cell = 0; cell < numCells; cell++) {
    const first = starts[cell] as number;
    const end = starts[cell + 1] as number;
    for (let j = 0; j < d; j++) {
      let sum = 0;
      for (let s = first; s < end; s++) sum += voters[s * d + j] as number;
      out[cell * d + j] = sum / (end - first);
    }
  }
  return out;
}
