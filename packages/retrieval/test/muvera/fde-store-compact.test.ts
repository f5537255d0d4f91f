/** A compacted store is the store of what was kept, byte for byte. */
import { createCore } from '@sagitta/core-wasm';
import { bytesOfPieces, gaussianRows } from '@sagitta/testing';
import { expect, it } from 'vitest';
import { createFdeStore, FDE_ENCODINGS, type FdeStore } from '../../src/muvera/index.ts';

/** More than two chunks of 1,024. */
const N = 2_200;
const LENGTH = 64;
const rows = gaussianRows(N, LENGTH, 3);

it.each(FDE_ENCODINGS)('compacts %s codes in place', (encoding) => {
  using core = createCore();
  const make = (keep: ArrayLike<number>): FdeStore => {
    const sample = rows.subarray(0, 300 * LENGTH);
    const store = createFdeStore(core, { encoding, length: LENGTH, blockLength: 32, sample });
    const kept = new Float32Array(keep.length * LENGTH);
    for (let i = 0; i < keep.length; i++) {
      const slot = keep[i] as number;
      kept.set(rows.subarray(slot * LENGTH, (slot + 1) * LENGTH), i * LENGTH);
    }
    store.append(kept);
    return store;
  };
  const every = Array.from({ length: N }, (_, i) => i);
  for (const keep of [
    every,
    every.filter((slot) => slot % 3 !== 0),
    every.filter((slot) => slot > 1_500),
    every.filter((slot) => slot < 40 || slot % 97 === 5),
    [N - 1],
    [],
  ]) {
    using store = make(every);
    const used = core.bytesUsed();
    const saved = bytesOfPieces(store.codePieces(Uint32Array.from(keep)));
    store.compact(Uint32Array.from(keep));
    expect(core.bytesUsed()).toBeLessThanOrEqual(used);
    expect(store.n).toBe(keep.length);
    using fresh = make(keep);
    expect(Buffer.compare(store.parameters(), fresh.parameters())).toBe(0);
    expect(Buffer.compare(bytesOfPieces(store.codePieces()), bytesOfPieces(fresh.codePieces()))).toBe(0);
    expect(Buffer.compare(saved, bytesOfPieces(fresh.codePieces()))).toBe(0);
    const query = rows.subarray(0, LENGTH);
    expect(store.search(query, 20)).toEqual(fresh.search(query, 20));
    store.append(rows.subarray(0, 50 * LENGTH));
    fresh.append(rows.subarray(0, 50 * LENGTH));
    expect(store.search(query, 20)).toEqual(fresh.search(query, 20));
  }
  expect(core.bytesUsed()).toBe(0);
});

it('refuses slots that are not there or do not ascend, and stays as it was', () => {
  using core = createCore();
  using store = createFdeStore(core, { encoding: 'float32', length: LENGTH, blockLength: 32 });
  store.append(rows.subarray(0, 10 * LENGTH));
  for (const keep of [[10], [3, 3], [4, 2], [0, 1, 11]]) {
    expect(() => store.compact(Uint32Array.from(keep))).toThrow(/"keep"/);
  }
  expect(store.n).toBe(10);
});
