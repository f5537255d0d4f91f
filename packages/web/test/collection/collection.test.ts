/** Collections in the browser's storage, with tabs that are killed at each step; real browsers: runtime-tests/collection. */
import { IDBFactory, IDBObjectStore } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type BrowserCollectionOptions,
  type Collection,
  openCollection,
  removeCollection,
} from '../../src/collection/index.ts';
import { CollectionOrigin } from '../support/collection-origin.ts';
import { FakeTab } from '../support/fake-tab.ts';
import { FakeWebLocks } from '../support/fake-web-locks.ts';

const OPTIONS = { d: 2, metric: 'l2', foldAt: 1000 } as const;
let origin: CollectionOrigin;
beforeEach(() => {
  origin = new CollectionOrigin();
  origin.enter();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const open = (options: Partial<BrowserCollectionOptions> = {}): Promise<Collection> =>
  openCollection('c', { createWorker: origin.createWorker, ...options });
const one = (id: string, x: number) => ({ ids: [id], vectors: [[x, 0]] });

async function content(c: Collection): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for await (const { id, vector } of c.iterate()) found[String(id)] = vector[0] as number;
  return found;
}

describe('a collection in the browser', () => {
  /** Each step, with what is there after it. */
  const STEPS: readonly (readonly [(c: Collection) => Promise<unknown>, Record<string, number>])[] = [
    [(c) => c.upsert(one('a', 1)), { a: 1 }],
    [
      (c) =>
        c.upsert({
          ids: ['b', 'c'],
          vectors: [
            [2, 0],
            [3, 0],
          ],
        }),
      { a: 1, b: 2, c: 3 },
    ],
    [(c) => c.compact(), { a: 1, b: 2, c: 3 }],
    [(c) => c.upsert(one('b', 4)), { a: 1, b: 4, c: 3 }],
    [(c) => c.delete(['a']), { b: 4, c: 3 }],
    [(c) => c.compact(), { b: 4, c: 3 }],
    [(c) => c.delete(['b', 'c']), {}],
    [(c) => c.upsert(one('d', 5)), { d: 5 }],
    [(c) => c.compact(), { d: 5 }],
  ];

  /** @returns what is known to be there, and what may be */
  async function untilKilled(tab: FakeTab): Promise<Record<string, number>[]> {
    let known: Record<string, number> = {};
    try {
      const c = await open(OPTIONS);
      for (const [step, after] of STEPS) {
        try {
          await step(c);
        } catch {
          return [known, after];
        }
        known = after;
      }
      await c.close();
    } catch {
      // killed while it was opened
    } finally {
      tab.kill();
    }
    return [known];
  }

  it('has every acknowledged write wherever its tab is killed, and no file too many', async () => {
    const whole = origin.enter(new FakeTab());
    expect(await untilKilled(whole)).toEqual([{ d: 5 }]);
    expect(whole.changes).toBeGreaterThan(30);
    let orphans = 0;
    for (let stop = 0; stop < whole.changes; stop++) {
      origin = new CollectionOrigin();
      const tab = origin.enter(new FakeTab());
      tab.stopAfter = stop;
      const allowed = await untilKilled(tab);
      const before = origin.files('c');
      origin.enter();
      const c = await open(OPTIONS);
      expect(allowed, `killed after ${stop} changes`).toContainEqual(await content(c));
      expect((await c.verify()).isWhole).toBe(true);
      const { segments } = await c.report();
      const named = segments.flatMap(({ name }) => [name, name.replace('.sag', '.ids')]);
      expect(origin.files('c')).toEqual(named.sort());
      if (before.length > named.length) orphans++;
      await c.upsert(one('e', 6));
      if (before.length > named.length) {
        // names of what was cut off are given again
        await c.compact();
        expect((await c.vector('e'))[0]).toBe(6);
        expect(origin.files('c')).toHaveLength(2);
      }
      await c.close();
    }
    expect(orphans).toBeGreaterThan(5);
  }, 240_000);

  it('keeps a file that a reader has open until the reader has seen the next', async () => {
    const c = await open(OPTIONS);
    await c.upsert(one('a', 1));
    await c.compact();
    const reader = await open({ readOnly: true });
    expect(await content(reader)).toEqual({ a: 1 });
    await c.upsert(one('b', 2));
    await c.compact();
    expect(origin.files('c')).toContain('segment-000001.sag');
    expect(await content(reader)).toEqual({ a: 1, b: 2 });
    await c.upsert(one('c', 3));
    await c.compact();
    // the first is nobody's since the reader looked, and goes with what the next compaction removes
    expect(origin.files('c').filter((name) => name.endsWith('.sag'))).toEqual([
      'segment-000002.sag',
      'segment-000003.sag',
    ]);
    await reader.close();
    await c.close();
    expect(origin.files('c')).toEqual(['segment-000003.ids', 'segment-000003.sag']);
  });

  it('has one writer, and changes nothing for one whose lock was lost', async () => {
    const c = await open(OPTIONS);
    await c.upsert(one('a', 1));
    await expect(open(OPTIONS)).rejects.toMatchObject({ code: 'SAGITTA_LOCKED', collection: 'c' });
    await expect(removeCollection('c')).rejects.toMatchObject({ code: 'SAGITTA_LOCKED' });
    // a browser that took the first for dead
    origin.enter(new FakeTab(), new FakeWebLocks());
    const next = await open(OPTIONS);
    await next.upsert(one('b', 2));
    await expect(c.upsert(one('c', 3))).rejects.toMatchObject({ code: 'SAGITTA_LOCKED' });
    await expect(c.compact()).rejects.toMatchObject({ code: 'SAGITTA_LOCKED' });
    await next.upsert(one('d', 4));
    await next.close();
    const again = await open(OPTIONS);
    expect(await content(again)).toEqual({ a: 1, b: 2, d: 4 });
    await again.close();
  });

  it('says so where there is no room, and goes on when there is', async () => {
    const c = await open(OPTIONS);
    await c.upsert(one('a', 1));
    const full = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError');
    });
    const refused = {
      code: 'SAGITTA_STORAGE',
      place: 'c',
      message: expect.stringContaining('expected room'),
    };
    await expect(c.upsert(one('b', 2))).rejects.toMatchObject(refused);
    full.mockRestore();
    origin.disk.quota = 10;
    await expect(c.compact()).rejects.toMatchObject(refused);
    expect(origin.files('c')).toEqual([]);
    origin.disk.quota = Number.POSITIVE_INFINITY;
    await c.upsert(one('c', 3));
    await c.compact();
    expect(await content(c)).toEqual({ a: 1, c: 3 });
    await c.close();
  });
});

describe('what openCollection refuses', () => {
  it('is a platform without what it stands on, naming it', async () => {
    const refused = async (stub: () => void, what: string, options: object = OPTIONS): Promise<void> => {
      origin.enter();
      stub();
      await expect(openCollection('c', options)).rejects.toMatchObject({
        code: 'SAGITTA_UNSUPPORTED',
        message: expect.stringContaining(what),
      });
    };
    const createWorker = origin.createWorker;
    const all = { ...OPTIONS, createWorker };
    await refused(() => vi.stubGlobal('Worker', undefined), '"createWorker" expected a function');
    await refused(() => vi.stubGlobal('indexedDB', undefined), 'expected IndexedDB', all);
    await refused(
      () => vi.stubGlobal('navigator', { storage: navigator.storage }),
      'expected Web Locks',
      all,
    );
    await refused(() => vi.stubGlobal('FileSystemFileHandle', class {}), 'a dedicated worker', all);
    const { locks } = navigator;
    await refused(() => vi.stubGlobal('navigator', { locks }), 'expected a private file system (OPFS)', all);
    const getDirectory = async (): Promise<never> => {
      throw new DOMException('private window', 'SecurityError');
    };
    await refused(
      () => vi.stubGlobal('navigator', { locks, storage: { getDirectory } }),
      '(private window)',
      all,
    );
  });

  it('is a database of a newer version', async () => {
    const factory = new IDBFactory();
    await new Promise((resolve) => {
      const opening = factory.open('sagitta/c', 2);
      opening.onsuccess = () => resolve(opening.result.close());
    });
    vi.stubGlobal('indexedDB', factory);
    await expect(open(OPTIONS)).rejects.toMatchObject({
      code: 'SAGITTA_UNSUPPORTED',
      message: 'sagitta/c: expected version 1, got a newer one',
    });
  });

  it('is a name that is none, and to read what is not there, which makes nothing', async () => {
    await expect(openCollection('')).rejects.toThrow('"name" expected at least one character');
    await expect(removeCollection(1 as never)).rejects.toThrow('"name" expected a string, got number');
    await expect(open({ createWorker: 1 as never })).rejects.toThrow('"createWorker" expected a function');
    await expect(open({ readOnly: true })).rejects.toThrow('"name" expected a collection, got none in c');
    expect(await origin.factory.databases()).toEqual([]);
    expect(origin.disk.root.size).toBe(0);
  });

  it('is a collection that was removed, to who reads it', async () => {
    const c = await open(OPTIONS);
    await c.upsert(one('a', 1));
    await c.compact();
    await c.close();
    const reader = await open({ readOnly: true });
    await removeCollection('c');
    await removeCollection('c');
    expect(await origin.factory.databases()).toEqual([]);
    expect(origin.files('c')).toEqual([]);
    await expect(reader.get('a')).rejects.toMatchObject({
      code: 'SAGITTA_STORAGE',
      message: 'c: expected to be there, got it removed',
    });
    await reader.close();
  });
});
