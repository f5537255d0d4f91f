/** Options → coder → store, and the way back from a file. */
import {
  type ByteReader,
  type Core,
  checkCore,
  checkInteger,
  checkOneOf,
  checkOptions,
  FormatError,
  MAX_DIMENSION,
  making,
  type OptionTable,
} from '@sagitta/core-wasm';
import { RABITQ_MODES } from '@sagitta/quantizers/internal';
import type { RabitqMode } from '@sagitta/quantizers/rabitq';
import { ChunkedTokenStore, PARAMETERS_VERSION } from './chunked-token-store.ts';
import { CodeCoder } from './code-coder.ts';
import { ByteCoder, FloatCoder, HalfCoder } from './plain-coders.ts';
import { RabitqRowCodes, SaqRowCodes } from './row-codes.ts';
import type { TokenCoder } from './token-coder.ts';
import {
  TOKEN_ENCODINGS,
  TOKEN_METRICS,
  type TokenEncoding,
  type TokenMetric,
  type TokenStore,
} from './token-store.ts';

/** Says how a token store keeps its tokens. */
export interface TokenStoreOptions {
  /**
   * float32; float16 (half precision, values within ±65,504); int8 (a scale a token); saq and rabitq (packed codes of a
   * rotated token); bit1 (its signs, scored by tables).
   */
  readonly encoding: TokenEncoding;
  readonly d: number;
  /** 'ip' takes tokens as they are; 'cosine' scales them to length 1. */
  readonly metric: TokenMetric;
  /** Of a dimension: saq 2 to 8, rabitq 1 to 8, default 4 each. The other encodings have their own. */
  readonly bits?: number;
  /** Of the rotation of saq, rabitq and bit1, an integer of 32 bits; default 0. */
  readonly seed?: number;
  /** rabitq: 'fast' (default) rounds by a constant, 'optimal' searches the best code. */
  readonly mode?: RabitqMode;
}

const TOKEN_STORE_OPTIONS: OptionTable<TokenStoreOptions> = {
  encoding: 'string',
  d: 'number',
  metric: 'string',
  bits: 'number',
  seed: 'number',
  mode: 'string',
};

/** Makes an empty store. @throws RangeError on options out of range or of another encoding */
export function createTokenStore(core: Core, options: TokenStoreOptions): TokenStore {
  checkCore(core);
  checkOptions('options', options, TOKEN_STORE_OPTIONS);
  const metric = checkOneOf('metric', options.metric, TOKEN_METRICS);
  return new ChunkedTokenStore(core, makeCoder(options), metric);
}

function makeCoder({ encoding, d, bits, seed = 0, mode }: TokenStoreOptions): TokenCoder {
  checkOneOf('encoding', encoding, TOKEN_ENCODINGS);
  checkInteger('d', d, 1, MAX_DIMENSION);
  checkInteger('seed', seed, 0, 2 ** 32 - 1);
  if (mode !== undefined && encoding !== 'rabitq') {
    throw new RangeError(`"mode" expected none with encoding ${encoding}, got ${mode}`);
  }
  const fixedBits = { float32: 32, float16: 16, int8: 8, bit1: 1, saq: undefined, rabitq: undefined }[
    encoding
  ];
  if (bits !== undefined && fixedBits !== undefined && bits !== fixedBits) {
    throw new RangeError(`"bits" expected ${fixedBits} with encoding ${encoding}, got ${bits}`);
  }
  const dims = 16 * Math.ceil(d / 16);
  switch (encoding) {
    case 'float32':
      return new FloatCoder(d);
    case 'float16':
      return new HalfCoder(d);
    case 'int8':
      return new ByteCoder(d);
    case 'saq':
      return new CodeCoder(encoding, d, new SaqRowCodes(dims, checkInteger('bits', bits ?? 4, 2, 8)), seed);
    case 'rabitq': {
      const checked = checkOneOf('mode', mode ?? 'fast', RABITQ_MODES);
      return new CodeCoder(encoding, d, new RabitqRowCodes(dims, bits ?? 4, checked, seed), seed);
    }
    case 'bit1':
      return new CodeCoder(encoding, d, new SaqRowCodes(dims, 1), seed);
  }
}

/** What parameters of a store say: how tokens are coded, and how many each slot has. */
export interface TokenParameters {
  readonly d: number;
  readonly metric: TokenMetric;
  /** Tokens of each slot. */
  readonly lengths: Uint32Array;
  /** Bytes of a token. */
  readonly rowBytes: number;
  /** How tokens are coded. */
  readonly options: Pick<TokenStoreOptions, 'encoding' | 'bits' | 'seed' | 'mode'>;
  /**
   * The store of documents of these lengths and codes, one after the other.
   * @throws FormatError at `offset` on codes that are none
   */
  load(core: Core, lengths: Uint32Array, codes: Uint8Array, offset: number): TokenStore;
}

/** Reads what parameters() of a store wrote, to its end. @throws FormatError */
export function readTokenParameters(parameters: ByteReader): TokenParameters {
  parameters.u32In('version', PARAMETERS_VERSION, PARAMETERS_VERSION);
  const encoding = TOKEN_ENCODINGS[
    parameters.u32In('encoding', 0, TOKEN_ENCODINGS.length - 1)
  ] as TokenEncoding;
  const metric = TOKEN_METRICS[parameters.u32In('metric', 0, TOKEN_METRICS.length - 1)] as TokenMetric;
  const d = parameters.u32In('d', 1, MAX_DIMENSION);
  const options = readOptions(parameters, encoding);
  const coder = makeCoder({ encoding, d, metric, ...options });
  const n = parameters.u32In('slots', 0, parameters.remaining / 4);
  const lengths = parameters.u32Array(n);
  parameters.end();
  return {
    d,
    metric,
    lengths,
    rowBytes: coder.rowBytes,
    options: { encoding, ...options },
    load(core, chosen, codes, offset) {
      let tokens = 0;
      for (const length of chosen) tokens += length;
      if (tokens * coder.rowBytes !== codes.length) {
        throw new FormatError(
          `codes expected ${tokens} tokens * ${coder.rowBytes} bytes = ${tokens * coder.rowBytes}, got ${codes.length}`,
          offset,
        );
      }
      const defect = coder.defect(codes);
      if (defect !== undefined) throw new FormatError(defect, offset);
      return making((own) => {
        const store = own(new ChunkedTokenStore(core, coder, metric));
        store.appendCodes(chosen, codes);
        return store;
      });
    },
  };
}

/**
 * The store that parameters() and the joined codePieces() describe. Every number is checked against the bytes there are
 * before memory is taken.
 * @throws FormatError
 */
export function readTokenStore(core: Core, parameters: ByteReader, codes: Uint8Array): TokenStore {
  checkCore(core);
  const start = parameters.offset;
  const read = readTokenParameters(parameters);
  return read.load(core, read.lengths, codes, start);
}

function readOptions(
  reader: ByteReader,
  encoding: TokenEncoding,
): Pick<TokenStoreOptions, 'bits' | 'seed' | 'mode'> {
  if (encoding === 'float32' || encoding === 'float16' || encoding === 'int8') return {};
  const bits =
    encoding === 'bit1' ? reader.u32In('bits', 1, 1) : reader.u32In('bits', encoding === 'saq' ? 2 : 1, 8);
  const seed = reader.u32();
  if (encoding !== 'rabitq') return { bits, seed };
  return { bits, seed, mode: RABITQ_MODES[reader.u32In('mode', 0, 1)] as RabitqMode };
}
