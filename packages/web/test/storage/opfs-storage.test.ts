import { ByteWriter, crc32 } from '@sagitta/core-wasm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openStorage } from '../../src/index.ts';
import { Locks } from '../../src/storage/locks.ts';
import { hasOpfs, OpfsStorage } from '../../src/storage/opfs-storage.ts';
import { QuotaError } from '../../src/storage/quota-error.ts';
import { FakeFileHandle, FakeOpfs } from '../support/fake-opfs.ts';
import { storageCase } from './storage.case.ts';
import { storageTabsCase } from './storage-tabs.case.ts';

function use(disk: FakeOpfs, estimate = { quota: 1e9, usage: 0 }): void {
  vi.stubGlobal('FileSystemFileHandle', FakeFileHandle);
  vi.stubGlobal('navigator', {
    storage: { getDirectory: async () => disk.folder(), estimate: async () => estimate },
  });
}

afterEach(() => vi.unstubAllGlobals());

storageCase('opfs', async () => {
  use(new FakeOpfs());
  return OpfsStorage.open();
});
storageTabsCase('opfs', true);
storageTabsCase('opfs', false);

describe('OpfsStorage', () => {
  const old = Uint8Array.from({ length: 5000 }, (_, i) => i);
  const fresh = Uint8Array.from({ length: 7000 }, (_, i) => 3 * i);
  const pieces = [fresh.subarray(0, 3000), fresh.subarray(3000)];
  let disk: FakeOpfs;
  beforeEach(() => {
    disk = new FakeOpfs();
    use(disk);
  });

  async function read(storage: OpfsStorage): Promise<Uint8Array> {
    const source = await storage.open('index');
    return source.read(0, source.size);
  }

  it('says what was wanted and what there is where the quota ends, and keeps the old index', async () => {
    const storage = await OpfsStorage.open();
    await storage.write('index', [old]);
    use(disk, { quota: 5000, usage: 4000 });
    await expect(storage.write('index', pieces)).rejects.toMatchObject({
      name: 'QuotaError',
      code: 'SAGITTA_QUOTA',
      message: '"index" expected at most 1000 bytes, which the browser\'s storage has left, got 7000',
      wanted: 7000,
      available: 1000,
    });
    expect(Buffer.compare(await read(storage), old)).toBe(0);
  });

  it('names no figure that is not so where the browser gives less than it says', async () => {
    const storage = await OpfsStorage.open();
    await storage.write('index', [old]);
    for (const writesShort of [false, true]) {
      Object.assign(disk, { quota: 6000, writesShort });
      const error = await storage.write('index', pieces).catch((caught) => caught);
      expect(error).toBeInstanceOf(QuotaError);
      expect(error).toMatchObject({ wanted: 7000, available: undefined });
      expect(error.message).toBe('"index" expected room for 7000 bytes in the browser\'s storage, got less');
      expect(Buffer.compare(await read(storage), old)).toBe(0);
      expect([...disk.files().keys()].filter((path) => path.endsWith('.sag'))).toHaveLength(1);
    }
  });

  it.each([0, 1, 2, 3])('says so where there is no room for file %i of a new name', async (more) => {
    const storage = await OpfsStorage.open();
    await storage.write('index', [old]);
    disk.fileQuota = disk.files().size + more;
    const outcome = await storage.write('other', pieces).catch((error) => error.code);
    expect(outcome).toBe(more < 2 ? 'SAGITTA_QUOTA' : 7000);
    expect((await storage.list()).length).toBe(more < 2 ? 1 : 2);
    expect(Buffer.compare(await read(storage), old)).toBe(0);
    // which storage is the first choice does not depend on how full it is
    expect((await openStorage()).kind).toBe('opfs');
  });

  it('takes away what saves left under other names before it asks for room', async () => {
    const folder = new Map([
      ['1-00000000000000aa.sag', { content: new Uint8Array(4000), isRemoved: false, holder: undefined }],
    ]);
    const storage = await OpfsStorage.open();
    await storage.write('index', [old]);
    (disk.root.get('sagitta') as Map<string, typeof folder>).set('cut', folder);
    expect(disk.files().has('sagitta/cut/1-00000000000000aa.sag')).toBe(true);
    await storage.write('index', pieces);
    expect(disk.files().has('sagitta/cut/1-00000000000000aa.sag')).toBe(false);
    expect((disk.root.get('sagitta') as Map<string, unknown>).has('cut')).toBe(false);
  });

  it('reads what the first layout has, and writes on', async () => {
    const manifest = (generation: number, bytes: number): Uint8Array<ArrayBuffer> => {
      const writer = new ByteWriter()
        .u32(0x4d474153)
        .u16(1)
        .u16(0)
        .u32(generation)
        .u32(0)
        .u32(bytes)
        .u32(0)
        .u32(0);
      return writer.u32(crc32(writer.finish())).finish();
    };
    const file = (content: Uint8Array<ArrayBuffer>) => ({ content, isRemoved: false, holder: undefined });
    const folder = new Map([
      ['3.sag', file(old)],
      ['4.sag', file(new Uint8Array(99))],
      ['0.manifest', file(manifest(2, 77))],
      ['1.manifest', file(manifest(3, old.length))],
    ]);
    disk.root.set('sagitta', new Map([['index', folder]]));
    const storage = await OpfsStorage.open();
    expect([...folder.keys()].sort()).toEqual(['0.manifest', '1.manifest', '3.sag']);
    expect(await storage.list()).toEqual([{ name: 'index', bytes: old.length }]);
    expect(Buffer.compare(await read(storage), old)).toBe(0);
    await storage.write('index', pieces);
    expect(Buffer.compare(await read(storage), fresh)).toBe(0);
    expect([...folder.keys()].filter((key) => key.endsWith('.sag'))).toEqual([
      expect.stringMatching(/^4-[0-9a-f]{16}\.sag$/),
    ]);
  });

  it('leaves alone what a later version has written', async () => {
    const writer = new ByteWriter().u32(0x4d474153).u16(3).u16(0).u32(1).u32(0).u32(4).u32(0).u32(0);
    const content = writer.u32(crc32(writer.finish())).finish();
    const folder = new Map([
      ['1-of-another-kind.sag', { content, isRemoved: false, holder: undefined }],
      ['1.manifest', { content, isRemoved: false, holder: undefined }],
    ]);
    disk.root.set('sagitta', new Map([['index', folder]]));
    const storage = await OpfsStorage.open();
    for (const use of [storage.open('index'), storage.write('index', pieces), storage.remove('index')]) {
      await expect(use).rejects.toThrow('"name" expected a manifest up to version 2, got 3');
    }
    expect(folder.size).toBe(2);
  });

  it('is not there without a file system, or where writing is not allowed', async () => {
    expect(await hasOpfs()).toBe(true);
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
    // a page, which has no synchronous handles
    use(disk);
    vi.stubGlobal('FileSystemFileHandle', class {});
    expect(await hasOpfs()).toBe(false);
  });

  it('refuses to write in a page', async () => {
    const { prototype } = FakeFileHandle;
    const original = prototype.createSyncAccessHandle;
    Reflect.deleteProperty(prototype, 'createSyncAccessHandle');
    try {
      for (const locks of [new Locks(null), new Locks()]) {
        const storage = await OpfsStorage.open(locks);
        await expect(storage.write('index', pieces)).rejects.toMatchObject({ code: 'SAGITTA_UNSUPPORTED' });
      }
    } finally {
      prototype.createSyncAccessHandle = original;
    }
  });
});
