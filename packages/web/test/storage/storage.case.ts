/** What every storage has to do. */
import { createCore } from '@sagitta/core-wasm';
import { buildIvf, indexPieces, loadIndexFrom, openIndex, saveIndex, sourceChunks } from '@sagitta/retrieval';
import { clusteredRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import type { IndexStorage } from '../../src/index.ts';

export function storageCase(name: string, make: () => Promise<IndexStorage>): void {
  describe(`storage in ${name}`, () => {
    it('gives back what was written, at any range', async () => {
      const storage = await make();
      const bytes = Uint8Array.from({ length: 2_500_000 }, (_, i) => i * 7);
      expect(await storage.write('a', [bytes.subarray(0, 10), bytes.subarray(10)])).toBe(bytes.length);
      const source = await storage.open('a');
      expect(source.size).toBe(bytes.length);
      for (const [offset, length] of [
        [0, bytes.length],
        [1_048_570, 20],
        [1_048_576, 1],
        [2_499_999, 1],
        [5, 0],
        [900_000, 1_400_000],
      ] as const) {
        const got = await source.read(offset, length);
        expect(Buffer.compare(got, bytes.subarray(offset, offset + length))).toBe(0);
      }
      await expect(source.read(2_499_999, 2)).rejects.toThrow(RangeError);
      await source.close?.();
    });

    it('replaces, lists and removes', async () => {
      const storage = await make();
      await storage.write('b/1', [new Uint8Array(10)]);
      await storage.write('a ..', [new Uint8Array(20)]);
      await storage.write('b/1', [new Uint8Array(5)]);
      expect(await storage.list()).toEqual([
        { name: 'a ..', bytes: 20 },
        { name: 'b/1', bytes: 5 },
      ]);
      expect((await storage.open('b/1')).size).toBe(5);
      await storage.remove('b/1');
      await storage.remove('b/1');
      await expect(storage.open('b/1')).rejects.toMatchObject({
        code: 'SAGITTA_NOT_FOUND',
        message: '"name" expected a stored index, got "b/1"',
      });
      expect(await storage.list()).toEqual([{ name: 'a ..', bytes: 20 }]);
      await expect((async () => storage.write('', [new Uint8Array(1)]))()).rejects.toThrow(RangeError);
    });

    it('holds an index that loads and opens', async () => {
      const storage = await make();
      const core = createCore();
      const rows = clusteredRows(500, 16, { seed: 1, clusters: 5, spread: 0.4 });
      const index = buildIvf(core, rows, 16, { metric: 'l2', bits: 2, nlist: 5 });
      await storage.write('index', indexPieces(index));
      const loaded = await loadIndexFrom(core, sourceChunks(await storage.open('index')));
      expect(Buffer.compare(saveIndex(loaded), saveIndex(index))).toBe(0);
      const paged = await openIndex(core, await storage.open('index'));
      const query = rows.subarray(0, 16);
      expect(await paged.search(query, 5, { nprobe: 2 })).toEqual(index.search(query, 5, { nprobe: 2 }));
      for (const one of [loaded, paged, index]) one.dispose();
      expect(core.bytesUsed()).toBe(0);
    });
  });
}
