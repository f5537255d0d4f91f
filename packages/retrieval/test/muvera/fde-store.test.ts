import { type BlockRows, ByteReader, CapacityError, createCore, FormatError } from '@sagitta/core-wasm';
import { bytesOfPieces, gaussianRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import {
  createFdeStore,
  FDE_ENCODINGS,
  type FdeStore,
  type FdeStoreOptions,
  readFdeStore,
} from '../../src/muvera/index.ts';
import { dot } from './fde-fixtures.ts';

const LENGTH = 96;
const BLOCK = 32;
/** More than a chunk of 1,024. */
const N = 1100;
const core = createCore();

/** FDEs with a large common part, as learned ones have. */
function fdes(n: number, length = LENGTH, seed = 1): Float32Array {
  const common = gaussianRows(1, length, 99);
  return gaussianRows(n, length, seed).map((value, i) => value + 3 * common[i % length]);
}

/** A query of few blocks. */
function sparseQuery(length = LENGTH, block = BLOCK, seed = 2): Float32Array {
  const dense = gaussianRows(1, length, seed);
  return dense.map((value, i) => (Math.floor(i / block) % 3 === 0 ? value : 0));
}

const data = fdes(N);
const query = sparseQuery();
const exact = Float64Array.from({ length: N }, (_, i) =>
  dot(query, data.subarray(i * LENGTH, (i + 1) * LENGTH)),
);

/** Bound of the mean error of a score, in standard deviations of the scores. */
const ERRORS = { float32: 1e-6, int8: 0.02, saq: 0.12, bit1: 0.8, pq256x8: 0.75 } as const;

function filled(options: Partial<FdeStoreOptions> & Pick<FdeStoreOptions, 'encoding'>): FdeStore {
  const store = createFdeStore(core, {
    length: LENGTH,
    blockLength: BLOCK,
    sample: data.subarray(0, 300 * LENGTH),
    ...options,
  });
  // in uneven parts, so that chunks grow and are crossed
  for (let first = 0, size = 1; first < N; first += size, size = 3 * size) {
    store.append(data.subarray(first * LENGTH, Math.min(N, first + size) * LENGTH));
  }
  return store;
}

function spread(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

describe.each(FDE_ENCODINGS)('an FDE store of %s', (encoding) => {
  it('scores near the exact inner products', () => {
    using store = filled({ encoding });
    const all = store.scoreSlots(
      query,
      Uint32Array.from({ length: N }, (_, i) => i),
    );
    let error = 0;
    for (let i = 0; i < N; i++) error += Math.abs(all[i] - exact[i]) / N;
    expect(error).toBeLessThan(ERRORS[encoding] * spread(exact));
  });

  it('searches as its own scores rank, ties to the lower slot', () => {
    using store = filled({ encoding });
    const all = store.scoreSlots(
      query,
      Uint32Array.from({ length: N }, (_, i) => i),
    );
    const ranked = Uint32Array.from({ length: N }, (_, i) => i).sort((a, b) => all[b] - all[a] || a - b);
    const { slots, scores } = store.search(query, 50);
    expect(slots).toEqual(ranked.slice(0, 50));
    expect(scores).toEqual(Float32Array.from(slots, (slot) => all[slot]));
    store.append(data.subarray(7 * LENGTH, 8 * LENGTH));
    const twice = store.search(query, N + 1).slots;
    expect(twice.indexOf(N)).toBe(twice.indexOf(7) + 1);
  });

  it('returns allowed slots only', () => {
    using store = filled({ encoding });
    const allowed = new Uint32Array(Math.ceil(N / 32));
    for (const slot of [3, 500, 1023, 1024, 1099]) allowed[slot >>> 5] |= 1 << (slot & 31);
    const { slots } = store.search(query, 10, allowed);
    expect([...slots].sort((a, b) => a - b)).toEqual([3, 500, 1023, 1024, 1099]);
    expect(store.search(query, 10, new Uint32Array(allowed.length)).slots.length).toBe(0);
  });

  it('replaces a slot as if it had been appended so', () => {
    using store = filled({ encoding });
    store.replace(1050, data.subarray(5 * LENGTH, 6 * LENGTH));
    const [a, b, next] = store.scoreSlots(query, Uint32Array.of(5, 1050, 1051));
    expect(b).toBe(a);
    using fresh = filled({ encoding });
    expect(next).toBe(fresh.scoreSlots(query, Uint32Array.of(1051))[0]);
  });

  it('is the same after saving and loading', () => {
    using store = filled({ encoding });
    const bytes = bytesOfPieces(store.codePieces());
    expect(bytes.length).toBe(N * store.bytesPerDocument);
    using loaded = readFdeStore(core, new ByteReader(store.parameters()), bytes);
    expect(loaded.search(query, 100)).toEqual(store.search(query, 100));
    expect(Buffer.from(bytesOfPieces(loaded.codePieces())).equals(bytes)).toBe(true);
    loaded.append(data.subarray(0, LENGTH));
    expect(loaded.scoreSlots(query, Uint32Array.of(0, N))[1]).toBe(
      store.scoreSlots(query, Uint32Array.of(0))[0],
    );
  });

  it('refuses parameters with a changed or missing byte, or says nothing wrong of them', () => {
    using small = createFdeStore(core, {
      encoding,
      length: LENGTH,
      blockLength: BLOCK,
      sample: data.subarray(0, 300 * LENGTH),
    });
    small.append(data.subarray(0, 3 * LENGTH));
    const parameters = small.parameters();
    const codes = bytesOfPieces(small.codePieces());
    const used = core.bytesUsed();
    const refused = (bytes: Uint8Array, body: Uint8Array): boolean => {
      try {
        readFdeStore(core, new ByteReader(bytes), body).dispose();
        return false;
      } catch (error) {
        // a hostile length asks for no more than the format's cap
        expect(error instanceof FormatError || error instanceof CapacityError).toBe(true);
        return true;
      }
    };
    for (let at = 0; at < Math.min(parameters.length, 40); at++) {
      for (const value of [0, 1, 127, 255]) {
        const changed = parameters.slice();
        changed[at] = value;
        const isRefused = refused(changed, codes);
        // version, encoding's upper bytes, length and counts decide the size of the codes
        if (at < 4 && changed[at] !== parameters[at]) expect(isRefused).toBe(true);
      }
    }
    for (const length of [0, 4, 19, parameters.length - 1])
      expect(refused(parameters.slice(0, length), codes)).toBe(true);
    expect(refused(parameters, codes.subarray(1))).toBe(true);
    expect(refused(bytesOfPieces([parameters, Uint8Array.of(0)]), codes)).toBe(true);
    if (encoding !== 'pq256x8') {
      const nan = codes.slice();
      // scales come first, factors last, floats are everywhere
      const at = encoding === 'int8' ? 0 : nan.length - 4;
      nan.set([0, 0, 0xc0, 0x7f], at);
      expect(refused(parameters, nan)).toBe(true);
    }
    expect(core.bytesUsed()).toBe(used);
  });

  it('gives its memory back', () => {
    const before = core.bytesUsed();
    const store = filled({ encoding });
    const held = core.bytesUsed() - before;
    // blocks are counted in whole cache lines
    expect(Math.abs(held - store.bytesUsed())).toBeLessThan(64 * 8);
    expect(store.bytesUsed()).toBeGreaterThanOrEqual(N * store.bytesPerDocument);
    store.dispose();
    expect(core.bytesUsed()).toBe(before);
  });

  it('takes FDEs of one block, of any length', () => {
    const length = 77;
    const sample = fdes(300, length, 5);
    using store = createFdeStore(core, { encoding, length, blockLength: length, sample });
    store.append(sample);
    const q = gaussianRows(1, length, 6);
    const truth = Float64Array.from({ length: 300 }, (_, i) =>
      dot(q, sample.subarray(i * length, (i + 1) * length)),
    );
    const best = truth.indexOf(Math.max(...truth));
    expect(store.search(q, 20).slots.includes(best)).toBe(true);
  });
});

describe('an FDE store', () => {
  it('refuses what does not fit', () => {
    const make = (options: Partial<FdeStoreOptions>): FdeStore =>
      createFdeStore(core, { encoding: 'float32', length: 64, blockLength: 16, ...options });
    expect(() => make({ blockLength: 48 })).toThrow('divisor');
    expect(() => make({ encoding: 'saq', bits: 9 })).toThrow('"bits"');
    expect(() => make({ encoding: 'pq256x8', sample: fdes(100, 64) })).toThrow('256');
    expect(() => make({ sample: new Float32Array(65) })).toThrow('"sample"');
    using store = make({});
    store.append(fdes(3, 64));
    expect(() => store.append(new Float32Array(65))).toThrow('"fdes"');
    expect(() => store.append(new Float32Array(64).fill(Number.NaN))).toThrow('finite');
    expect(() => store.replace(3, new Float32Array(64))).toThrow('"slot"');
    expect(() => store.search(new Float32Array(63), 1)).toThrow('"query"');
    expect(() => store.search(new Float32Array(64), 1, new Uint32Array(2))).toThrow('"allowed"');
    expect(() => store.scoreSlots(new Float32Array(64), Uint32Array.of(3))).toThrow('"slot"');
    expect(store.n).toBe(3);
  });

  it('of nothing finds nothing', () => {
    using store = createFdeStore(core, { encoding: 'int8', length: 64, blockLength: 16 });
    expect(store.search(new Float32Array(64), 5).slots.length).toBe(0);
    expect(store.codePieces()).toEqual([]);
    using loaded = readFdeStore(core, new ByteReader(store.parameters()), new Uint8Array(0));
    expect(loaded.n).toBe(0);
  });

  it('reads the blocks that a query touches and no others', () => {
    using store = createFdeStore(core, { encoding: 'float32', length: 256, blockLength: 64 });
    const one = new Float32Array(256).fill(1);
    store.append(one);
    const q = new Float32Array(256);
    q.fill(1, 64, 128);
    // what lies in the other blocks would turn the score into NaN
    const pieces = store.codePieces() as BlockRows[];
    expect(pieces.length).toBe(4);
    pieces[0].block.f32(pieces[0].byteOffset, 64).fill(Number.NaN);
    expect(store.search(q, 1).scores[0]).toBe(64);
  });
});
