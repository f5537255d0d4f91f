/**
 * Hostile index files: every field flipped, made huge, cut off; 10,000 random mutations, half of them with checksums
 * made right again. Each ends in FormatError or in an index that works, takes no memory beyond a small multiple of the
 * file, and leaves none behind.
 */
import { crc32, createCore, FormatError, RandomStream } from '@sagitta/core-wasm';
import { clusteredRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { buildFlat, buildIvf, type IvfIndex, loadIndex, saveIndex } from '../../src/index.ts';

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
  'flat float l2': saved(() => buildFlat(core, rows, D, { metric: 'l2', quantizer: 'none' })),
} as const;

const HEADER = 32;
const ENTRY = 24;

interface Entry {
  readonly id: string;
  /** Of the entry in the table. */
  readonly at: number;
  readonly offset: number;
  readonly length: number;
}

function table(bytes: Uint8Array): Entry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return Array.from({ length: view.getUint32(16, true) }, (_, i) => {
    const at = HEADER + ENTRY * i;
    const id = String.fromCharCode(...bytes.subarray(at, at + 4)).replaceAll('\0', '');
    return {
      id,
      at,
      offset: Number(view.getBigUint64(at + 8, true)),
      length: Number(view.getBigUint64(at + 16, true)),
    };
  });
}

/** Makes every checksum right, where the table still points into the file. */
function repair(bytes: Uint8Array, entries: readonly Entry[]): Uint8Array {
  const view = new DataView(bytes.buffer);
  for (const { at, offset, length } of entries) {
    if (offset + length <= bytes.length) {
      view.setUint32(at + 4, crc32(bytes.subarray(offset, offset + length)), true);
    }
  }
  view.setUint32(20, 0, true);
  view.setUint32(20, crc32(bytes.subarray(0, HEADER + ENTRY * entries.length)), true);
  return bytes;
}

/** Whether the bytes were taken; any error but FormatError fails the test, and so does memory that stays. */
function isAccepted(bytes: Uint8Array): boolean {
  const used = core.bytesUsed();
  let index: IvfIndex;
  try {
    index = loadIndex(core, bytes);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    expect(core.bytesUsed()).toBe(used);
    return false;
  }
  try {
    const query = rows.subarray(0, index.d);
    if (query.length === index.d) {
      const { ids } = index.search(query, 10, { nprobe: 3 });
      expect(new Set(ids).size).toBe(ids.length);
      for (const id of ids) expect(id).toBeLessThan(index.n);
    }
    // what was accepted is written as it was read
    expect(saveIndex(index).length).toBe(bytes.length);
  } finally {
    index.dispose();
  }
  expect(core.bytesUsed()).toBe(used);
  return true;
}

describe.each(Object.entries(FILES))('%s', (_name, file) => {
  const entries = table(file);

  it('is accepted as it is', () => {
    expect(isAccepted(file.slice())).toBe(true);
    expect(isAccepted(repair(file.slice(), entries))).toBe(true);
    expect(Buffer.compare(repair(file.slice(), entries), file)).toBe(0);
  });

  it('ends in FormatError wherever it is cut off, and with bytes behind it', () => {
    const step = file.length > 4000 ? 7 : 1;
    for (let length = 0; length < file.length; length += length < 256 ? 1 : step) {
      expect(isAccepted(file.slice(0, length))).toBe(false);
    }
    expect(isAccepted(Buffer.concat([file, new Uint8Array(1)]))).toBe(false);
  });

  it('ends in FormatError where any byte of header, table or padding is another', () => {
    const covered = new Uint8Array(file.length);
    for (const { offset, length } of entries) covered.fill(1, offset, offset + length);
    for (let at = 0; at < file.length; at++) {
      if (covered[at] === 1) continue;
      for (const mask of [1, 0x80, 0xff]) {
        const bytes = file.slice();
        bytes[at] = (bytes[at] as number) ^ mask;
        expect(isAccepted(bytes), `byte ${at}`).toBe(false);
      }
    }
  });

  it('ends in FormatError where any 4 bytes of a small section are huge, checksums right', () => {
    for (const { id, offset, length } of entries.filter((entry) =>
      ['META', 'SIZE', 'IDS'].includes(entry.id),
    )) {
      for (let at = offset; at + 4 <= offset + length; at += 4) {
        for (const value of [0xffffffff, 0x7fffffff, 0x10000000, 1e6]) {
          const bytes = file.slice();
          new DataView(bytes.buffer).setUint32(at, value, true);
          expect(isAccepted(repair(bytes, entries)), `${id} at ${at - offset}: ${value}`).toBe(false);
        }
      }
    }
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
          expect(isAccepted(repair(bytes, table(bytes)))).toBe(false);
        }
      }
    }
  });

  it('survives 2,500 random mutations within bounded memory', () => {
    const random = new RandomStream(7, `mutations/${_name}`);
    const below = (limit: number): number => random.nextU32() % limit;
    let accepted = 0;
    for (let run = 0; run < 2_500; run++) {
      let bytes = file.slice();
      const changes = 1 + below(4);
      for (let i = 0; i < changes; i++) {
        const at = below(3) === 0 ? below(Math.min(bytes.length, 512)) : below(bytes.length);
        const kind = below(4);
        if (kind === 0) bytes[at] = random.nextU32();
        else if (kind === 1) bytes[at] = (bytes[at] as number) ^ (1 << below(8));
        else if (kind === 2) bytes.fill(below(2) * 255, at, at + 1 + below(16));
        else bytes.copyWithin(at, below(bytes.length), below(bytes.length));
      }
      if (below(8) === 0) bytes = bytes.slice(0, below(bytes.length));
      // half with checksums made right, so that what lies behind them is tried
      if (run % 2 === 0 && bytes.length > HEADER + ENTRY * entries.length) repair(bytes, entries);
      if (isAccepted(bytes)) accepted++;
    }
    // codes may be any bits, so some are taken
    expect(accepted).toBeGreaterThan(0);
    expect(accepted).toBeLessThan(1_250);
    expect(core.memoryBytes()).toBeLessThan(64 << 20);
  });
});

it('names kind and version of files it does not know', () => {
  const file = FILES['ivf saq l2'];
  const entries = table(file);
  const version = file.slice();
  version[6] = 9;
  expect(() => loadIndex(core, repair(version, entries))).toThrow(/version expected 1, got 9/);
  const kind = file.slice();
  kind[8] = 'X'.charCodeAt(0);
  expect(() => loadIndex(core, repair(kind, entries))).toThrow(/kind expected "IVFINDEX", got "XVFINDEX"/);
});
