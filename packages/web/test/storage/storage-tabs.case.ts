/** What a storage has to do whatever several tabs do at once, and wherever one of them ends. */
import { RandomStream } from '@sagitta/core-wasm';
import type { ByteSource } from '@sagitta/retrieval';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { IndexStorage, StorageKind } from '../../src/index.ts';
import { FakeOrigin, passTime } from '../support/fake-origin.ts';
import { FakeTab } from '../support/fake-tab.ts';

async function readAll(source: ByteSource): Promise<Uint8Array> {
  try {
    return await source.read(0, source.size);
  } finally {
    await source.close?.();
  }
}

export function storageTabsCase(kind: StorageKind, hasLocks: boolean): void {
  describe(`tabs over ${kind}, ${hasLocks ? 'with' : 'without'} Web Locks`, () => {
    /** In IndexedDB longer than a block, so that a write has several steps. */
    const LENGTH = kind === 'indexeddb' ? 1_050_000 : 20_000;

    /** Content that says whose it is at every byte. */
    function content(writer: number): Uint8Array[] {
      const bytes = new Uint8Array(LENGTH + writer).fill(writer);
      return [bytes.subarray(0, 1000), bytes.subarray(1000)];
    }

    /** Whose the whole content is. */
    async function ownerIn(storage: IndexStorage): Promise<number> {
      const bytes = await readAll(await storage.open('index'));
      const owner = bytes[0] ?? -1;
      expect(Buffer.compare(bytes, Buffer.concat(content(owner)))).toBe(0);
      return owner;
    }

    let origin: FakeOrigin;
    const open = (tab?: FakeTab): Promise<IndexStorage> => origin.open(tab);
    beforeEach(() => {
      origin = new FakeOrigin(kind, hasLocks);
    });
    afterEach(() => {
      vi.restoreAllMocks();
      vi.unstubAllGlobals();
    });

    /** How many changes a second write of content 2 takes. */
    async function stepsOfAWrite(): Promise<number> {
      const tab = new FakeTab();
      const storage = await open(tab);
      await storage.write('index', content(1));
      const before = tab.changes;
      await storage.write('index', content(2));
      return tab.changes - before;
    }

    it('has the old or the new index wherever a write is cut off, and nothing of it after the next', async () => {
      const steps = await stepsOfAWrite();
      expect(steps).toBeGreaterThan(3);
      const seen = new Set<number>();
      for (let stop = 0; stop <= steps; stop++) {
        origin = new FakeOrigin(kind, hasLocks);
        const tab = new FakeTab();
        const storage = await open(tab);
        await storage.write('index', content(1));
        tab.stopAfter = stop;
        await storage.write('index', content(2)).catch(() => {});
        tab.kill();
        seen.add(await ownerIn(await open()));
        // without locks nobody knows at once that the writer is dead
        if (!hasLocks) passTime(61_000);
        const next = await open();
        expect(await origin.generations()).toBe(1);
        await next.write('index', content(3));
        expect(await ownerIn(next)).toBe(3);
        expect(await origin.generations()).toBe(1);
        expect(await next.list()).toEqual([{ name: 'index', bytes: LENGTH + 3 }]);
        vi.restoreAllMocks();
      }
      expect([...seen].sort()).toEqual([1, 2]);
    });

    it('has nothing or the whole of a first write that is cut off', async () => {
      const steps = await stepsOfAWrite();
      for (let stop = 0; stop <= steps + 2; stop++) {
        origin = new FakeOrigin(kind, hasLocks);
        const tab = new FakeTab();
        const storage = await open(tab);
        tab.stopAfter = stop;
        await storage.write('index', content(1)).catch(() => {});
        tab.kill();
        if (!hasLocks) passTime(61_000);
        const next = await open();
        const names = (await next.list()).length;
        expect(await origin.generations()).toBe(names);
        if (names === 1) expect(await ownerIn(next)).toBe(1);
        else await expect(next.open('index')).rejects.toMatchObject({ code: 'SAGITTA_NOT_FOUND' });
        // the lock of a storage without Web Locks is a file, which stays
        const files = [...origin.disk.files().keys()].filter((path) => !path.endsWith('/.lock'));
        if (names === 0) expect(files).toEqual([]);
        vi.restoreAllMocks();
      }
    });

    it('is whole wherever a removal is cut off', async () => {
      for (let stop = 0; stop < 6; stop++) {
        origin = new FakeOrigin(kind, hasLocks);
        const tab = new FakeTab();
        const storage = await open(tab);
        await storage.write('index', content(1));
        await storage.write('index', content(2));
        tab.stopAfter = stop;
        await storage.remove('index').catch(() => {});
        tab.kill();
        const next = await open();
        const names = (await next.list()).length;
        if (names === 1) expect(await ownerIn(next)).toBe(2);
        expect(await origin.generations()).toBe(names);
        await next.write('index', content(3));
        expect(await ownerIn(next)).toBe(3);
        expect(await origin.generations()).toBe(1);
      }
    });

    it.each([1, 2, 3, 4])(
      'is whole at every step of two writers, a remover and a reader, order %i',
      async (seed) => {
        const random = new RandomStream(seed, 'turns');
        const waiting: (() => void)[] = [];
        const turn = (): Promise<void> => new Promise((go) => void waiting.push(go));
        const inTurn = async (): Promise<IndexStorage> => {
          const tab = new FakeTab();
          const storage = await open(tab);
          tab.turn = turn;
          return storage;
        };
        await (await open()).write('index', content(1));
        const [one, two, three, reader] = [await inTurn(), await inTurn(), await inTurn(), await inTurn()];
        const isRemoved = seed % 2 === 0;
        const writing = Promise.all([
          one.write('index', content(2)).then(() => one.write('index', content(3))),
          two.write('index', content(4)).then(() => two.write('index', content(5))),
          isRemoved ? three.remove('index').then(() => three.write('index', content(6))) : three.list(),
        ]);
        let isWritten = false;
        const seen = new Set<number>();
        const codes = [...(isRemoved ? ['SAGITTA_NOT_FOUND'] : []), ...(hasLocks ? [] : ['SAGITTA_CHANGED'])];
        const reading = (async () => {
          for (let tries = 0; !isWritten || tries === 0; tries++) {
            try {
              seen.add(await ownerIn(reader));
            } catch (error) {
              expect(codes).toContain((error as { code?: string }).code ?? error);
            }
          }
        })();
        let isDone = false;
        const done = Promise.all([
          writing.finally(() => {
            isWritten = true;
          }),
          reading,
        ]).finally(() => {
          isDone = true;
        });
        while (!isDone) {
          // a timer may be all that is waited for
          await new Promise((next) => (waiting.length > 0 ? setImmediate(next) : setTimeout(next, 1)));
          waiting.splice(random.nextBelow(Math.max(1, waiting.length)), 1)[0]?.();
        }
        await done;
        expect(Math.max(0, ...seen)).toBeLessThanOrEqual(6);
        expect(isRemoved ? [3, 5, 6] : [3, 5]).toContain(await ownerIn(await open()));
        await (await open()).write('index', content(7));
        expect(await origin.generations()).toBe(1);
      },
    );

    it('opens what is whole whichever step of the opening a save of another tab falls into', async () => {
      const seen = new Set<unknown>();
      for (let at = 1; at <= 16; at++) {
        origin = new FakeOrigin(kind, hasLocks);
        const writer = await open();
        await writer.write('index', content(1));
        const tab = new FakeTab();
        const reader = await open(tab);
        let steps = 0;
        tab.turn = async () => {
          if (++steps === at) await writer.write('index', content(2));
        };
        seen.add(await ownerIn(reader).catch((error) => error.code ?? error));
      }
      expect([...seen].sort()).toEqual(hasLocks ? [1, 2] : [1, 2, 'SAGITTA_CHANGED']);
    });

    it('gives a reader the old bytes or ChangedError, when the name is replaced, and when it is removed and used again', async () => {
      const storage = await open();
      for (const isRemoved of [true, false]) {
        await storage.write('index', content(1));
        const source = await (await open()).open('index');
        expect((await source.read(10, 1))[0]).toBe(1);
        if (isRemoved) await storage.remove('index');
        for (const writer of [2, 3, 4]) {
          await storage.write('index', content(writer));
          if (hasLocks) expect(await source.read(LENGTH - 2, 2)).toEqual(Uint8Array.of(1, 1));
          else await expect(source.read(LENGTH - 2, 2)).rejects.toMatchObject({ code: 'SAGITTA_CHANGED' });
        }
        expect(await origin.generations()).toBe(hasLocks ? 2 : 1);
        await source.close?.();
        await expect(source.read(0, 1)).rejects.toThrow('"source" expected an open source');
        await open();
        expect(await origin.generations()).toBe(1);
        expect(await ownerIn(storage)).toBe(4);
      }
    });

    it('keeps what was there when a write fails, and nothing of the write', async () => {
      const storage = await open();
      await storage.write('index', content(1));
      const reason = new Error('no more chunks');
      function* failing(): Generator<Uint8Array> {
        yield* content(2);
        throw reason;
      }
      await expect(storage.write('index', failing())).rejects.toBe(reason);
      await expect(storage.write('index', content(2), LENGTH)).rejects.toThrow(
        `"byteLength" expected ${LENGTH + 2}, the bytes of the chunks, got ${LENGTH}`,
      );
      await expect(storage.write('other', failing())).rejects.toBe(reason);
      expect(await ownerIn(storage)).toBe(1);
      expect(await origin.generations()).toBe(1);
      expect(await storage.list()).toHaveLength(1);
    });

    it('asks for a chunk only when the one before is written', async () => {
      const storage = await open();
      let alive = 0;
      function* lazy(): Generator<Uint8Array> {
        const one = new Uint8Array(1 << 20);
        for (let i = 0; i < 12; i++) {
          alive++;
          one.fill(i);
          yield one;
        }
      }
      expect(await storage.write('index', lazy(), 12 << 20)).toBe(12 << 20);
      const source = await storage.open('index');
      for (let i = 0; i < 12; i++) expect((await source.read((i << 20) + 5, 1))[0]).toBe(i);
      await source.close?.();
      expect(alive).toBe(12);
    });
  });
}
