/**
 * Random changes of bytes, for tests of readers and for the fuzzer. A mutation is a splice: of the file, or of one section of a
 * container before it is put together again with right checksums; or a new order of the sections. The same seed gives
 * the same mutations.
 */
import type { RandomStream } from '@sagitta/core-wasm';
import {
  containerEntries,
  containerSections,
  joinSections,
  type LooseSection,
  repairChecksums,
} from './container-file.ts';

/** From `at` on, `remove` bytes give way to `insert`. */
export interface Splice {
  readonly at: number;
  readonly remove: number;
  readonly insert: Uint8Array;
}

export type Mutation =
  | (Splice & { readonly of: 'file' })
  | (Splice & { readonly of: 'section'; readonly section: number })
  /** Numbers of the sections that remain, in their new order; one may stand there twice. */
  | { readonly of: 'order'; readonly order: readonly number[] };

export interface Mutated {
  readonly mutations: readonly Mutation[];
  /** Checksums of a container are made right after all. */
  readonly isRepaired: boolean;
}

function spliced(bytes: Uint8Array, { at, remove, insert }: Splice): Uint8Array {
  const start = Math.min(at, bytes.length);
  const end = Math.min(start + remove, bytes.length);
  const out = new Uint8Array(bytes.length - (end - start) + insert.length);
  out.set(bytes.subarray(0, start));
  out.set(insert, start);
  out.set(bytes.subarray(end), start + insert.length);
  return out;
}

/** The bytes after all mutations: those of sections first, then the order, then those of the file. */
export function applyMutations(bytes: Uint8Array, { mutations, isRepaired }: Mutated): Uint8Array {
  let out: Uint8Array = bytes.slice();
  if (mutations.some(({ of }) => of !== 'file')) {
    let sections: readonly LooseSection[] = containerSections(out);
    for (const mutation of mutations) {
      if (mutation.of !== 'section') continue;
      sections = sections.map((section, i) =>
        i === mutation.section ? { ...section, bytes: spliced(section.bytes, mutation) } : section,
      );
    }
    for (const mutation of mutations) {
      if (mutation.of === 'order') {
        const before = sections;
        sections = mutation.order.flatMap((i) => before[i] ?? []);
      }
    }
    out = joinSections(out, sections);
  }
  for (const mutation of mutations) if (mutation.of === 'file') out = spliced(out, mutation);
  return isRepaired ? repairChecksums(out) : out;
}

const INTEGERS = [0, 1, 2, 3, 15, 31, 32, 255, 256, 65_535, 65_536, 1e6, 2 ** 20, 2 ** 24, 2 ** 28];
const EDGES = [2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2, 2 ** 32 - 1];
const FLOATS = [0, -0, 1, -1, 0.5, 1e-45, -1e-45, 1e-38, 1e-20, 1e4, 1e9, 1e15, 1e17, 1e18, 1e19, 1e20, 1e30];
const HUGE_FLOATS = [1e38, -1e38, 3.4e38, -3.4e38, Number.NaN, Infinity, -Infinity, -1e19, -1e20, -1e30];

function pick<T>(random: RandomStream, values: readonly T[]): T {
  return values[random.nextBelow(values.length)] as T;
}

/** A number that no file should hold, or one next to what stands there. */
function extremeWord(random: RandomStream, bytes: Uint8Array, at: number): Uint8Array {
  const kind = random.nextBelow(8);
  const out = new Uint8Array(kind >= 6 ? 8 : 4);
  const view = new DataView(out.buffer);
  const old = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const room = at + 4 <= bytes.length;
  if (kind === 0) view.setUint32(0, pick(random, INTEGERS), true);
  else if (kind === 1) view.setUint32(0, pick(random, EDGES), true);
  else if (kind === 2)
    view.setUint32(0, (room ? old.getUint32(at, true) : 0) + pick(random, [1, -1, 32]), true);
  else if (kind === 3) view.setFloat32(0, pick(random, FLOATS), true);
  else if (kind === 4) view.setFloat32(0, pick(random, HUGE_FLOATS), true);
  else if (kind === 5) {
    const factor = pick(random, [-1, 2, 1e3, 1e10, 1e20, 1e-20]);
    view.setFloat32(0, (room ? old.getFloat32(at, true) : 1) * factor, true);
  } else if (kind === 6) view.setFloat64(0, pick(random, [...FLOATS, ...HUGE_FLOATS, 1e308, 2 ** 53]), true);
  else view.setBigUint64(0, pick(random, [0n, 1n, 1n << 31n, 1n << 32n, 1n << 53n, (1n << 64n) - 1n]), true);
  return out;
}

function repeated(word: Uint8Array, count: number): Uint8Array {
  const out = new Uint8Array(word.length * count);
  for (let i = 0; i < count; i++) out.set(word, i * word.length);
  return out;
}

function randomOf(random: RandomStream, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.nextU32() >>> 24);
}

/** One splice of bytes. words — pieces of text or bytes that mean something to the format; may be empty. */
export function drawSplice(random: RandomStream, bytes: Uint8Array, words: readonly Uint8Array[]): Splice {
  const { length } = bytes;
  const anywhere = (): number => {
    const nearTheFront = random.nextBelow(3) === 0;
    return random.nextBelow(Math.max(1, nearTheFront ? Math.min(length, 64) : length));
  };
  const at = anywhere();
  const kind = random.nextBelow(words.length > 0 ? 12 : 9);
  if (kind >= 9) {
    const word = pick(random, words);
    return { at, remove: random.nextBelow(2) === 0 ? word.length : 0, insert: word };
  }
  if (kind <= 3) {
    const aligned = random.nextBelow(4) === 0 ? at : 4 * Math.floor(at / 4);
    const word = extremeWord(random, bytes, aligned);
    const most = Math.max(1, Math.floor((length - aligned) / word.length));
    const count = Math.min(most, pick(random, [1, 1, 1, 1, 4, 32, most]));
    return { at: aligned, remove: word.length * count, insert: repeated(word, count) };
  }
  if (kind === 4)
    return { at, remove: 1, insert: Uint8Array.of((bytes[at] ?? 0) ^ (1 << random.nextBelow(8))) };
  if (kind === 5) {
    const count = 1 + random.nextBelow(16);
    return { at, remove: count, insert: randomOf(random, count) };
  }
  if (kind === 6) {
    const from = anywhere();
    const piece = bytes.slice(from, from + 1 + random.nextBelow(64));
    return { at, remove: random.nextBelow(2) === 0 ? piece.length : 0, insert: piece };
  }
  if (kind === 7) {
    const toTheEnd = random.nextBelow(2) === 0;
    return { at, remove: toTheEnd ? length : 1 + random.nextBelow(64), insert: new Uint8Array(0) };
  }
  const tail = pick(random, [1, 4, 64, 1024]);
  return { at: random.nextBelow(2) === 0 ? length : at, remove: 0, insert: randomOf(random, tail) };
}

function drawOrder(random: RandomStream, count: number): readonly number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  const [i, j] = [random.nextBelow(count), random.nextBelow(count)];
  const kind = random.nextBelow(3);
  if (kind === 0) order.splice(i, 1);
  else if (kind === 1) order.splice(i, 0, j);
  else [order[i], order[j]] = [j, i];
  return order;
}

/** Whether the bytes begin as a container does. */
export function isContainer(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(0, 4)) === 'SAGT';
}

/** Some mutations of a file; of a container most are of its sections. */
export function drawMutations(
  random: RandomStream,
  bytes: Uint8Array,
  words: readonly Uint8Array[] = [],
): Mutated {
  const count = pick(random, [1, 1, 1, 2, 3, 5]);
  const sections = isContainer(bytes) ? containerEntries(bytes) : [];
  const mutations = Array.from({ length: count }, (): Mutation => {
    const kind = random.nextBelow(12);
    if (sections.length === 0 || kind < 2) return { of: 'file', ...drawSplice(random, bytes, words) };
    if (kind === 2) return { of: 'order', order: drawOrder(random, sections.length) };
    const section = random.nextBelow(sections.length);
    const { offset, length } = sections[section] as { offset: number; length: number };
    return { of: 'section', section, ...drawSplice(random, bytes.subarray(offset, offset + length), words) };
  });
  return { mutations, isRepaired: random.nextBelow(8) > 0 };
}
