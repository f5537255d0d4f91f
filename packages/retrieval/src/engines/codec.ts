/**
 * What makes multi-vector search possible in an engine that finds single vectors: of a document one vector, its FDE, and its
 * tokens as bytes that the engine keeps beside it; of what the engine finds the order by MaxSim.
 */
import {
  ByteReader,
  ByteWriter,
  type Core,
  checkCore,
  checkInteger,
  checkOneOf,
  checkOptions,
  FormatError,
  normalizeRows,
  type OptionTable,
  Owner,
  readContainer,
  type TokenSetInput,
  type Vectors,
  writeContainer,
} from '@sagitta/core-wasm';
import { joinBytes } from '../files/join-bytes.ts';
import { createTokenStore, readTokenParameters, type TokenParameters } from '../maxsim/create-token-store.ts';
import {
  TOKEN_METRICS,
  type TokenEncoding,
  type TokenMetric,
  type TokenStore,
} from '../maxsim/token-store.ts';
import { checkDocumentTokens } from '../multi-vector-index/documents.ts';
import { checkQuery, type MultiVectorQuery } from '../multi-vector-index/query.ts';
import { type FdeEncoder, type FdeSession, readFdeEncoder, writeFdeEncoder } from '../muvera/index.ts';
import { bestPositions } from '../search/best-positions.ts';

/** Says how documents are coded for an engine. */
export interface MultiVectorCodecOptions {
  /** Makes the vector that the engine searches by; its length has to be within what the engine takes (ENGINES). */
  readonly encoder: FdeEncoder;
  /** 'cosine' (default) scales tokens to length 1; 'ip' takes them as they are. */
  readonly metric?: TokenMetric;
  /** How tokens are kept. Default 'int8': d + 4 bytes a token. */
  readonly tokenEncoding?: TokenEncoding;
  /** Code bits a dimension of 'saq' and 'rabitq' tokens. Default 4. */
  readonly tokenBits?: number;
  /** Of rotations of codes. Default 1. */
  readonly seed?: number;
}

/** Documents as an engine takes them. */
export interface CodedDocuments {
  /** n × length, the vectors to search by: larger inner products are better. A document without tokens has zeros. */
  readonly fdes: Float32Array;
  /** Of each document the codes of its tokens. */
  readonly codes: readonly Uint8Array[];
}

/** A candidate that an engine found, with the codes that it keeps. */
export interface CodedCandidate {
  readonly codes: Uint8Array;
}

const OPTIONS: OptionTable<MultiVectorCodecOptions> = {
  encoder: 'any',
  metric: 'string',
  tokenEncoding: 'string',
  tokenBits: 'number',
  seed: 'number',
};
const KIND = 'MVCODEC';
const VERSION = 1;

/**
 * Codes documents and queries for an engine of single vectors, and ranks what it finds. Whoever writes and whoever reads need the same
 * one: save and load it.
 * @example
 * using codec = new MultiVectorCodec(core, { encoder: new MuveraFde(muveraPreset(2560, 128)) });
 * const { fdes, codes } = codec.encode(documents);      // rows of your table
 * const found = await engine.nearest(codec.encodeQuery(query), 100);
 * codec.rerank(query, found, 10);                       // found rows, with their MaxSim
 */
export class MultiVectorCodec extends Owner {
  readonly encoder: FdeEncoder;
  readonly metric: TokenMetric;
  readonly #session: FdeSession;
  readonly #parameters: TokenParameters;
  readonly #written: Uint8Array;
  readonly #empty: TokenStore;

  /** @throws TypeError, RangeError on options; CapacityError where memory ends */
  constructor(core: Core, options: MultiVectorCodecOptions) {
    checkCore(core);
    checkOptions('options', options, OPTIONS);
    super(core);
    const { encoder, tokenEncoding = 'int8', tokenBits, seed = 1 } = options;
    this.encoder = encoder;
    this.metric = checkOneOf('metric', options.metric ?? 'cosine', TOKEN_METRICS);
    this.#session = this.own(() => encoder.createSession(core));
    this.#empty = this.own(() =>
      createTokenStore(core, {
        encoding: tokenEncoding,
        d: encoder.d,
        metric: this.metric,
        seed,
        ...(tokenBits !== undefined && { bits: tokenBits }),
      }),
    );
    this.#written = this.#empty.parameters();
    this.#parameters = readTokenParameters(new ByteReader(this.#written));
  }

  /** Numbers of a token. */
  get d(): number {
    return this.encoder.d;
  }
  /** Numbers of the vector that an engine searches by. */
  get length(): number {
    return this.encoder.length;
  }
  /** Bytes of the codes of a token. */
  get bytesPerToken(): number {
    return this.#parameters.rowBytes;
  }

  /** Codes documents. @throws TypeError, RangeError on tokens of another d, with NaN or, for 'cosine', of length 0 */
  encode(documents: TokenSetInput): CodedDocuments {
    this.checkLive('codec');
    const set = checkDocumentTokens(documents, this.d, this.metric);
    const fdes = new Float32Array(set.n * this.length);
    const rows = this.metric === 'cosine' ? { ...set, data: normalizeRows(set.data, set.d) } : set;
    this.#session.encodeDocuments(rows, fdes);
    const store = this.#empty;
    try {
      store.append(set);
      return { fdes, codes: Array.from({ length: set.n }, (_, slot) => store.codesOf(slot)) };
    } finally {
      store.truncate(0);
    }
  }

  /** The vector of a query, to search by inner product. @throws RangeError without tokens, and as search of an index does */
  encodeQuery(query: Vectors | MultiVectorQuery): Float32Array {
    this.checkLive('codec');
    const { tokens } = checkQuery(query, this.d, this.metric);
    if (tokens.n === 0) throw new RangeError('"query.tokens" expected at least one token, got none');
    return this.#session.encodeQuery(tokens.data, tokens.weights);
  }

  /**
   * The k best candidates by MaxSim, with their similarity, best first; ties in the order they came. Those without tokens are left out.
   * @throws FormatError on codes that this codec did not write, RangeError as encodeQuery does
   */
  rerank<C extends CodedCandidate>(
    query: Vectors | MultiVectorQuery,
    candidates: readonly C[],
    k: number,
  ): (C & { readonly similarity: number })[] {
    this.checkLive('codec');
    checkInteger('k', k, 1, 2 ** 31);
    const { tokens } = checkQuery(query, this.d, this.metric);
    if (tokens.n === 0) throw new RangeError('"query.tokens" expected at least one token, got none');
    const some = candidates.filter(({ codes }, i) => this.#tokensOf(codes, i) > 0);
    if (some.length === 0) return [];
    const lengths = Uint32Array.from(some, ({ codes }) => codes.length / this.bytesPerToken);
    const all = joinBytes(some.map(({ codes }) => codes));
    using store = this.#parameters.load(this.core, lengths, all, 0);
    const scores = store.scores(tokens, Uint32Array.from(some.keys()));
    return Array.from(bestPositions(scores, Math.min(k, some.length)), (place) => ({
      ...(some[place] as C),
      similarity: scores[place] as number,
    }));
  }

  #tokensOf(codes: unknown, i: number): number {
    const { bytesPerToken } = this;
    if (!(codes instanceof Uint8Array)) {
      throw new TypeError(`"candidates[${i}].codes" expected a Uint8Array, got ${typeof codes}`);
    }
    if (codes.length % bytesPerToken === 0) return codes.length / bytesPerToken;
    throw new FormatError(
      `"candidates[${i}].codes" expected tokens of ${bytesPerToken} bytes, got ${codes.length} bytes`,
    );
  }

  /** The codec as bytes, for loadMultiVectorCodec wherever queries come from. */
  save(): Uint8Array<ArrayBuffer> {
    this.checkLive('codec');
    return writeContainer({
      kind: KIND,
      version: VERSION,
      sections: [
        { id: 'META', pieces: [new ByteWriter().u32(TOKEN_METRICS.indexOf(this.metric)).finish()] },
        { id: 'FDEN', pieces: [writeFdeEncoder(this.encoder)] },
        { id: 'TOKP', pieces: [this.#written] },
      ],
    });
  }
}

/** The codec that save wrote. @throws FormatError on anything else */
export function loadMultiVectorCodec(core: Core, bytes: Uint8Array): MultiVectorCodec {
  checkCore(core);
  const container = readContainer(bytes);
  const { kind, version } = container;
  if (kind !== KIND || version !== VERSION) {
    throw new FormatError(`expected kind ${KIND}, version ${VERSION}, got ${kind}, version ${version}`, 6);
  }
  const meta = container.reader('META');
  const metric = TOKEN_METRICS[meta.u32In('metric', 0, TOKEN_METRICS.length - 1)] as TokenMetric;
  meta.end();
  const fden = container.reader('FDEN');
  const encoder = readFdeEncoder(fden);
  fden.end();
  const tokp = container.reader('TOKP');
  const tokens = readTokenParameters(tokp);
  if (tokens.d !== encoder.d || tokens.metric !== metric || tokens.lengths.length > 0) {
    tokp.fail(`tokens expected d = ${encoder.d}, ${metric} and no documents, got others`);
  }
  const { encoding, bits, seed } = tokens.options;
  return new MultiVectorCodec(core, {
    encoder,
    metric,
    tokenEncoding: encoding,
    ...(bits !== undefined && encoding !== 'bit1' && { tokenBits: bits }),
    ...(seed !== undefined && { seed }),
  });
}
