/**
 * Records that are sets of tokens, in MultiVectorIndexes. Of a segment FDEs, ids and metadata are in memory; tokens stay in its file,
 * as codes, and are read as searches want them. There is no float32 copy: an int8 code that is coded again is the same code,
 * its factor such that the token has length 1.
 */
import {
  type Container,
  type Core,
  FormatError,
  joinTokenSets,
  littleEndianBytes,
  RandomStream,
  type Section,
  type TokenSet,
} from '@sagitta/core-wasm';
import { sampleIndices } from '@sagitta/quantizers/training';
import { readTokenParameters, type TokenParameters } from '../maxsim/create-token-store.ts';
import { createMultiVectorIndex, type MultiVectorOptions } from '../multi-vector-index/build.ts';
import type { FdeIndexMethod } from '../multi-vector-index/fde-index-options.ts';
import type { MultiVectorIndex } from '../multi-vector-index/multi-vector-index.ts';
import {
  openMultiVectorIndex,
  type PagedMultiVectorIndex,
  startsOf,
} from '../multi-vector-index/paged-multi-vector-index.ts';
import type { FdeEncoder, FdeEncoding } from '../muvera/index.ts';
import { MultiVectorClient } from '../remote/multi-vector-client.ts';
import { ENCODER, readEncoder } from './format.ts';
import { Part, type SegmentFile } from './part.ts';
import type {
  RecordKind,
  Rows,
  SavedValues,
  SegmentBuilder,
  SegmentPlan,
  WholeSections,
} from './record-kind.ts';
import type { CollectionStore } from './store.ts';

const FOLD_AT = 1024;
/** Bytes of tokens in a tail at which it is folded, however few documents it has. */
const FOLD_BYTES = 1 << 26;
/** Documents that go to a builder, or are read, at once. */
const CHUNK = 16;
/** Documents, and bytes of their tokens, that FDE codes are trained on, at most. */
const SAMPLE = 2048;
const SAMPLE_BYTES = 1 << 26;
/** Documents from which codes learn from enough of them, and a graph is worth its edges. */
const LEARNED_FROM = 4096;

/** Says how documents are held, with all defaults, as the manifest does. */
export interface TokenPlan
  extends Pick<
    MultiVectorOptions,
    | 'fdeBits'
    | 'tokenBits'
    | 'finerFdeEncoding'
    | 'finerTokenEncoding'
    | 'degree'
    | 'efConstruction'
    | 'indexed'
  > {
  readonly d: number;
  readonly metric: 'ip' | 'cosine';
  readonly fdeEncoding: FdeEncoding;
  readonly tokenEncoding: NonNullable<MultiVectorOptions['tokenEncoding']>;
  readonly fdeIndex: 'scan' | 'graph';
  readonly seed: number;
}

/** A tail: float32 tokens, and FDEs of which nothing is learned. */
export class TokenTail<M> extends Part<M> {
  readonly isTrained = false;
  readonly index: MultiVectorIndex<M>;

  constructor(index: MultiVectorIndex<M>) {
    super();
    this.index = index;
  }

  get weight(): number {
    return this.index.bytes().tokens;
  }
  fill(foldAt: number): number {
    return Math.max(this.n / foldAt, this.weight / FOLD_BYTES);
  }
  canDoWithout(): boolean {
    return true;
  }
  async values(slots: Uint32Array): Promise<readonly Float32Array[]> {
    return Array.from(slots, (slot) => this.index.decode(slot));
  }
}

/** A segment, whose tokens are in its file. */
export class TokenSegment<M> extends Part<M> {
  readonly isTrained = true;
  readonly index: PagedMultiVectorIndex<M>;
  readonly #bytes: number;
  readonly #hasFiner: boolean;

  constructor(index: PagedMultiVectorIndex<M>, file: SegmentFile) {
    super(file);
    this.index = index;
    this.#bytes = file.source.size;
    this.#hasFiner = file.table.sections.some(({ id }) => id === 'TK2C');
  }

  get weight(): number {
    return this.#bytes * (this.n / this.slots);
  }
  fill(foldAt: number): number {
    return this.n / foldAt;
  }
  canDoWithout(sections: readonly string[]): boolean {
    return !sections.includes('TOKC') || (this.#hasFiner && !sections.includes('TK2C'));
  }
  values(slots: Uint32Array): Promise<readonly Float32Array[]> {
    return this.using(() => this.index.decode(slots, !this.damaged.includes('TK2C')));
  }
}

export class TokenKind implements RecordKind<TokenSet> {
  readonly name = 'tokens';
  readonly foldAt: number = FOLD_AT;
  readonly chunk: number = CHUNK;
  readonly spare: readonly string[] = [];
  readonly keptForSaving: readonly string[] = ['TOKP', 'TK2P'];
  readonly plan: TokenPlan;
  readonly #encoder: FdeEncoder;
  readonly #indexes: FdeIndexMethod | undefined;

  constructor(plan: TokenPlan, encoder: FdeEncoder, indexes: FdeIndexMethod | undefined) {
    this.plan = plan;
    this.#encoder = encoder;
    this.#indexes = indexes;
  }

  get d(): number {
    return this.plan.d;
  }
  get metric(): TokenPlan['metric'] {
    return this.plan.metric;
  }

  join(values: readonly Float32Array[]): TokenSet {
    return joinTokenSets(values, this.d);
  }

  bytes({ data }: TokenSet): number {
    return data.byteLength;
  }

  sections({ data, offsets, n }: TokenSet): Section[] {
    const lengths = Uint32Array.from(
      { length: n },
      (_, i) => (offsets[i + 1] as number) - (offsets[i] as number),
    );
    return [
      { id: 'LENS', pieces: [littleEndianBytes(lengths)] },
      { id: 'VECS', pieces: [littleEndianBytes(data)] },
    ];
  }

  read(container: Container, n: number): TokenSet {
    const lengths = container.reader('LENS');
    const offsets = startsOf(lengths.u32Array(n));
    lengths.end();
    const tokens = offsets[n] as number;
    const reader = container.reader('VECS');
    const data = reader.rows('tokens', tokens, this.d);
    reader.end();
    return { data, offsets: Uint32Array.from(offsets), n, d: this.d };
  }

  tail<M>(core: Core): TokenTail<M> {
    const { d, metric, fdeEncoding, indexed } = this.plan;
    return new TokenTail(
      createMultiVectorIndex<M>(core, {
        d,
        metric,
        encoder: this.#encoder,
        fdeEncoding: fdeEncoding === 'float32' ? 'float32' : 'int8',
        tokenEncoding: 'float32',
        compactAt: 1,
        ...(indexed && { indexed }),
      }),
    );
  }

  async segment<M>(core: Core, file: SegmentFile): Promise<TokenSegment<M>> {
    const { source } = file;
    // without its close: the file is the part's
    const borrowed = {
      size: source.size,
      read: (offset: number, length: number, signal?: AbortSignal) => source.read(offset, length, signal),
    };
    const indexes = this.#indexes && { indexes: this.#indexes };
    const index = await openMultiVectorIndex<M>(core, borrowed, { ...indexes });
    if (index.parameterHash === this.#encoder.parameterHash) return new TokenSegment(index, file);
    const { parameterHash } = index;
    index.dispose();
    throw new FormatError(
      `expected FDEs of parameters ${this.#encoder.parameterHash}, got ones of ${parameterHash}`,
    );
  }

  async startBuilder<M>(store: CollectionStore, plan: SegmentPlan<M>): Promise<SegmentBuilder<M>> {
    const sample = await this.#sample(plan);
    const client = new MultiVectorClient<M>(await store.startBuilder());
    try {
      await client.train(sample, this.#segmentOptions(plan.n));
      return {
        add: async ({ ids, values, metadata }: Rows<M>) => {
          await client.add({ ids, tokens: this.join(values), metadata });
        },
        save: async (name, storage) => {
          await client.save(name, { storage });
        },
        dispose: () => client.dispose(),
      };
    } catch (error) {
      await client.dispose();
      throw error;
    }
  }

  /** Some documents, spread over all. */
  async #sample<M>({ n, read }: SegmentPlan<M>): Promise<TokenSet> {
    const stream = new RandomStream(this.plan.seed, 'collection/sample');
    const places = sampleIndices(n, Math.min(n, SAMPLE), stream);
    const sample: Float32Array[] = [];
    let bytes = 0;
    for (let first = 0; first < places.length && bytes < SAMPLE_BYTES; first += CHUNK) {
      const { values } = await read(Array.from(places.subarray(first, first + CHUNK)));
      for (const tokens of values) {
        sample.push(tokens);
        bytes += tokens.byteLength;
      }
    }
    return this.join(sample);
  }

  #segmentOptions(n: number): Omit<MultiVectorOptions, 'clock' | 'indexes'> {
    const { d: _, fdeIndex, fdeEncoding, finerFdeEncoding, degree, efConstruction, ...options } = this.plan;
    const isSmall = n < LEARNED_FROM;
    const learned = (encoding: FdeEncoding): FdeEncoding =>
      isSmall && encoding === 'pq256x8' ? 'int8' : encoding;
    const graph = {
      fdeIndex,
      ...(degree !== undefined && { degree }),
      ...(efConstruction !== undefined && { efConstruction }),
    };
    return {
      ...options,
      encoder: this.#encoder,
      compactAt: 1,
      fdeEncoding: learned(fdeEncoding),
      ...(finerFdeEncoding && { finerFdeEncoding: learned(finerFdeEncoding) }),
      ...(fdeIndex === 'graph' && !isSmall && graph),
    };
  }

  async check(store: CollectionStore): Promise<void> {
    await keptEncoder(store);
  }

  saved(core: Core, { source, table, has, reader }: WholeSections): SavedValues | undefined {
    const name = ['TK2', 'TOK'].find((one) => has(`${one}P`) && has(`${one}C`));
    const codes = name && table.sections.find(({ id }) => id === `${name}C`);
    if (!codes) return undefined;
    let parameters: TokenParameters;
    try {
      parameters = readTokenParameters(reader(`${name}P`));
    } catch {
      return undefined;
    }
    const { lengths, rowBytes } = parameters;
    const starts = startsOf(lengths);
    return async (first, count) => {
      const at = starts[first] as number;
      const bytes = rowBytes * ((starts[first + count] as number) - at);
      const offset = codes.offset + rowBytes * at;
      const read = await source.read(offset, bytes);
      using tokens = parameters.load(core, lengths.slice(first, first + count), read, offset);
      return Array.from({ length: count }, (_, i) => tokens.decode(i));
    };
  }
}

/** @throws FormatError naming it where it is damaged or gone */
export async function keptEncoder(store: CollectionStore): Promise<FdeEncoder> {
  const [[entry] = []] = await store.read([{ from: ENCODER, to: `${ENCODER}0` }]);
  return readEncoder(`${store.name}/${ENCODER}`, entry?.value ?? new Uint8Array(0));
}
