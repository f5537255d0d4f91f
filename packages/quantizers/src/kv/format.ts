/**
 * Packed caches: kind "kvcache", version 1.
 *
 *   META  u32 layers (1 to 65,536) · u32 heads (1 to 65,536) · u32 tokens · u32 head dims (1 to 1,024) · u32 1 where layers were
 *         halves · f64 seed of the rotation
 *   PLAN  for each layer or pair in turn: u8 0 plain, 1 merge, 2 predict · u8 bits (2, 3, 4, 8) · u8 layers, 1 or 2, 2 but of plain
 *   DATA  for each entry the keys, then the values. V = heads × tokens vectors of D = head dims padded to 16 numbers; S: u16 halves,
 *         a scale a vector; C(b): V × D·b/8 bytes, each code as packCode of the core lays it out
 *           plain    S, C(bits) of each layer
 *           predict  S, C(bits) of the first layer · u16 halves, V: shares of the first in the second · S, C(2, or 4 beside 8 bits)
 *                    of the rest
 *           merge    S of the first layer, S of the second, C(bits) · ⌈V/8⌉ bytes, bits of the vectors that are kept apart · of
 *                    these in the second layer S, C(bits)
 */
import {
  type ByteReader,
  ByteWriter,
  type Container,
  FormatError,
  readContainer,
  writeContainer,
} from '@sagitta/core-wasm';
import { KV_METHODS, type KvMethod, type KvUnit } from './plan.ts';
import { KV_BITS, type KvBits } from './row-coder.ts';
import { type KvShape, MAX_HEAD_DIMS, MAX_HEADS } from './shape.ts';

const KIND = 'kvcache';
const VERSION = 1;
const MAX_LAYERS = 65_536;

/** Everything of a packed cache but its codes. */
export interface KvHead {
  readonly shape: KvShape;
  readonly layers: number;
  readonly isHalf: boolean;
  readonly seed: number;
  readonly units: readonly KvUnit[];
}

export function writeKv(head: KvHead, data: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const { heads, tokens, headDims } = head.shape;
  const meta = new ByteWriter().u32(head.layers).u32(heads).u32(tokens).u32(headDims);
  meta.u32(head.isHalf ? 1 : 0).f64(head.seed);
  const plan = new ByteWriter();
  for (const { method, bits, layers } of head.units) plan.u8(KV_METHODS.indexOf(method)).u8(bits).u8(layers);
  return writeContainer({
    kind: KIND,
    version: VERSION,
    sections: [
      { id: 'META', pieces: [meta.finish()] },
      { id: 'PLAN', pieces: [plan.finish()] },
      { id: 'DATA', pieces: [...data] },
    ],
  });
}

/** @throws FormatError on what writeKv would not have written */
export function readKvHead(bytes: Uint8Array): { readonly head: KvHead; readonly data: ByteReader } {
  const container = readContainer(bytes);
  if (container.kind !== KIND || container.version !== VERSION) {
    throw new FormatError(
      `expected kind ${KIND}, version ${VERSION}, got ${container.kind}, version ${container.version}`,
      6,
    );
  }
  const meta = container.reader('META');
  const layers = meta.u32In('layers', 1, MAX_LAYERS);
  const heads = meta.u32In('heads', 1, MAX_HEADS);
  const tokens = meta.u32In('tokens', 1, 2 ** 31 / heads);
  const headDims = meta.u32In('head dims', 1, MAX_HEAD_DIMS);
  const isHalf = meta.u32In('halves', 0, 1) === 1;
  const seed = meta.f64();
  if (!(Number.isSafeInteger(seed) && seed >= 0))
    meta.fail(`"seed" expected a whole number from 0, got ${seed}`);
  meta.end();
  const units = readPlan(container, layers);
  return {
    head: { shape: { heads, tokens, headDims }, layers, isHalf, seed, units },
    data: container.reader('DATA'),
  };
}

function readPlan(container: Container, layers: number): KvUnit[] {
  const reader = container.reader('PLAN');
  const units: KvUnit[] = [];
  for (let rest = layers; rest > 0; ) {
    const method: KvMethod = KV_METHODS[reader.u8()] ?? reader.fail('a method expected 0 to 2, got another');
    const bits = reader.u8() as KvBits;
    if (!KV_BITS.includes(bits)) reader.fail(`"bits" expected one of ${KV_BITS.join(', ')}, got ${bits}`);
    const count = reader.u8();
    if (count !== 2 && (count !== 1 || method !== 'plain'))
      reader.fail(`layers of ${method} expected another number, got ${count}`);
    units.push({ method, bits, layers: count as 1 | 2 });
    rest -= count;
    if (rest < 0) reader.fail('a pair expected two layers, got the last one alone');
  }
  reader.end();
  return units;
}

/** n finite halves. @throws FormatError */
export function readHalves(reader: ByteReader, n: number): Uint16Array {
  const bytes = reader.view(2 * n);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const halves = Uint16Array.from({ length: n }, (_, i) => view.getUint16(2 * i, true));
  const at = halves.findIndex((bits) => (bits & 0x7c00) === 0x7c00);
  if (at >= 0) reader.fail(`numbers expected finite halves, got another at ${at}`);
  return halves;
}
