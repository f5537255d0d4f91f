/**
 * FDEs as SAQ codes in lists by nearest centroid, or in a neighbour graph: what finds documents where there are so many
 * that a scan of all codes takes too long. It is an index of rows whose row numbers are slots, of inner products.
 */
import { type Core, checkInteger, Owner } from '@sagitta/core-wasm';
import type { Compaction } from '../columns/compaction.ts';
import type { SavedSection } from '../columns/slot-index.ts';
import { liveSection } from '../files/live-rows.ts';
import { nameInside } from '../files/program.ts';
import { rowSections } from '../ivf/format.ts';
import type { IvfIndex } from '../ivf/ivf-index.ts';
import type { FdeHits } from '../muvera/fde-store.ts';
import { MAX_K } from '../search/search-result.ts';
import type { AllowedRows } from '../search/slot-set.ts';

/** Lists how documents may be found by their FDEs. */
export const FDE_INDEXES = ['scan', 'lists', 'graph'] as const;
/** scan: every code is read; lists: those of the nearest lists; graph: those that a walk from neighbour to neighbour meets. */
export type FdeIndexKind = (typeof FDE_INDEXES)[number];

/** How far a search goes. */
export interface FdeRoute {
  readonly nprobe: number;
  readonly ef: number | undefined;
}

export interface FdeFound extends FdeHits {
  readonly lists: number;
  /** Codes that were read, those of blocks of 32 all. */
  readonly scanned: number;
}

export const DEFAULT_NPROBE = 16;

/** Bit set of the rows that stay. */
export const LIVE = 'XLIV';
/** Of the row files that an FdeIndex may be. */
export const ROW_SECTIONS: readonly string[] = [
  'META',
  'CENT',
  'SIZE',
  'IDS',
  'CODE',
  'SAQM',
  'GRPH',
  'EDGE',
  'HEAD',
  'TAIL',
];
/** Every section of an FdeIndex. */
export const FDE_INDEX_SECTIONS: readonly string[] = [...ROW_SECTIONS.map(nameInside), LIVE];

export class FdeIndex extends Owner {
  readonly rows: IvfIndex;
  #staged = 0;

  /** rows — of inner products; the index's from now on. */
  constructor(core: Core, rows: IvfIndex) {
    super(core);
    this.rows = this.own(() => rows);
  }

  get length(): number {
    return this.rows.d;
  }
  /** Slots, those that publish() will count with them. */
  get n(): number {
    return this.rows.n + this.#staged;
  }
  /** Code and factors of a document, in a graph with its edges. */
  get bytesPerDocument(): number {
    return this.rows.kind === 'graph' ? this.rows.bytesPerVector : this.rows.codeBytesPerVector;
  }
  bytesUsed(): number {
    return this.rows.bytesUsed().codes;
  }

  /** The next slots, by their FDEs (m × length); found from publish() on. @throws CapacityError */
  append(fdes: Float32Array): void {
    this.rows.stage(fdes);
    this.#staged += fdes.length / this.length;
  }
  /** Cannot fail. */
  publish(): void {
    this.rows.publish();
    this.#staged = 0;
  }
  /** Takes away what was appended and not published; n: the slots there were before. */
  truncate(n: number): void {
    checkInteger('n', n, this.rows.n, this.rows.n);
    this.rows.withdraw();
    this.#staged = 0;
  }
  compaction(keep: Uint32Array): Compaction {
    return this.rows.compaction(keep);
  }
  releaseEncoders(): void {
    this.rows.releaseEncoders();
  }

  /** The best slots of those allowed that a search meets, at most `count`. */
  search(
    query: Float32Array,
    count: number,
    allowed?: AllowedRows,
    { nprobe, ef }: FdeRoute = { nprobe: DEFAULT_NPROBE, ef: undefined },
  ): FdeFound {
    this.checkLive('index');
    const { ids, scores, statistics } = this.rows.search(query, Math.min(count, MAX_K), {
      nprobe,
      statistics: true,
      ...(ef !== undefined && { ef }),
      ...(allowed && { allowed }),
    });
    const { lists = 0, blocks = 0, graph: walked } = statistics ?? {};
    const scanned = walked ? walked.scored : Math.min(allowed?.count ?? this.rows.n, 32 * blocks);
    return { slots: ids, scores, lists: walked ? 0 : lists, scanned };
  }

  /** What a file has of it: the sections of an index of rows under names of their own, and which rows stay. */
  sections(keep: Uint32Array): SavedSection[] {
    const named = rowSections(this.rows).map(({ id, pieces }) => ({ id: nameInside(id), pieces }));
    return [...named, ...liveSection(LIVE, keep, this.rows.n)];
  }
}
