/** Vector indexes in workers answer as those of a direct call do, errors included, through every change, save and load. */
import { createCore, FormatError, RandomStream } from '@sagitta/core-wasm';
import { rabitq } from '@sagitta/quantizers';
import { afterEach, describe, expect, it } from 'vitest';
import {
  buildVectorIndex,
  createVectorIndex,
  type RecordId,
  saveIndex,
  type VectorIndexOptions,
} from '../../src/index.ts';
import { connect, type Progress, VectorClient } from '../../src/remote/index.ts';
import { CLIENT, endWorkers, type MemoryPlace, stored } from './support/memory-place.ts';
import { D, errorOf, expectSameError, idOf, type Note, note, row, rows, vectors } from './support/notes.ts';

afterEach(endWorkers);

const KINDS: Record<string, VectorIndexOptions> = {
  'saq, trained by itself': { d: D, metric: 'cosine', bits: 4, trainAt: 300, indexed: ['folder'] },
  'rabitq in lists, l2': {
    d: D,
    metric: 'l2',
    index: 'ivf',
    nlist: 6,
    quantizer: rabitq({ bits: 3 }),
    trainAt: 250,
  },
  'float32, ip': { d: D, metric: 'ip', quantizer: 'float32', keepVectors: false },
};

describe.each(Object.entries(KINDS))('a VectorClient of %s', (_name, options) => {
  it('answers as the index through random changes, a save, a load and an open', async () => {
    using core = createCore();
    await using client = await vectors();
    const index = createVectorIndex<Note>(core, options);
    expect(await client.info()).toBeUndefined();
    expect(await client.create(options)).toMatchObject({
      n: 0,
      d: D,
      metric: options.metric,
      isPaged: false,
    });
    const random = new RandomStream(5, 'remote');
    const below = (n: number): number => random.nextBelow(n);
    let next = 0;
    const check = async (): Promise<void> => {
      const query = row(below(3000));
      for (const filter of [
        undefined,
        { folder: 'f2' },
        { tags: 't', size: { gte: next / 2 } },
        index.ids().slice(0, 9),
      ]) {
        const given = filter && { filter };
        expect(await client.search(query, 7, given)).toEqual(index.search(query, 7, given));
        expect(await client.searchIds(query, 7, { ...given, statistics: true })).toEqual(
          index.searchIds(query, 7, { ...given, statistics: true }),
        );
      }
      expect(await client.ids()).toEqual(index.ids());
      expect((await client.info())?.n).toBe(index.n);
    };
    for (let step = 0; step < 60; step++) {
      const kind = below(6);
      const ids = index.ids();
      const known = ids[below(Math.max(1, ids.length))];
      if (kind < 2 || known === undefined) {
        const count = 1 + below(40);
        const some = {
          ids: Array.from({ length: count }, (_, i) => idOf(next + i)),
          vectors: Array.from({ length: count }, (_, i) => row(next + i)),
          metadata: Array.from({ length: count }, (_, i) => (i % 7 === 6 ? undefined : note(next + i))),
        };
        next += count;
        index.add(some);
        await client.add(some);
      } else if (kind === 2) {
        const some = {
          ids: [known, idOf(next)],
          vectors: rows.slice(0, 2 * D),
          metadata: [note(1), note(next)],
        };
        next++;
        index.upsert(some);
        await client.upsert(some);
      } else if (kind === 3) {
        const change = {
          ...(step % 2 === 0 && { vector: row(step) }),
          ...(step % 3 === 0 && { metadata: note(step) }),
        };
        index.update(known, change);
        await client.update(known, change);
      } else if (kind === 4) {
        const gone = [known, 'nobody', ids[0] as RecordId];
        expect(await client.delete(gone)).toBe(index.delete(gone));
      } else if (step % 4 === 0) {
        index.compact();
        await client.compact();
      }
      const one = index.ids()[0];
      if (one !== undefined) {
        expect(await client.get(one)).toEqual(index.get(one));
        expect(await client.has(one)).toBe(true);
        expect(await client.vector(one)).toEqual(index.vector(one));
      }
      expect(await client.get('nobody')).toBeUndefined();
      if (step % 10 === 9) await check();
    }
    await check();
    const queries = rows.slice(0, 40 * D);
    const wanted = index.searchBatch(queries, 5, { filter: { folder: 'f1' } });
    const seen: Progress[] = [];
    expect(
      await client.searchBatch(queries, 5, { filter: { folder: 'f1' }, onProgress: (one) => seen.push(one) }),
    ).toEqual(wanted);
    expect(seen.map(({ done }) => done)).toEqual([16, 32, 40]);
    if (options.quantizer !== 'float32') {
      seen.length = 0;
      index.train();
      await client.train({ onProgress: (one) => seen.push(one) });
      expect(seen.map(({ phase, done }) => [phase, done])).toEqual([
        ['train', 0],
        ['train', index.n],
      ]);
    }
    expect(await client.report()).toEqual(index.report());
    await check();

    const file = saveIndex(index);
    expect(await client.save('notes')).toEqual({ bytes: file.length, storage: 'memory' });
    expect(stored.get('notes')).toEqual(file);
    expect(await client.toBytes()).toEqual(file);
    expect(await client.stored()).toEqual([{ name: 'notes', bytes: file.length }]);
    await using again = await vectors();
    const loaded: Progress[] = [];
    const { n, metric } = await again.load({ stored: 'notes' }, { onProgress: (one) => loaded.push(one) });
    expect([n, metric]).toEqual([index.n, options.metric]);
    expect(loaded.at(-1)).toEqual({ phase: 'load', done: file.length, total: file.length });
    const after = index.searchBatch(queries, 5);
    expect(await again.searchBatch(queries, 5)).toEqual(after);
    expect(await again.open({ stored: 'notes' })).toMatchObject({
      ...{ n: index.n, isPaged: true, quantizer: index.quantizer, kind: index.kind },
    });
    expect(await again.searchBatch(queries, 5)).toEqual(after);
    expect(await again.search(row(3), 5, { filter: { folder: 'f3' } })).toEqual(
      index.search(row(3), 5, { filter: { folder: 'f3' } }),
    );
    expect(new Set(await again.ids())).toEqual(new Set(index.ids()));
    expect((await again.info())?.reads?.requests).toBeGreaterThan(0);
    await expect(again.add({ vectors: row(0) })).rejects.toThrow(
      '"index" expected one in memory (load), got one whose lists are elsewhere (open)',
    );
    await expect(again.save('other')).rejects.toThrow('got one whose lists are elsewhere');
    await again.remove('notes');
    expect(stored.size).toBe(0);
    index.dispose();
  });
});

describe('a VectorClient', () => {
  const options: VectorIndexOptions = { d: D, metric: 'l2' };
  const some = { ids: ['a', 2, 3n], vectors: rows.slice(0, 3 * D), metadata: [note(0), note(1), note(2)] };

  it('builds what buildVectorIndex builds, and keeps what it has when that fails', async () => {
    using core = createCore();
    await using client = await vectors();
    const all = { vectors: rows, metadata: Array.from({ length: 3000 }, (_, i) => note(i)) };
    const given: VectorIndexOptions = { d: D, metric: 'cosine', bits: 2, index: 'ivf', nlist: 10 };
    await client.build(all, given);
    using index = buildVectorIndex<Note>(core, all, given);
    expect(await client.toBytes()).toEqual(saveIndex(index));
    await expectSameError(
      () => buildVectorIndex<Note>(core, { vectors: rows.slice(0, 2 * D) }, { ...given, nlist: 10_000 }),
      () => client.build({ vectors: rows.slice(0, 2 * D) }, { ...given, nlist: 10_000 }),
    );
    expect((await client.info())?.n).toBe(3000);
  });

  it('rejects with the errors of the index', async () => {
    using core = createCore();
    using index = createVectorIndex<Note>(core, options);
    await using client = await vectors();
    await expect(client.search(row(0), 3)).rejects.toThrow(
      '"index" expected one that was built or loaded, got none',
    );
    await client.create(options);
    index.add(some);
    await client.add(some);
    const bad = rows.slice(0, D);
    bad[3] = Number.NaN;
    const nested = [
      [...row(0), 1],
      [...row(1), 1],
    ];
    const calls: ((on: typeof index | typeof client) => unknown)[] = [
      (on) => on.add(some),
      (on) => on.add({ ids: ['x', 'x'], vectors: rows.slice(0, 2 * D) }),
      (on) => on.add({ vectors: bad }),
      (on) => on.add({ vectors: nested }),
      (on) => on.add({ vectors: rows.slice(0, D + 1) }),
      (on) => on.add({ vectors: 'text' as never }),
      (on) => on.add({ vectors: row(0), metadata: [(() => 1) as never] }),
      (on) => on.add({ vectors: row(0), metadata: [] }),
      (on) => on.add({ vectors: row(0), ids: [Symbol('s') as never] }),
      (on) => on.add({ vector: row(0) } as never),
      (on) => on.upsert({ ids: [-1], vectors: row(0) }),
      (on) => on.update('nobody', { metadata: note(1) }),
      (on) => on.update('a', { vector: [1, 2] }),
      (on) => on.update('a', { vectr: [1, 2] } as never),
      (on) => on.delete(Symbol('s') as never),
      (on) => on.vector(77),
      (on) => on.update('a', { vector: bad }),
      (on) => on.search([1, 2], 3),
      (on) => on.search(row(0), 0),
      (on) => on.search(row(0), 3, { nprob: 3 } as never),
      (on) => on.search(row(0), 3, { filter: { folder: { equals: 'x' } } as never }),
      (on) => on.search(row(0), 3, { filter: { folder: () => true } as never }),
      (on) => on.search(row(0), 3, { filter: [Symbol('s')] as never }),
      (on) => on.search(row(0), 3, { rerank: { candidats: 3 } as never }),
      (on) => on.searchBatch(nested, 3),
      (on) => on.searchBatch(rows.slice(0, 40 * D).fill(Number.NaN, 30 * D), 3),
      (on) => on.searchIds(row(0), 3, { gamma: 'x' as never }),
    ];
    for (const [i, call] of calls.entries()) {
      const wanted = await errorOf(() => call(index)).catch(() => new Error(`call ${i} of the index`));
      const got = await errorOf(() => call(client)).catch(() => new Error(`call ${i} of the client`));
      // the clients' own options, like signal, are named among the known ones
      const plain = (text: string): string => text.replace(/known options \([^)]*\)/, 'known options');
      expect([i, plain(got.message)]).toEqual([i, plain(wanted.message)]);
      expect(got.constructor).toBe(wanted.constructor);
    }
    await expectSameError(
      () => createVectorIndex(core, { ...options, nlist: 9 }),
      () => client.create({ ...options, nlist: 9 }),
    );
    await expect(client.load({ bytes: new Uint8Array(200) })).rejects.toThrow(FormatError);
    expect((await client.info())?.n).toBe(3);
    expect(await client.search(row(1), 3)).toEqual(index.search(row(1), 3));
  });

  it('refuses what cannot be posted, by its name', async () => {
    using core = createCore();
    using index = createVectorIndex<Note>(core, options);
    await using client = await vectors();
    await client.create(options);
    const predicate = ((one: Note) => one.size > 3) as never;
    const allowed = index.filter({ folder: 'x' }) as never;
    await expect(client.search(row(0), 3, { filter: predicate })).rejects.toThrow(
      new TypeError(
        '"filter" expected an expression or ids, got a predicate: functions cannot be sent to a worker',
      ),
    );
    await expect(client.searchBatch(rows, 3, { filter: allowed })).rejects.toThrow(
      /"filter" expected an expression/,
    );
    await expect(client.search(row(0), 3, { filter: new Date() as never })).rejects.toThrow('got Date');
    await expect(
      client.search(row(0), 3, { rerank: { candidates: 4, fetch: () => [] } as never }),
    ).rejects.toThrow(/"rerank" expected known options \(candidates\), got "fetch"/);
  });

  it('takes metadata and ids over as they are, and leaves what is given as it is', async () => {
    await using client = new VectorClient<unknown, 'ip', MemoryPlace>(await connect(CLIENT, {}));
    await client.create({ d: D, metric: 'ip' });
    const metadata = [
      new Date(0),
      { a: null, b: undefined, c: Number.NaN },
      [1, 'é', { __proto__: null }],
      'text',
      undefined,
    ];
    const vectors = rows.slice(0, 5 * D);
    const ids = [2n ** 64n - 1n, -1n, 2 ** 53 - 1, 'é', ''];
    const adding = client.add({ ids, vectors, metadata });
    vectors.fill(0);
    metadata.fill('changed');
    await adding;
    using core = createCore();
    using index = createVectorIndex<unknown>(core, { d: D, metric: 'ip' });
    const same = [new Date(0), { a: null, b: undefined, c: Number.NaN }, [1, 'é', {}], 'text', undefined];
    index.add({ ids, vectors: rows.slice(0, 5 * D), metadata: same });
    for (const id of ids) expect(await client.get(id)).toStrictEqual(index.get(id));
    expect(await client.search(row(0), 5)).toStrictEqual(index.search(row(0), 5));
    expect(await client.delete(new Set(ids.slice(0, 2)))).toBe(2);
  });

  it('ends a change that waits at its signal, and says of one that went over what came of it', async () => {
    await using client = await vectors();
    const reason = new Error('enough');
    const stop = new AbortController();
    const { signal } = stop;
    const creating = client.create(options);
    const waiting = client.add(some, { signal });
    const query = client.searchBatch(rows, 3, { signal });
    stop.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(query).rejects.toBe(reason);
    await creating;
    expect((await client.info())?.n).toBe(0);
    const late = new AbortController();
    const adding = client.add(some, { signal: late.signal });
    await Promise.resolve();
    await Promise.resolve();
    late.abort(reason);
    const outcome = await adding.then(
      () => 3,
      () => 0,
    );
    expect((await client.info())?.n).toBe(outcome);
    await expect(client.search(row(0), 1, { signal })).rejects.toBe(reason);
    await expect(client.load({ stored: 'x' }, { signal })).rejects.toBe(reason);
    const batch = new AbortController();
    const found = client.searchBatch(rows, 3, {
      signal: batch.signal,
      onProgress: () => batch.abort(reason),
    });
    await expect(found).rejects.toBe(reason);
    expect(await client.delete('a')).toBe(outcome === 3 ? 1 : 0);
  });

  it('takes changes in order, while searches find the index of before or after', async () => {
    await using client = await vectors();
    const first = client.create(options);
    const changes = [
      client.add({ ids: [1, 2], vectors: rows.slice(0, 2 * D) }),
      client.delete(1),
      client.upsert({ ids: [2, 3], vectors: rows.slice(2 * D, 4 * D) }),
      client.save('kept'),
      client.create(options),
      client.load({ stored: 'kept' }),
      client.add({ ids: [4], vectors: row(9) }),
    ];
    await first;
    await Promise.all(changes);
    expect(await client.ids()).toEqual([2, 3, 4]);
    await client.dispose();
    await expect(client.has(2)).rejects.toThrow('"client" expected a live client, got a disposed one');
    await expect(client.add({ vectors: row(0) })).rejects.toThrow(RangeError);
  });
});
