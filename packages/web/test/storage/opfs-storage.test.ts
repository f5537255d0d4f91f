import { afterEach, describe, expect, it, vi } from 'vitest';
import { hasOpfs, OpfsStorage } from '../../src/storage/opfs-storage.ts';
import { QuotaError } from '../../src/storage/quota-error.ts';
import { FakeOpfs } from '../support/fake-opfs.ts';
import { storageCase } from './storage.case.ts';

function use(disk: FakeOpfs, estimate = { quota: 1e9, usage: 0 }): void {
  vi.stubGlobal('navigator', {
    storage: { getDirectory: async () => disk.root, estimate: async () => estimate },
  });
}

afterEach(() => vi.unstubAllGlobals());

storageCase('opfs', async () => {
  use(new FakeOpfs());
  return OpfsStorage.open();
});

describe('OpfsStorage', () => {
  const old = Uint8Array.from({ length: 5000 }, (_, i) => i);
  const fresh = Uint8Array.from({ length: 7000 }, (_, i) => 3 * i);
  const pieces = [fresh.subarray(0, 3000), fresh.subarray(3000)];

  async function read(disk: FakeOpfs): Promise<Uint8Array> {
    use(disk);
    const source = await (await OpfsStorage.open()).open('index');
    return source.read(0, source.size);
  }

  it('has the old or the new index wherever a write is cut off, and goes on from there', async () => {
    const clean = new FakeOpfs();
    use(clean);
    await (await OpfsStorage.open()).write('index', [old]);
    const before = clean.changes;
    await (await OpfsStorage.open()).write('index', pieces);
    const steps = clean.changes - before;
    expect(steps).toBeGreaterThan(5);
    const seen = { old: 0, fresh: 0 };
    for (let stop = 1; stop <= steps; stop++) {
      const disk = new FakeOpfs();
      use(disk);
      const storage = await OpfsStorage.open();
      await storage.write('index', [old]);
      disk.stopAfter = stop;
      await storage.write('index', pieces).catch(() => {});
      disk.stopAfter = Number.POSITIVE_INFINITY;
      const found = await read(disk);
      const isFresh = found.length === fresh.length;
      seen[isFresh ? 'fresh' : 'old']++;
      expect(Buffer.compare(found, isFresh ? fresh : old)).toBe(0);
      // what the cut left behind does not disturb the next write, and goes with it
      await (await OpfsStorage.open()).write('index', pieces);
      expect(Buffer.compare(await read(disk), fresh)).toBe(0);
      const folder = await (await disk.root.getDirectoryHandle('sagitta')).getDirectoryHandle('index');
      expect([...folder.entries.keys()].filter((key) => key.endsWith('.sag'))).toHaveLength(1);
    }
    expect(seen.old).toBeGreaterThan(0);
    expect(seen.fresh).toBeGreaterThan(0);
  });

  it('says what was wanted and what there is where the quota ends, and keeps the old index', async () => {
    const disk = new FakeOpfs();
    use(disk);
    const storage = await OpfsStorage.open();
    await storage.write('index', [old]);
    use(disk, { quota: 5000, usage: 4000 });
    await expect(storage.write('index', pieces)).rejects.toMatchObject({
      name: 'QuotaError',
      code: 'SAGITTA_QUOTA',
      wanted: 7000,
      available: 1000,
    });
    use(disk);
    disk.quota = 6000;
    await expect(storage.write('index', pieces)).rejects.toThrow(QuotaError);
    expect(Buffer.compare(await read(disk), old)).toBe(0);
  });

  it('is not there without a file system, or where writing is not allowed', async () => {
    vi.stubGlobal('navigator', { storage: {} });
    expect(await hasOpfs()).toBe(false);
    await expect(OpfsStorage.open()).rejects.toMatchObject({ code: 'SAGITTA_UNSUPPORTED' });
    vi.stubGlobal('navigator', {
      storage: {
        getDirectory: async () => {
          throw new DOMException('private window', 'SecurityError');
        },
      },
    });
    expect(await hasOpfs()).toBe(false);
    use(new FakeOpfs());
    expect(await hasOpfs()).toBe(true);
  });
});
