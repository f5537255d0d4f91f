/** Records that are vectors, in VectorIndexes; float32 vectors, where they are kept, stay in the files of segments. */
import { ByteReader, type Container, type Core, littleEndianBytes, type Section } from '@sagitta/core-wasm';
import { readRanges } from '../files/byte-source.ts';
import { VectorClient } from '../remote/vector-client.ts';
import { createAlike, createVectorIndex } from '../vector-index/create.ts';
import { loadWithoutVectors } from '../vector-index/load.ts';
import type { VectorIndexOptions, VectorPlan } from '../vector-index/options.ts';
import type { VectorIndex } from '../vector-index/vector-index.ts';
import { Part, type SegmentFile } from './part.ts';
import type { RecordKind, SavedValues, SegmentBuilder, WholeSections } from './record-kind.ts';
import type { CollectionStore } from './store.ts';

/** Vectors that lie so near to one another in a file are read at once. */
const GAP_BYTES = 1 << 14;
/** Bytes of vectors in one message: a few hundred records, which hold up this thread for a millisecond or two. */
const CHUNK_BYTES = 1 << 19;
const FOLD_AT = 16_384;

const TAIL = {
  quantizer: 'lvq',
  bits: 8,
  index: 'flat',
  keepVectors: true,
  trainAt: 2048,
  compactAt: 1,
} as const;

export class VectorPart<M> extends Part<M> {
  readonly index: VectorIndex<M>;

  constructor(index: VectorIndex<M>, file?: SegmentFile) {
    super(file);
    this.index = index;
  }

  get isTrained(): boolean {
    return this.index.isTrained;
  }
  get weight(): number {
    return 4 * this.index.d * this.n;
  }
  fill(foldAt: number): number {
    return this.n / foldAt;
  }

  /** Codes are in memory. */
  canDoWithout(): boolean {
    return true;
  }

  async values(slots: Uint32Array): Promise<readonly Float32Array[]> {
    const kept = this.file?.table.sections.find(({ id }) => id === 'VECS');
    if (!this.file || !kept || this.damaged.includes('VECS')) {
      return rowsOf(this.index.rows.vectors(slots), this.index.d);
    }
    const { source } = this.file;
    const rowBytes = 4 * this.index.d;
    const ranges = Array.from(slots, (slot) => ({ offset: kept.offset + slot * rowBytes, length: rowBytes }));
    const { parts } = await this.using(() => readRanges(source, ranges, { gapBytes: GAP_BYTES }));
    return parts.map((bytes) => floats(bytes, this.index.d));
  }
}

export class VectorKind implements RecordKind<Float32Array> {
  readonly name = 'vectors';
  readonly foldAt: number = FOLD_AT;
  readonly spare: readonly string[] = ['VECS'];
  readonly keptForSaving: readonly string[] = [];
  readonly plan: VectorPlan;

  constructor(plan: VectorPlan) {
    this.plan = plan;
  }

  get d(): number {
    return this.plan.d;
  }
  get metric(): VectorPlan['metric'] {
    return this.plan.metric;
  }
  get chunk(): number {
    return Math.max(1, Math.floor(CHUNK_BYTES / (4 * this.d)));
  }

  join(values: readonly Float32Array[]): Float32Array {
    const joined = new Float32Array(values.length * this.d);
    for (const [i, row] of values.entries()) joined.set(row, i * this.d);
    return joined;
  }

  bytes(values: Float32Array): number {
    return values.byteLength;
  }

  sections(values: Float32Array): Section[] {
    return [{ id: 'VECS', pieces: [littleEndianBytes(values)] }];
  }

  read(container: Container, n: number): Float32Array {
    const reader = container.reader('VECS');
    const vectors = reader.rows('vectors', n, this.d);
    reader.end();
    return vectors;
  }

  /**
   * Up to 2,048 records are float32; then they are LVQ codes of 8 bits, with float32 in memory beside them. To add a record
   * takes 12 microseconds of 384 dimensions, which is what float32 takes; a search of 16,384 takes .4 ms instead of 2.8
   * (SAQ of 4 bits: 44 microseconds and .2 ms; 2026-11-28).
   */
  tail<M>(core: Core, before?: Part<M>): VectorPart<M> {
    if (before instanceof VectorPart && before.isTrained) return new VectorPart(createAlike(before.index));
    const { d, metric, indexed } = this.plan;
    return new VectorPart(createVectorIndex<M>(core, { d, metric, indexed, ...TAIL }));
  }

  async segment<M>(core: Core, file: SegmentFile): Promise<VectorPart<M>> {
    return new VectorPart(await loadWithoutVectors<M>(core, file.source), file);
  }

  async startBuilder<M>(store: CollectionStore): Promise<SegmentBuilder<M>> {
    const client = new VectorClient<M>(await store.startBuilder());
    try {
      const { trainAt, ...options } = this.plan;
      const never = { trainAt: Number.POSITIVE_INFINITY, compactAt: 1 };
      await client.create({ ...options, ...never } as VectorIndexOptions);
      let added = 0;
      return {
        add: async ({ ids, values, metadata }) => {
          added += ids.length;
          await client.add({ ids, vectors: this.join(values), metadata });
        },
        save: async (name, storage) => {
          if (added >= trainAt) await client.train();
          await client.save(name, { storage });
        },
        dispose: () => client.dispose(),
      };
    } catch (error) {
      await client.dispose();
      throw error;
    }
  }

  saved(_core: Core, { table, source, has }: WholeSections): SavedValues | undefined {
    const kept = has('VECS') ? table.sections.find(({ id }) => id === 'VECS') : undefined;
    if (!kept) return undefined;
    const rowBytes = 4 * this.d;
    return async (first, count) => {
      const bytes = await source.read(kept.offset + rowBytes * first, rowBytes * count);
      return rowsOf(floats(bytes, count * this.d), this.d);
    };
  }
}

function rowsOf(vectors: Float32Array, d: number): Float32Array[] {
  return Array.from({ length: vectors.length / d }, (_, i) => vectors.subarray(i * d, (i + 1) * d));
}

/** Words of a file, in the order of this machine. */
function floats(bytes: Uint8Array, length: number): Float32Array {
  return new ByteReader(bytes).f32Array('vectors', length);
}
