/** FdeStore over any code that lies segment by segment. */
import {
  ByteWriter,
  type Core,
  checkFinite,
  checkFloat32,
  checkInteger,
  checkLength,
  NO_PTR,
  Owner,
  runsOf,
  type SnapshotPiece,
} from '@sagitta/core-wasm';
import type { Compaction } from '../columns/compaction.ts';
import { hasSlot } from '../search/slot-set.ts';
import { bytesPerDocument, CodeChunk, chunkSetsOf } from './block-chunks.ts';
import { type BlockCodec, type BlockScan, type CodeTarget, numbersDefect } from './block-codec.ts';
import { FDE_ENCODINGS, type FdeEncoding, type FdeHits, type FdeStore } from './fde-store.ts';

/** Documents coded in one go. */
const ENCODE_SETS = 128;

export const STORE_VERSION = 1;

export class BlockStore extends Owner implements FdeStore {
  readonly encoding: FdeEncoding;
  readonly length: number;
  readonly blockLength: number;
  readonly bytesPerDocument: number;
  readonly #codec: BlockCodec;
  readonly #chunks: CodeChunk[] = [];
  readonly #chunkSets: number;
  readonly #scan: BlockScan;
  #n = 0;

  /** The store owns what it allocates; the codec is immutable. */
  constructor(core: Core, codec: BlockCodec, blockLength: number) {
    super(core);
    this.#codec = codec;
    this.encoding = codec.encoding;
    this.length = codec.length;
    this.blockLength = blockLength;
    this.bytesPerDocument = bytesPerDocument(codec);
    this.#chunkSets = chunkSetsOf(codec);
    this.#scan = this.own(() => codec.createScan(core));
  }

  get n(): number {
    return this.#n;
  }

  bytesUsed(): number {
    this.checkLive('store');
    return this.#chunks.reduce((sum, { block }) => sum + block.byteLength, this.#scan.bytesUsed());
  }

  append(fdes: Float32Array): void {
    this.checkLive('store');
    const { length } = this;
    checkFloat32('fdes', fdes);
    const m = Math.floor(fdes.length / length);
    checkLength('fdes', fdes.length, m * length, `a multiple of length = ${length}, e.g.`);
    checkInteger('slots', this.#n + m, 0, 0xffff_ffff);
    checkFinite('fdes', fdes, length);
    try {
      this.#makeRoom(this.#n + m);
      for (let first = 0; first < m; ) {
        const slot = this.#n + first;
        const inChunk = slot % this.#chunkSets;
        const count = Math.min(m - first, this.#chunkSets - inChunk, ENCODE_SETS);
        this.#encode(slot, fdes.subarray(first * length, (first + count) * length));
        first += count;
      }
    } catch (error) {
      this.truncate(this.#n);
      throw error;
    }
    this.#n += m;
  }

  replace(slot: number, fde: Float32Array): void {
    this.checkLive('store');
    checkInteger('slot', slot, 0, this.#n - 1);
    checkLength('fde', checkFloat32('fde', fde).length, this.length, 'length');
    checkFinite('fde', fde);
    this.#chunks[Math.floor(slot / this.#chunkSets)]?.block.beforeWrite();
    this.#encode(slot, fde);
  }

  search(query: Float32Array, count: number, allowed?: Uint32Array): FdeHits {
    this.checkLive('store');
    this.#setQuery(query);
    checkInteger('count', count, 0, 0xffff_ffff);
    if (allowed) checkLength('allowed', allowed.length, Math.ceil(this.#n / 32), `⌈n/32⌉ (n=${this.#n})`);
    const k = Math.min(count, this.#n);
    const { kernels } = this.core;
    return this.core.scope((scope) => {
      const out = scope.reserve(4 * this.#chunkSets);
      const scratch = scope.reserve(4 * this.#chunkSets);
      const heapScores = scope.reserve(4 * k);
      const heapSlots = scope.reserve(4 * k);
      const heapSize = scope.reserve(4);
      for (const [c, chunk] of this.#chunks.entries()) {
        const first = c * this.#chunkSets;
        const sets = Math.min(this.#chunkSets, this.#n - first);
        if (sets <= 0 || k === 0) break;
        const forbidden = allowed ? forbiddenSlots(allowed, first, sets) : undefined;
        if (forbidden?.length === sets) continue;
        out.f32(0, sets).fill(0);
        for (const segment of this.#scan.touched) {
          const factors = this.#codec.hasFactors ? chunk.factorsAt(segment) : NO_PTR;
          this.#scan.add(segment, chunk.codesAt(segment), factors, sets, scratch.at(), out.at());
        }
        const scales = this.#codec.hasScales ? chunk.scalesAt() : NO_PTR;
        kernels.finishScores(scales, sets, this.#scan.base, out.at());
        // a heap never takes NaN
        const scores = out.f32(0, sets);
        for (const at of forbidden ?? []) scores[at] = Number.NaN;
        kernels.topKPushF32(out.at(), NO_PTR, sets, first, k, heapScores.at(), heapSlots.at(), heapSize.at());
      }
      const size = heapSize.u32()[0] as number;
      kernels.topKSortF32(heapScores.at(), heapSlots.at(), size);
      return {
        slots: heapSlots.u32(0, size).slice(),
        scores: heapScores.f32(0, size).map((score) => -score),
      };
    });
  }

  scoreSlots(query: Float32Array, slots: Uint32Array): Float32Array {
    this.checkLive('store');
    this.#setQuery(query);
    for (const slot of slots) checkInteger('slot', slot, 0, this.#n - 1);
    const result = new Float32Array(slots.length);
    const { codeBytes, hasFactors, hasScales } = this.#codec;
    const { kernels } = this.core;
    const byChunk = new Map<number, number[]>();
    for (const [at, slot] of slots.entries()) {
      const c = Math.floor(slot / this.#chunkSets);
      const positions = byChunk.get(c);
      if (positions) positions.push(at);
      else byChunk.set(c, [at]);
    }
    this.core.scope((scope) => {
      const most = [...byChunk.values()].reduce((longest, { length }) => Math.max(longest, length), 0);
      const list = scope.reserve(4 * most);
      const codes = scope.reserve(most * codeBytes);
      const factors = scope.reserve(4 * most);
      const scratch = scope.reserve(4 * most);
      const out = scope.reserve(4 * most);
      for (const [c, positions] of byChunk) {
        const chunk = this.#chunks[c] as CodeChunk;
        const m = positions.length;
        list.u32(0, m).set(positions.map((at) => (slots[at] as number) - c * this.#chunkSets));
        out.f32(0, m).fill(0);
        for (const segment of this.#scan.touched) {
          kernels.gatherRows(chunk.codesAt(segment), codeBytes, list.at(), m, codes.at());
          if (hasFactors) kernels.gatherRows(chunk.factorsAt(segment), 4, list.at(), m, factors.at());
          this.#scan.add(segment, codes.at(), hasFactors ? factors.at() : NO_PTR, m, scratch.at(), out.at());
        }
        if (hasScales) kernels.gatherRows(chunk.scalesAt(), 4, list.at(), m, factors.at());
        kernels.finishScores(hasScales ? factors.at() : NO_PTR, m, this.#scan.base, out.at());
        const scores = out.f32(0, m);
        for (const [j, at] of positions.entries()) result[at] = -(scores[j] as number);
      }
    });
    return result;
  }

  compact(keep: Uint32Array): void {
    this.compaction(keep).commit();
  }

  compaction(keep: Uint32Array): Compaction {
    this.checkLive('store');
    for (const [i, slot] of keep.entries()) {
      checkInteger('keep', slot, i === 0 ? 0 : (keep[i - 1] as number) + 1, this.#n - 1);
    }
    const sets = this.#chunkSets;
    const moved = keep.findIndex((slot, i) => slot !== i);
    const chunks = Math.ceil(keep.length / sets);
    // chunks before the first document that moves stay as they are
    const first = moved < 0 ? chunks : Math.floor(moved / sets);
    // the last one may shrink
    for (const { block } of this.#chunks.slice(Math.max(0, Math.min(first, chunks - 1)), chunks))
      block.beforeWrite();
    return {
      commit: () => {
        // slots only move forward, so that nothing is overwritten before it has moved
        for (let c = first; c < chunks; c++) {
          let at = 0;
          for (const { chunk, places } of this.#places(keep.subarray(c * sets, (c + 1) * sets))) {
            (this.#chunks[c] as CodeChunk).take(at, chunk, places);
            at += places.length;
          }
        }
        this.truncate(keep.length);
      },
      [Symbol.dispose]: () => {},
    };
  }

  truncate(n: number): void {
    this.checkLive('store');
    this.#n = n;
    const chunks = Math.ceil(n / this.#chunkSets);
    for (const { block } of this.#chunks.splice(chunks)) block.dispose();
    const last = this.#chunks[chunks - 1];
    last?.shrink(CodeChunk.capacityFor(n - (chunks - 1) * this.#chunkSets, this.#chunkSets));
  }

  /** Ascending slots as places in chunk after chunk. */
  *#places(slots: Uint32Array): Iterable<{ chunk: CodeChunk; places: Uint32Array }> {
    for (let at = 0; at < slots.length; ) {
      const c = Math.floor((slots[at] as number) / this.#chunkSets);
      let end = at + 1;
      while (end < slots.length && (slots[end] as number) < (c + 1) * this.#chunkSets) end++;
      const places = slots.subarray(at, end).map((slot) => slot - c * this.#chunkSets);
      yield { chunk: this.#chunks[c] as CodeChunk, places };
      at = end;
    }
  }

  parameters(keep: Uint32Array = this.#all()): Uint8Array<ArrayBuffer> {
    this.checkLive('store');
    const writer = new ByteWriter();
    writer.u32(STORE_VERSION).u32(FDE_ENCODINGS.indexOf(this.encoding)).u32(this.length);
    writer.u32(this.blockLength).u32(keep.length);
    this.#codec.write(writer);
    return writer.finish();
  }

  /** Chunk by chunk of the store as it would be after compact(keep). */
  codePieces(keep: Uint32Array = this.#all()): SnapshotPiece[] {
    this.checkLive('store');
    const out: SnapshotPiece[] = [];
    for (let first = 0; first < keep.length; first += this.#chunkSets) {
      const parts = Array.from(
        this.#places(keep.subarray(first, first + this.#chunkSets)),
        ({ chunk, places }) => ({ chunk, runs: runsOf(places) }),
      );
      const [only] = parts;
      if (parts.length === 1 && only?.runs[1] === only?.chunk.capacity) {
        out.push((only as (typeof parts)[number]).chunk.whole());
        continue;
      }
      const regions = parts.map(({ chunk, runs }) => chunk.rows(runs));
      for (let region = 0; region < (regions[0]?.length ?? 0); region++) {
        for (const rows of regions) out.push(rows[region] as SnapshotPiece);
      }
    }
    return out;
  }

  #all(): Uint32Array {
    return Uint32Array.from({ length: this.#n }, (_, slot) => slot);
  }

  /** Takes over the bytes of codePieces for n documents; the store is empty before. Says what is wrong with them, if anything. */
  restore(n: number, bytes: Uint8Array): string | undefined {
    this.checkLive('store');
    this.#makeRoom(n);
    let at = 0;
    for (const [c, chunk] of this.#chunks.entries()) {
      const sets = Math.min(this.#chunkSets, n - c * this.#chunkSets);
      if (sets <= 0) break;
      const size = sets * this.bytesPerDocument;
      chunk.fill(bytes.subarray(at, at + size), sets);
      at += size;
      const defect = this.#defect(chunk, sets);
      if (defect !== undefined) return defect;
    }
    this.#n = n;
    return undefined;
  }

  #defect(chunk: CodeChunk, sets: number): string | undefined {
    const { segments, hasFactors, hasScales, reach } = this.#codec;
    const scales = hasScales && numbersDefect('scales', chunk.scales(0, sets), reach);
    if (scales) return scales;
    for (let s = 0; s < segments; s++) {
      const factors = hasFactors && numbersDefect('factors', chunk.factors(s, 0, sets), reach);
      if (factors) return factors;
      const defect = this.#codec.defect(chunk.codes(s, 0, sets));
      if (defect !== undefined) return defect;
    }
    return undefined;
  }

  #setQuery(query: Float32Array): void {
    checkLength('query', checkFloat32('query', query).length, this.length, 'length');
    checkFinite('query', query);
    this.#scan.setQuery(query);
  }

  /** Chunks for n documents in all. */
  #makeRoom(n: number): void {
    const chunks = Math.ceil(n / this.#chunkSets);
    for (let c = Math.max(0, this.#chunks.length - 1); c < chunks; c++) {
      const sets = Math.min(this.#chunkSets, n - c * this.#chunkSets);
      const capacity = CodeChunk.capacityFor(sets, this.#chunkSets);
      const present = this.#chunks[c];
      if (!present) this.#chunks.push(new CodeChunk(this.core, this.#codec, capacity));
      else if (present.capacity < capacity) {
        const held = Math.min(present.capacity, Math.max(0, this.#n - c * this.#chunkSets));
        this.#chunks[c] = present.grown(this.core, capacity, held);
      }
    }
  }

  #encode(slot: number, fdes: Float32Array): void {
    const chunk = this.#chunks[Math.floor(slot / this.#chunkSets)] as CodeChunk;
    const first = slot % this.#chunkSets;
    const sets = fdes.length / this.length;
    const target: CodeTarget = {
      codes: (segment) => ({
        ptr: chunk.codesAt(segment, first),
        bytes: chunk.codes(segment, first, sets),
      }),
      factors: (segment) => ({
        ptr: chunk.factorsAt(segment, first),
        values: chunk.factors(segment, first, sets),
      }),
      scales: () => chunk.scales(first, sets),
    };
    this.#codec.encode(this.core, fdes, target);
  }

  override dispose(): void {
    for (const { block } of this.#chunks.splice(0)) block.dispose();
    super.dispose();
  }
}

/** Positions in first … first + sets - 1 whose bits are not set. */
function forbiddenSlots(allowed: Uint32Array, first: number, sets: number): number[] {
  const out: number[] = [];
  for (let at = 0; at < sets; at++) {
    const slot = first + at;
    if (!hasSlot(allowed, slot)) out.push(at);
  }
  return out;
}
