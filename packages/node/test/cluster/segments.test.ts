/** Segments of a storage as indexes: what is damaged, missing or another is refused by name, and copies are fetched again. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCore } from '@sagitta/core-wasm';
import { buildFlat, saveIndex } from '@sagitta/retrieval';
import { describe, expect, it } from 'vitest';
import { hashOf, segmentKey } from '../../src/cluster/content.ts';
import { folderObjects } from '../../src/cluster/folder-objects.ts';
import { objectBytes } from '../../src/cluster/object-storage.ts';
import { loadSegment } from '../../src/cluster/segments.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = temporaryFolder();
const ROWS = 5;
let made = 0;

/** A storage with a segment, an empty folder for copies, and the shard of the manifest. */
async function scene() {
  const core = createCore();
  using index = buildFlat(
    core,
    Float32Array.from({ length: 2 * ROWS }, (_, i) => i),
    2,
    {
      metric: 'l2',
      quantizer: 'float32',
    },
  );
  const bytes = saveIndex(index);
  const segment = hashOf(objectBytes(bytes));
  const key = segmentKey(segment);
  const storage = folderObjects(join(folder.path, `storage${made++}`));
  await storage.put(key, objectBytes(bytes));
  const copies = join(folder.path, `copies${made}`);
  const shard = { id: 0, segment, rows: ROWS, firstId: 0, bytes: bytes.length };
  const load = async (rows = ROWS): Promise<number> => {
    using loaded = await loadSegment(core, storage, copies, { ...shard, rows });
    return loaded.n;
  };
  return { storage, key, bytes, copy: join(copies, key), load };
}

/** Bytes of which one is another. */
function flipped(bytes: Uint8Array): Uint8Array {
  const other = Uint8Array.from(bytes);
  other[other.length >> 1] = (other[other.length >> 1] as number) ^ 1;
  return other;
}

describe('a segment', () => {
  it('is copied once, and again where the copy is damaged', async () => {
    const { storage, key, bytes, copy, load } = await scene();
    expect(await load()).toBe(ROWS);
    for (const damaged of [flipped(bytes), bytes.subarray(0, 9), new Uint8Array(0)]) {
      await writeFile(copy, damaged);
      expect(await load()).toBe(ROWS);
      expect(Buffer.compare(await readFile(copy), bytes)).toBe(0);
    }
    await storage.remove(key);
    expect(await load()).toBe(ROWS);
  });

  it('is refused where the storage has another, a part of it or none; no copy is left', async () => {
    const { storage, key, bytes, copy, load } = await scene();
    await storage.put(key, objectBytes(flipped(bytes)));
    await expect(load()).rejects.toThrow(`${key}: expected bytes of that hash, got `);
    await storage.put(key, objectBytes(bytes.subarray(1)));
    await expect(load()).rejects.toThrow(
      `${key}: expected an object of ${bytes.length} bytes, got ${bytes.length - 1}`,
    );
    await storage.remove(key);
    await expect(load()).rejects.toThrow(`${key}: expected an object of ${bytes.length} bytes, got none`);
    await expect(readFile(copy)).rejects.toThrow('ENOENT');
    await storage.put(key, objectBytes(bytes));
    expect(await load()).toBe(ROWS);
    await expect(load(4)).rejects.toThrow('expected 4 rows as the manifest says, got 5');
  });
});
