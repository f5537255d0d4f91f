/**
 * A second code of every vector, by id and of all its dimensions: what candidates of the lists' codes are scored again
 * with. The lists are read whole, these codes only where candidates are, so they may be long; they are about the
 * quantizer's own origin and know nothing of lists.
 */
import { type Block, type BlockRows, type Core, type Metric, Owner } from '@sagitta/core-wasm';
import type { QuantizerName } from '@sagitta/quantizers';
import type { Compaction } from './compaction.ts';
import { BLOCK, InvertedLists } from './inverted-lists.ts';
import type { ListScan } from './list-scan.ts';

/** Vectors that are decoded at once. */
const DECODED = 4096;
/** Every code is read. */
const GAMMA = 1000;

export class SecondaryCodes extends Owner {
  readonly codec: ListScan;
  readonly #metric: Metric;
  readonly #origin: Float32Array;
  readonly #projected: Block;
  /** One list without ids: position = id. */
  readonly #list: InvertedLists;

  /** codec, origin — its own from now on, disposed with it and if its making fails; what vectors lose, d values. */
  constructor(core: Core, metric: Metric, codec: ListScan, origin: Float32Array) {
    super(core);
    this.codec = this.own(() => codec);
    this.#metric = metric;
    this.#origin = origin;
    this.#list = this.own(() => new InvertedLists(core, 1, codec.layout, { hasIds: false }));
    this.#projected = this.own(() => codec.project(origin));
  }

  get quantizer(): QuantizerName {
    return this.codec.name;
  }

  /**
   * Codes vectors (m × d) behind those that are there, then calls `also`; if that or the coding throws, nothing is
   * added. They count when publish() says so; withdraw() drops them.
   */
  stage(vectors: Float32Array, also: () => void): void {
    this.checkLive('secondary codes');
    const count = vectors.length / this.#origin.length;
    const { length: d } = this.#origin;
    this.codec.writing(() =>
      this.#list.stage(Uint32Array.of(count), ({ offset, count: part, piece, first }) => {
        const rows = vectors.subarray(offset * d, (offset + part) * d);
        this.codec.write(rows, this.#origin, piece.blocks, first);
        if (offset + part === count) also();
      }),
    );
  }

  publish(): void {
    this.checkLive('secondary codes');
    this.#list.publish();
  }
  withdraw(): void {
    this.checkLive('secondary codes');
    this.#list.withdraw();
  }

  /** See InvertedLists.compaction. */
  compaction(numbers: Uint32Array): Compaction {
    this.checkLive('secondary codes');
    return this.#list.compaction(numbers);
  }

  /** Room for n codes in an empty set of them, to be filled by the caller. @throws CapacityError */
  reserve(n: number): void {
    this.checkLive('secondary codes');
    this.#list.reserve(Uint32Array.of(n));
  }
  /** One list in order of ids, to be filled where it was reserved. */
  get list(): InvertedLists {
    this.checkLive('secondary codes');
    return this.#list;
  }

  /** Of the core's memory. */
  bytesUsed(): number {
    this.checkLive('secondary codes');
    return this.#list.bytesUsed();
  }

  /** Blocks in order of ids. */
  codePieces(): Iterable<BlockRows> {
    this.checkLive('secondary codes');
    return this.#list.codePieces();
  }

  /** What is wrong with codes that were restored, or undefined. */
  defect(): string | undefined {
    this.checkLive('secondary codes');
    for (const { blocks, n } of this.#list.pieces(0)) {
      const defect = this.codec.defect(blocks, n);
      if (defect !== undefined) return defect;
    }
    return undefined;
  }

  /**
   * Scores of ids, smaller is better. query — of length 1 for cosine; gather — puts their codes into the places 0… of blocks,
   * where they are not here.
   */
  scores(
    query: Float32Array,
    ids: Uint32Array,
    gather: (blocks: Block) => void = this.#gather(ids),
  ): Float32Array {
    this.checkLive('secondary codes');
    if (ids.length === 0) return new Float32Array(0);
    const { codec } = this;
    codec.setQuery(query, GAMMA);
    return this.core.scope((scope) => {
      const blocks = scope.reserve(Math.ceil(ids.length / BLOCK) * codec.layout.blockBytes);
      const out = scope.reserve(4 * BLOCK * Math.ceil(ids.length / BLOCK));
      gather(blocks);
      codec.scores(blocks.at(), ids.length, this.#projected.at(), this.#base(query), out.at());
      return out.f32(0, ids.length).slice();
    });
  }

  #gather(ids: Uint32Array): (blocks: Block) => void {
    return (blocks) => {
      for (const [i, id] of ids.entries()) {
        const from = this.#list.locate(0, id);
        this.codec.layout.move(from.blocks, from.position, blocks, i);
      }
    };
  }

  /** What the codes of ids stand for, ids.length × d, in that order. */
  decode(ids: Uint32Array): Float32Array {
    this.checkLive('secondary codes');
    const { codec, core } = this;
    const d = this.#origin.length;
    const out = new Float32Array(ids.length * d);
    for (let first = 0; first < ids.length; first += DECODED) {
      const run = ids.subarray(first, first + DECODED);
      core.scope((scope) => {
        const blocks = scope.reserve(Math.ceil(run.length / BLOCK) * codec.layout.blockBytes);
        this.#gather(run)(blocks);
        out.set(codec.quantizer.decode(core, blocks, run.length, this.#origin), first * d);
      });
    }
    return out;
  }

  /** The exact score of the origin. */
  #base(query: Float32Array): number {
    let sum = 0;
    for (const [j, value] of query.entries()) {
      const centre = this.#origin[j] as number;
      sum += this.#metric === 'l2' ? (value - centre) ** 2 : -value * centre;
    }
    return sum;
  }
}
