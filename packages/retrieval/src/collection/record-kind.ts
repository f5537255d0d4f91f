/**
 * What a record is beside its id and metadata: a vector, or a set of tokens. A kind knows which indexes hold such records, how they are
 * written down and what makes a segment of them; everything else of a collection is the same for all kinds. V are the
 * values of several records at once, as a write has them; the values of one are a Float32Array.
 */
import type {
  ByteReader,
  Container,
  ContainerTable,
  Core,
  Metric,
  OptionTable,
  Section,
} from '@sagitta/core-wasm';
import type { ByteSource } from '../files/byte-source.ts';
import type { RecordId } from '../records/ids.ts';
import type { OpenPlan } from './options.ts';
import type { Part, SegmentFile, Tail } from './part.ts';
import type { Change, CollectionStore } from './store.ts';

/** Names what the records of a collection are. */
export type RecordKindName = 'vectors' | 'tokens';

/** Records with their values, in one order. */
export interface Rows<M> {
  readonly ids: RecordId[];
  readonly values: readonly Float32Array[];
  readonly metadata: (M | undefined)[];
}

/** Builds one segment beside this thread. */
export interface SegmentBuilder<M> {
  add(rows: Rows<M>): Promise<void>;
  /** Writes the file of the records that were added. */
  save(name: string, storage: string): Promise<void>;
  dispose(): Promise<void>;
}

/** What a builder is made from. */
export interface SegmentPlan<M> {
  /** Records that will be added, but for those that die meanwhile. */
  readonly n: number;
  /** Reads those of some places among them. */
  read(places: readonly number[]): Promise<Rows<M>>;
}

/** Sections of a damaged segment that are whole. */
export interface WholeSections {
  readonly source: ByteSource;
  readonly table: ContainerTable;
  has(id: string): boolean;
  /** A section that is small enough to be kept. */
  reader(id: string): ByteReader;
}

/** Reads values of rows of a segment whose codes are damaged. */
export type SavedValues = (first: number, count: number) => Promise<readonly Float32Array[]>;

export interface RecordKind<V> {
  readonly name: RecordKindName;
  readonly d: number;
  readonly metric: Metric;
  /** Records at which a segment is made of the tail, where nothing else is said. */
  readonly foldAt: number;
  /** Records that go to a builder, or are read, at once. */
  readonly chunk: number;
  /** Sections of a segment that its index can do without, and those that are kept when a damaged one is read. */
  readonly spare: readonly string[];
  readonly keptForSaving: readonly string[];
  join(values: readonly Float32Array[]): V;
  bytes(values: V): number;
  /** What a log entry has beside ids and metadata. */
  sections(values: V): Section[];
  /** Of n records. @throws FormatError */
  read(container: Container, n: number): V;
  /** An empty tail. before — the one before it, whose codes it may go on with. */
  tail<M>(core: Core, before?: Part<M>): Tail<M, V>;
  /** Reads the index of a segment's file, which stays the caller's. @throws FormatError, CapacityError */
  segment<M>(core: Core, file: SegmentFile): Promise<Part<M>>;
  startBuilder<M>(store: CollectionStore, plan: SegmentPlan<M>): Promise<SegmentBuilder<M>>;
  /** Reads what is kept beside segments and log, if anything. @throws FormatError naming it */
  check?(store: CollectionStore): Promise<void>;
  /** What is left of the values of a segment of which sections are damaged; undefined where that is nothing. */
  saved(core: Core, whole: WholeSections, n: number): SavedValues | undefined;
}

/** Makes kinds: of what options say, and of what is written down. */
export interface RecordKinds<V> {
  readonly name: RecordKindName;
  /** Options of its indexes. */
  readonly options: OptionTable<object>;
  /** For a new collection, of which nothing is made yet; saved — what is written down in the manifest; changes — what beside it. @throws TypeError, RangeError */
  fresh(
    plan: OpenPlan,
    core: Core,
  ): {
    readonly saved: OpenPlan['index'];
    readonly changes: readonly Change[];
  };
  /** For one that is there. @throws RangeError where an option is given that differs; FormatError */
  known(store: CollectionStore, saved: OpenPlan['index'], plan: OpenPlan): Promise<RecordKind<V>>;
}
