/**
 * Hostile index files: every field flipped, made huge, cut off; 4,000 random mutations, most of them with checksums
 * made right again. Each ends in FormatError or in an index that works, takes no memory beyond a small multiple of the
 * file, and leaves none behind.
 */
import { createCore, FormatError, RandomStream } from '@sagitta/core-wasm';
import {
  applyMutations,
  clusteredRows,
  containerEntries,
  drawMutations,
  repairChecksums,
} from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { buildFlat, buildGraph, buildIvf, type IvfIndex, loadIndex, saveIndex } from '../../src/index.ts';

const D = 12;
const N = 75;
const rows = clusteredRows(N, D, { seed: 2, clusters: 4, spread: 0.6 });
const core = createCore();

function saved(make: () => IvfIndex): Uint8Array {
  using index = make();
  return saveIndex(index);
}

const FILES = {
  'ivf saq l2': saved(() => buildIvf(core, rows, D, { metric: 'l2', bits: 2, nlist: 3 })),
  'ivf saq cosine, kept': saved(() =>
    buildIvf(core, rows, D, { metric: 'cosine', bits: 4, nlist: 3, keepVectors: true }),
  ),
  'flat saq ip': saved(() => buildFlat(core, rows, D, { metric: 'ip', bits: 8 })),
  'ivf rabitq l2': saved(() =>
    buildIvf(core, rows, D, { metric: 'l2', quantizer: 'rabitq', bits: 2, nlist: 3 }),
  ),
  'flat pq ip': saved(() =>
    buildFlat(core, rows, D, { metric: 'ip', quantizer: 'pq', bits: 2, quantizerOptions: { nbits: 4 } }),
  ),
  'ivf lvq cosine': saved(() =>
    buildIvf(core, rows, D, { metric: 'cosine', quantizer: 'lvq', bits: 4, nlist: 3 }),
  ),
  'flat pca l2': saved(() => buildFlat(core, rows, D, { metric: 'l2', quantizer: 'pca', bits: 8 })),
  'flat random l2': saved(() => buildFlat(core, rows, D, { metric: 'l2', quantizer: 'random', bits: 8 })),
  'ivf leanvec l2, secondary saq': saved(() =>
    buildIvf(core, rows, D, {
      metric: 'l2',
      quantizer: 'leanvec',
      quantizerOptions: { primary: 'rabitq' },
      bits: 2,
      nlist: 3,
      secondary: { quantizer: 'saq', bits: 4 },
    }),
  ),
  'flat rabitq ip, secondary lvq': saved(() =>
    buildFlat(core, rows, D, { metric: 'ip', quantizer: 'rabitq', secondary: { quantizer: 'lvq', bits: 8 } }),
  ),
  'graph saq l2': saved(() => buildGraph(core, rows, D, { metric: 'l2', bits: 4, degree: 8 })),
  'graph float ip': saved(() => buildGraph(core, rows, D, { metric: 'ip', quantizer: 'float32', degree: 8 })),
  'flat float l2': saved(() => buildFlat(core, rows, D, { metric: 'l2', quantizer: 'float32' })),
} as const;

/** Of all sections, without what aligns them. */
function contentBytes(bytes: Uint8Array): number {
  return containerEntries(bytes).reduce((sum, { length }) => sum + length, 0);
}

/** As an expectation, at a hundredth of its time. */
function checkUsed(used: number): void {
  if (core.bytesUsed() !== used) throw new Error(`${core.bytesUsed()} bytes in use, ${used} before`);
}

/** Whether the bytes were taken; any error but FormatError fails the test, and so does memory that stays. */
function isAccepted(bytes: Uint8Array): boolean {
  const used = core.bytesUsed();
  let index: IvfIndex;
  try {
    index = loadIndex(core, bytes);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    checkUsed(used);
    return false;
  }
  try {
    const query = rows.subarray(0, index.d);
    if (query.length === index.d) {
      const { ids } = index.search(query, 10, { nprobe: 3 });
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.every((id) => id < index.n)).toBe(true);
    }
    // what was accepted is written as it was read, sections in their usual order
    expect(contentBytes(saveIndex(index))).toBe(contentBytes(bytes));
  } finally {
    index.dispose();
  }
  checkUsed(used);
  return true;
}

describe.each(Object.entries(FILES))('%s', (_name, file) => {
  const entries = containerEntries(file);

  it('is accepted as it is', () => {
    expect(isAccepted(file.slice())).toBe(true);
    expect(isAccepted(repairChecksums(file.slice(), entries))).toBe(true);
    expect(Buffer.compare(repairChecksums(file.slice(), entries), file)).toBe(0);
  });

  it('ends in FormatError wherever it is cut off, and with bytes behind it', () => {
    const step = file.length > 4000 ? 7 : 1;
    const taken: number[] = [];
    for (let length = 0; length < file.length; length += length < 256 ? 1 : step) {
      if (isAccepted(file.slice(0, length))) taken.push(length);
    }
    expect(taken).toEqual([]);
    expect(isAccepted(Buffer.concat([file, new Uint8Array(1)]))).toBe(false);
  });

  it('ends in FormatError where any byte of header, table or padding is another', () => {
    const covered = new Uint8Array(file.length);
    for (const { offset, length } of entries) covered.fill(1, offset, offset + length);
    const taken: number[] = [];
    for (let at = 0; at < file.length; at++) {
      if (covered[at] === 1) continue;
      for (const mask of [1, 0x80, 0xff]) {
        const bytes = file.slice();
        bytes[at] = (bytes[at] as number) ^ mask;
        if (isAccepted(bytes)) taken.push(at);
      }
    }
    expect(taken).toEqual([]);
  });

  it('ends in FormatError where any 4 bytes of a small section are huge, checksums right', () => {
    const taken: string[] = [];
    for (const { id, offset, length } of entries.filter((entry) =>
      ['META', 'SIZE', 'IDS'].includes(entry.id),
    )) {
      for (let at = offset; at + 4 <= offset + length; at += 4) {
        for (const value of [0xffffffff, 0x7fffffff, 0x10000000, 1e6]) {
          const bytes = file.slice();
          new DataView(bytes.buffer).setUint32(at, value, true);
          if (isAccepted(repairChecksums(bytes, entries))) taken.push(`${id} at ${at - offset}: ${value}`);
        }
      }
    }
    expect(taken).toEqual([]);
  });

  it('ends in FormatError where the table points elsewhere, checksums right', () => {
    for (const { at, length } of entries) {
      for (const [field, values] of [
        [8, [0n, 32n, 1n << 31n, 1n << 53n, (1n << 64n) - 1n]],
        [16, [0n, BigInt(length) + 1n, 1n << 31n, 1n << 53n, (1n << 64n) - 1n]],
      ] as const) {
        for (const value of values) {
          if (field === 16 && Number(value) === length) continue;
          const bytes = file.slice();
          new DataView(bytes.buffer).setBigUint64(at + field, value, true);
          expect(isAccepted(repairChecksums(bytes, containerEntries(bytes)))).toBe(false);
        }
      }
    }
  });

  it('survives 400 random mutations within bounded memory', () => {
    const random = new RandomStream(7, `mutations/${_name}`);
    let accepted = 0;
    for (let run = 0; run < 400; run++) {
      const bytes = applyMutations(file, drawMutations(random, file));
      if (isAccepted(bytes)) accepted++;
    }
    // codes may be any bits, so some are taken
    expect(accepted).toBeGreaterThan(0);
    expect(accepted).toBeLessThan(200);
    expect(core.memoryBytes()).toBeLessThan(64 << 20);
  });
});

it('names kind and version of files it does not know', () => {
  const file = FILES['ivf saq l2'];
  const entries = containerEntries(file);
  const version = file.slice();
  version[6] = 9;
  expect(() => loadIndex(core, repairChecksums(version, entries))).toThrow(/version expected 1 or 2, got 9/);
  const kind = file.slice();
  kind[8] = 'X'.charCodeAt(0);
  expect(() => loadIndex(core, repairChecksums(kind, entries))).toThrow(
    /kind expected "IVFINDEX", got "XVFINDEX"/,
  );
});
