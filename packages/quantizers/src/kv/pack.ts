/** A cache as bytes: layers alone or in pairs, each tensor in a random rotation that all share. */
import { type Core, checkCore, littleEndianBytes, RandomStream } from '@sagitta/core-wasm';
import { type Frame, FrameTransform, rotatedFrame } from '../linear/frame.ts';
import { halfToNumber, numberToHalf } from '../scalar/half-coder.ts';
import { attentionError, checkQueries } from './attention.ts';
import { writeKv } from './format.ts';
import { mergeRows } from './merge.ts';
import {
  anglesOf,
  cheapest,
  checkKvOptions,
  fewestBits,
  type KvMethod,
  type KvOptions,
  type KvUnit,
  type ReadyOptions,
  restBits,
} from './plan.ts';
import { type Fit, type KvBits, RowCoder } from './row-coder.ts';
import { checkShape, KV_PARTS, type KvLayer, type KvPart, type KvShape, rowsOf, vectorsOf } from './shape.ts';

/** Says what became of a layer. */
export interface KvLayerReport {
  readonly method: KvMethod;
  /** Of codes; what is predicted leaves a rest in fewer. */
  readonly bits: number;
  /** Mean cosine with the partner's keys and values, in the same head and token; undefined without a partner. */
  readonly keyCosine: number | undefined;
  readonly valueCosine: number | undefined;
  /** Vectors of keys and values that a merge kept apart. */
  readonly kept: number;
  /** Shares of the energy of keys and values that are lost; at most so much where head dims are no multiple of 16. */
  readonly keyError: number;
  readonly valueError: number;
  /** Share of the energy of attention's output that is lost, of the queries given, likewise; undefined without. */
  readonly attentionError: number | undefined;
}

/** Says what became of a cache. */
export interface KvReport {
  readonly bytes: number;
  /** How many times smaller than half precision, all bytes counted. */
  readonly ratio: number;
  /** The same as the MiniCache paper counts: codes with 32 bits for every 128 numbers, without lengths and what is kept. */
  readonly paperRatio: number;
  readonly layers: readonly KvLayerReport[];
}

/** Holds a packed cache and what became of it. */
export interface PackedKv {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly report: KvReport;
}

/** Bits of scale and offset of 128 numbers, as the paper counts. */
const PAPER_BITS = 32 / 128;

/** The rotation of a cache. */
export function kvFrame(headDims: number, seed: number): Frame {
  return rotatedFrame(headDims, new RandomStream(seed, 'kv/rotation'));
}

/**
 * Packs the layers of a cache. By default those of the first half have 4 bits a number; of the others every second is predicted
 * from the one before it, and what the prediction leaves has 2 bits.
 * @throws TypeError, RangeError on what does not fit the shape, on options, and on numbers beyond half precision
 * @example
 * const { layers, shape } = layersOfCache(cache);
 * const { bytes, report } = packKv(core, layers, shape);
 */
export function packKv(
  core: Core,
  layers: readonly KvLayer[],
  shape: KvShape,
  options: KvOptions = {},
): PackedKv {
  checkCore(core);
  checkShape(shape);
  if (!Array.isArray(layers) || layers.length === 0) {
    throw new RangeError(
      `"layers" expected an array of at least 1 layer, got ${Array.isArray(layers) ? 'none' : typeof layers}`,
    );
  }
  const ready = checkKvOptions(options, layers.length);
  const frame = kvFrame(shape.headDims, ready.seed);
  using transform = new FrameTransform(core, frame, 'data');
  using coder = new RowCoder(core, frame.dims);
  const pieces: Uint8Array[] = [];
  const units: KvUnit[] = [];
  const reports: KvLayerReport[] = [];
  for (let first = 0; first < layers.length; ) {
    const isPair = first >= ready.firstLayer && first + 1 < layers.length;
    const own = layers.slice(first, first + (isPair ? 2 : 1));
    const rows = KV_PARTS.map((part) =>
      own.map((layer, i) => transform.apply(rowsOf(`layers[${first + i}].${part}`, layer[part], shape))),
    );
    const unit = unitOf(rows, frame.dims, ready);
    const wanted = own.some((_, i) => options.queries?.[first + i] !== undefined);
    const coded = KV_PARTS.map((part, p) =>
      code(coder, part, rows[p] as Float32Array[], unit, ready, wanted),
    );
    const cosines = rows.map((tensors) => (isPair ? meanCosine(tensors, frame.dims) : undefined));
    pieces.push(...coded.flatMap((one) => one.pieces));
    units.push(unit);
    for (const i of own.keys()) {
      const queries = options.queries?.[first + i];
      const attention = queries && checkQueries(`queries[${first + i}]`, queries, shape);
      const [key, value] = coded as [Coded, Coded];
      const at = (tensors: readonly Float32Array[]): Float32Array => tensors[i] as Float32Array;
      const [keys, values] = rows as [Float32Array[], Float32Array[]];
      reports.push({
        method: unit.method,
        bits: unit.bits,
        keyCosine: cosines[0],
        valueCosine: cosines[1],
        kept: key.kept + value.kept,
        keyError: key.errors[i] as number,
        valueError: value.errors[i] as number,
        attentionError:
          attention &&
          attentionError(
            transform.apply(attention),
            { key: at(keys), value: at(values) },
            { key: at(key.rows), value: at(value.rows) },
            { ...shape, headDims: frame.dims },
            1 / Math.sqrt(shape.headDims),
          ),
      });
    }
    first += own.length;
  }
  const isHalf = layers.every(({ key, value }) => key instanceof Uint16Array && value instanceof Uint16Array);
  const bytes = writeKv({ shape, layers: layers.length, isHalf, seed: ready.seed, units }, pieces);
  const numbers = 2 * layers.length * vectorsOf(shape) * shape.headDims;
  return {
    bytes,
    report: {
      bytes: bytes.length,
      ratio: (2 * numbers) / bytes.length,
      paperRatio: (16 * layers.length) / reports.reduce((sum, report) => sum + paperBits(report), 0),
      layers: reports,
    },
  };
}

/** How a layer, or a pair, is coded. rows — keys and values of one layer or two, in the frame. */
function unitOf(
  rows: readonly (readonly Float32Array[])[],
  dims: number,
  { method, bits, maxError, keep }: ReadyOptions,
): KvUnit {
  const isPair = rows[0]?.length === 2;
  const layers = isPair ? 2 : 1;
  if (maxError === undefined) return { method: isPair ? method : 'plain', bits, layers };
  if (!isPair) return { method: 'plain', bits: fewestBits(maxError), layers };
  const angles = rows.map(([a, b]) => anglesOf(a as Float32Array, b as Float32Array, dims, keep));
  return { ...cheapest(angles, maxError, keep), layers };
}

/** A coded tensor of one layer or two. */
interface Coded {
  readonly pieces: readonly Uint8Array[];
  /** Share of the energy that is lost, of each layer. */
  readonly errors: readonly number[];
  /** What the codes stand for, of each layer; of no use where they are not asked for. */
  readonly rows: readonly Float32Array[];
  readonly kept: number;
}

/** rows — of one layer or two, in the frame; not written to. wanted — whether rows are asked for. */
function code(
  coder: RowCoder,
  part: KvPart,
  rows: readonly Float32Array[],
  { method, bits }: KvUnit,
  { keep, t }: ReadyOptions,
  wanted: boolean,
): Coded {
  const label = `${part}s in layers`;
  const [first, second] = rows as [Float32Array, Float32Array];
  switch (method) {
    case 'plain': {
      const coded = rows.map((one) => {
        const target = wanted ? one.slice() : one;
        const { codes, fits } = coder.encode(label, target, bits, [target], wanted);
        const [{ scales, ...fit }] = fits as [Fit];
        return { target, pieces: [littleEndianBytes(scales), codes], error: share(fit.lost, fit.energy) };
      });
      return {
        pieces: coded.flatMap(({ pieces }) => pieces),
        errors: coded.map(({ error }) => error),
        rows: coded.map(({ target }) => target),
        kept: 0,
      };
    }
    case 'predict': {
      const target = first.slice();
      const own = coder.encode(label, target, bits, [target], true);
      const rest = second.slice();
      const { shares, energy } = takeShares(rest, target, coder.dims, label);
      const left = coder.encode(label, rest, restBits(bits), [rest], wanted);
      if (wanted) addShares(rest, target, shares, coder.dims);
      const [[a], [b]] = [own.fits, left.fits] as [[Fit], [Fit]];
      return {
        pieces: [
          littleEndianBytes(a.scales),
          own.codes,
          littleEndianBytes(shares),
          littleEndianBytes(b.scales),
          left.codes,
        ],
        errors: [share(a.lost, a.energy), share(b.lost, energy)],
        rows: [target, rest],
        kept: 0,
      };
    }
    case 'merge': {
      const { dims } = coder;
      const { directions, kept, keptSecond } = mergeRows(first, second, dims, keep, t);
      const targets = rows.map((one) => one.slice()) as [Float32Array, Float32Array];
      const { codes, fits } = coder.encode(label, directions, bits, targets, true);
      const apart = coder.encode(label, keptSecond, bits, [keptSecond], true);
      const set = new Uint8Array(Math.ceil(first.length / dims / 8));
      for (const [at, i] of kept.entries()) {
        set[i >> 3] = (set[i >> 3] as number) | (1 << (i & 7));
        targets[1].set(keptSecond.subarray(at * dims, (at + 1) * dims), i * dims);
      }
      return {
        pieces: [
          ...fits.map(({ scales }) => littleEndianBytes(scales)),
          codes,
          set,
          littleEndianBytes((apart.fits[0] as Fit).scales),
          apart.codes,
        ],
        errors: rows.map((one, i) => lostShare(one, targets[i] as Float32Array)),
        rows: targets,
        kept: kept.length,
      };
    }
  }
}

function share(lost: number, energy: number): number {
  return energy > 0 ? Math.max(0, lost / energy) : 0;
}

/** Takes from each row what another tells of it; gives how much of that, halves, and the energy that there was. */
function takeShares(
  rows: Float32Array,
  from: Float32Array,
  dims: number,
  label: string,
): { readonly shares: Uint16Array; readonly energy: number } {
  const shares = new Uint16Array(rows.length / dims);
  let energy = 0;
  for (let i = 0; i < shares.length; i++) {
    let product = 0;
    let length = 0;
    for (let j = i * dims; j < (i + 1) * dims; j++) {
      const value = from[j] as number;
      const own = rows[j] as number;
      product += value * own;
      length += value * value;
      energy += own * own;
    }
    shares[i] = numberToHalf(length > 0 ? product / length : 0, label);
    const share = halfToNumber(shares[i] as number);
    for (let j = i * dims; j < (i + 1) * dims; j++)
      rows[j] = (rows[j] as number) - share * (from[j] as number);
  }
  return { shares, energy };
}

/** The inverse of takeShares. */
export function addShares(rows: Float32Array, from: Float32Array, shares: Uint16Array, dims: number): void {
  for (let i = 0; i < shares.length; i++) {
    const share = halfToNumber(shares[i] as number);
    for (let j = i * dims; j < (i + 1) * dims; j++)
      rows[j] = (rows[j] as number) + share * (from[j] as number);
  }
}

/** 1 of a pair of which one is 0. */
function meanCosine([first, second]: readonly Float32Array[], dims: number): number {
  const [a, b] = [first as Float32Array, second as Float32Array];
  let sum = 0;
  for (let at = 0; at < a.length; at += dims) {
    let aa = 0;
    let bb = 0;
    let ab = 0;
    for (let j = at; j < at + dims; j++) {
      aa += (a[j] as number) * (a[j] as number);
      bb += (b[j] as number) * (b[j] as number);
      ab += (a[j] as number) * (b[j] as number);
    }
    sum += aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : 1;
  }
  return (sum * dims) / a.length;
}

function lostShare(rows: Float32Array, coded: Float32Array): number {
  let [lost, energy] = [0, 0];
  for (let i = 0; i < rows.length; i++) {
    const value = rows[i] as number;
    const off = value - (coded[i] as number);
    lost += off * off;
    energy += value * value;
  }
  return share(lost, energy);
}

function paperBits({ method, bits }: KvLayerReport): number {
  const own = bits + PAPER_BITS;
  if (method === 'plain') return own;
  return method === 'merge' ? own / 2 : (own + restBits(bits as KvBits) + PAPER_BITS) / 2;
}
