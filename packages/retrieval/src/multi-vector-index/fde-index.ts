/**
 * FDEs as SAQ codes in lists by nearest centroid, or in a neighbour graph: what finds documents where there are so many
 * that a scan of all codes takes too long. It is an index of rows whose row numbers are slots, of inner products.
 */
import { type Core, checkInteger, FormatError, making, Owner } from '@sagitta/core-wasm';
import { saq } from '@sagitta/quantizers';
import type { Compaction } from '../columns/compaction.ts';
import type { SavedSection } from '../columns/slot-index.ts';
import { openerOf } from '../files/index-head.ts';
import { liveSection, readLive } from '../files/live-rows.ts';
import { inside, nameInside, type Program, reading, type SectionTable } from '../files/program.ts';
import { readRows } from '../files/read-index.ts';
import { graph } from '../graph/graph-method.ts';
import { trainChecked } from '../ivf/build-index.ts';
import { INDEX_KIND, INDEX_VERSION, rowSections } from '../ivf/format.ts';
import type { IvfIndex } from '../ivf/ivf-index.ts';
import type { FdeHits } from '../muvera/fde-store.ts';
import { MAX_K } from '../search/search-result.ts';
import { type AllowedRows, listSlots } from '../search/slot-set.ts';

/** Lists how documents may be found by their FDEs. */
export const FDE_INDEXES = ['scan', 'lists', 'graph'] as const;
/** scan: every code is read; lists: those of the nearest lists; graph: those that a walk from neighbour to neighbour meets. */
export type FdeIndexKind = (typeof FDE_INDEXES)[number];

export interface FdeIndexOptions {
  readonly kind: Exclude<FdeIndexKind, 'scan'>;
  /** Code bits a number. */
  readonly bits: number;
  /** lists: how many. */
  readonly nlist: number;
  /** graph: edges of a document, and width of the search for them. */
  readonly degree?: number | undefined;
  readonly efConstruction?: number | undefined;
  readonly seed: number;
}

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

export class FdeIndex extends Owner {
  readonly rows: IvfIndex;
  #staged = 0;

  /** rows — of inner products; the index's from now on. */
  constructor(core: Core, rows: IvfIndex) {
    super(core);
    this.rows = this.own(() => rows);
  }

  get kind(): 'lists' | 'graph' {
    return this.rows.codes.kind;
  }
  get length(): number {
    return this.rows.d;
  }
  get bytesPerDocument(): number {
    return this.rows.bytesPerVector;
  }
  /** Slots, those that publish() will count with them. */
  get n(): number {
    return this.rows.n + this.#staged;
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
    allowed: AllowedRows | undefined,
    { nprobe, ef }: FdeRoute,
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

/** Bit set of the rows that stay. */
const LIVE = 'XLIV';
/** Of the row files that an FdeIndex may be. */
const SECTIONS = ['META', 'CENT', 'SIZE', 'IDS', 'CODE', 'SAQM', 'GRPH', 'EDGE', 'HEAD', 'TAIL'];
/** Every section of an FdeIndex. */
export const FDE_INDEX_SECTIONS: readonly string[] = [...SECTIONS.map(nameInside), LIVE];

/** An empty index, trained on FDEs (m × length). @throws RangeError on too few of them */
export function trainFdeIndex(
  core: Core,
  sample: Float32Array,
  length: number,
  options: FdeIndexOptions,
): FdeIndex {
  const { kind, bits, nlist, degree, efConstruction, seed } = options;
  const edges = {
    ...(degree !== undefined && { degree }),
    ...(efConstruction !== undefined && { efConstruction }),
  };
  const common = { metric: 'ip', quantizer: saq({ bits }), seed } as const;
  const method = kind === 'graph' ? { ...common, graph: graph(edges) } : { ...common, nlist };
  return making((own) => {
    const rows = own(trainChecked(core, { data: sample, d: length }, method, 'sample'));
    return new FdeIndex(core, rows);
  });
}

/** Reads what sections() wrote; rows that do not stay are gone. */
export function* readFdeIndex(core: Core, table: SectionTable, length: number): Program<FdeIndex> {
  const own = table.inside({ kind: INDEX_KIND, version: INDEX_VERSION }, SECTIONS);
  return yield* reading(function* (keep): Program<FdeIndex> {
    const rows = keep(yield* inside(readRows(core, own, { open: openerOf([saq]), graph })));
    if (rows.d !== length || rows.metric !== 'ip' || rows.keepsVectors) {
      throw new FormatError(
        `the index of FDEs expected codes of inner products of ${length} numbers, got ${rows.metric} of ${rows.d}`,
        32,
      );
    }
    const live = readLive(table.has(LIVE) ? yield { section: LIVE } : undefined, rows.n);
    const stay = listSlots(live);
    if (stay.length < rows.n) rows.compaction(stay).commit();
    return new FdeIndex(core, rows);
  });
}
