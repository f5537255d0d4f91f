/** Which layers are coded together, and how. */
import { checkInteger, checkNumber, checkOneOf, checkOptions, type OptionTable } from '@sagitta/core-wasm';
import { checkMerge, mergeError, pairProducts } from './merge.ts';
import { CODE_ERRORS, KV_BITS, type KvBits } from './row-coder.ts';

/** Lists how two neighbouring layers may be coded. */
export const KV_METHODS = ['plain', 'merge', 'predict'] as const;
/** Names how two neighbouring layers are coded: the second from the first ('predict'), one direction for both ('merge'), each alone ('plain'). */
export type KvMethod = (typeof KV_METHODS)[number];

/** Says how a cache is packed. */
export interface KvOptions {
  /** How pairs of layers are coded; default 'predict'. Layers without a partner are always plain. */
  readonly method?: KvMethod;
  /** Bits a number of a code, 2, 3, 4 or 8; default 4. What is predicted leaves a rest, coded with 2 bits, or 4 beside 8. */
  readonly bits?: KvBits;
  /**
   * Instead of method and bits, the share of its energy that a key or value may lose on average, from .0002: each pair takes the
   * cheapest way whose error is expected to be within it, told from the pair's angles; each other layer the fewest bits.
   */
  readonly maxError?: number;
  /** The layer at which pairs begin; default half of the layers: deeper neighbours are more alike. */
  readonly firstLayer?: number;
  /** Share of vectors that a merge keeps apart, 0 to 1; default .05. */
  readonly keep?: number;
  /** How far a merged direction lies from the first layer's to the second's, 0 to 1; default ½. */
  readonly t?: number;
  /** Of the random rotation; default 1. */
  readonly seed?: number;
  /** One entry a layer, undefined where there are none: queries, heads × any number × headDims, of which attention is compared. Heads may be a multiple of the shape's. */
  readonly queries?: readonly (Float32Array | undefined)[];
}

const OPTIONS: OptionTable<KvOptions> = {
  method: 'string',
  bits: 'number',
  maxError: 'number',
  firstLayer: 'number',
  keep: 'number',
  t: 'number',
  seed: 'number',
  queries: 'any',
};
/** What 8 bits may lose. */
const LEAST_ERROR = 2e-4;

/** Options that were checked. */
export interface ReadyOptions {
  readonly method: KvMethod;
  readonly bits: KvBits;
  readonly maxError: number | undefined;
  readonly firstLayer: number;
  readonly keep: number;
  readonly t: number;
  readonly seed: number;
}

/** How layers are coded. */
export interface KvWay {
  readonly method: KvMethod;
  readonly bits: KvBits;
}

/** One layer, or a pair of them, and how it is coded. */
export interface KvUnit extends KvWay {
  readonly layers: 1 | 2;
}

/** Bits of the rest that a prediction leaves. */
export function restBits(bits: KvBits): KvBits {
  return bits === 8 ? 4 : 2;
}

/** @throws TypeError, RangeError naming an option */
export function checkKvOptions(options: KvOptions, layers: number): ReadyOptions {
  checkOptions('options', options, OPTIONS);
  const { maxError } = options;
  if (maxError !== undefined) {
    checkNumber('maxError', maxError, LEAST_ERROR, 1);
    for (const name of ['method', 'bits'] as const) {
      if (options[name] !== undefined)
        throw new RangeError(`"${name}" expected none beside maxError, got ${options[name]}`);
    }
  }
  const { keep, t } = checkMerge({
    ...(options.keep !== undefined && { keep: options.keep }),
    ...(options.t !== undefined && { t: options.t }),
  });
  const bits = options.bits ?? 4;
  if (!KV_BITS.includes(bits))
    throw new RangeError(`"bits" expected one of ${KV_BITS.join(', ')}, got ${bits}`);
  return {
    method: checkOneOf('method', options.method ?? 'predict', KV_METHODS),
    bits,
    maxError,
    firstLayer: checkInteger('firstLayer', options.firstLayer ?? Math.floor(layers / 2), 0, layers),
    keep,
    t,
    seed: checkInteger('seed', options.seed ?? 1, 0, Number.MAX_SAFE_INTEGER),
  };
}

/** What of a pair of tensors tells the errors of every way to code them. */
export interface PairAngles {
  /** Share of all energy that a merge of all but the kept loses. */
  readonly merged: number;
  /** Share of the second tensor's energy that the first one does not tell. */
  readonly unlike: number;
  /** Share of all energy that lies in the second tensor. */
  readonly second: number;
}

/** first, second — n × d; keep — share of the pairs that are not merged. */
export function anglesOf(first: Float32Array, second: Float32Array, d: number, keep: number): PairAngles {
  const n = first.length / d;
  const lost = new Float32Array(n);
  let [all, own, told] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [aa, bb, ab] = pairProducts(first, second, i, d);
    const cosine = aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : 1;
    all += aa + bb;
    own += bb;
    told += bb * cosine * cosine;
    lost[i] = (aa + bb) * mergeError(cosine);
  }
  lost.sort();
  let merged = 0;
  for (let i = 0; i < n - Math.round(keep * n); i++) merged += lost[i] as number;
  return {
    merged: all > 0 ? merged / all : 0,
    unlike: own > 0 ? 1 - told / own : 0,
    second: all > 0 ? own / all : 0,
  };
}

/** The error that is expected, as a share of the energy of both. */
export function expectedError({ merged, unlike, second }: PairAngles, { method, bits }: KvWay): number {
  const code = CODE_ERRORS[bits];
  if (method === 'plain') return code;
  if (method === 'merge') return merged + code;
  // the second is told by what the first's code stands for
  const rest = unlike + (1 - unlike) * code;
  return (1 - second) * code + second * rest * CODE_ERRORS[restBits(bits)];
}

/** Bits a number of both layers, scales left out. */
function cost({ method, bits }: KvWay, keep: number): number {
  if (method === 'plain') return bits;
  return method === 'merge' ? (bits / 2) * (1 + keep) : (bits + restBits(bits)) / 2;
}

/** The cheapest way for a pair, all of whose angles are within the error; 8 bits where none is. */
export function cheapest(parts: readonly PairAngles[], maxError: number, keep: number): KvWay {
  const units = KV_METHODS.flatMap((method) => KV_BITS.map((bits): KvWay => ({ method, bits })));
  units.sort((a, b) => cost(a, keep) - cost(b, keep));
  const fits = (way: KvWay): boolean => parts.every((angles) => expectedError(angles, way) <= maxError);
  return units.find(fits) ?? { method: 'plain', bits: 8 };
}

/** The fewest bits for a layer alone. */
export function fewestBits(maxError: number): KvBits {
  return KV_BITS.find((bits) => CODE_ERRORS[bits] <= maxError) ?? 8;
}
