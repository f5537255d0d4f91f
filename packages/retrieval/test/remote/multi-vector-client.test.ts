/** Indexes of documents in workers answer as those of a direct call do, errors included, through changes, a save and a load. */
import { createCore, FormatError, RandomStream } from '@sagitta/core-wasm';
import { afterEach, describe, expect, it } from 'vitest';
import {
  buildMultiVectorIndex,
  buildVectorIndex,
  createMultiVectorIndex,
  fdeIndexes,
  loadIndex,
  type MultiVectorOptions,
  MuveraFde,
  type RecordId,
  saveIndex,
  saveMultiVectorIndex,
  trainMultiVectorIndex,
} from '../../src/index.ts';
import { connect, SearchClient } from '../../src/remote/index.ts';
import { CLIENT, endWorkers, stored } from './support/memory-place.ts';
import {
  D,
  documents,
  expectSameError,
  idOf,
  type Note,
  note,
  row,
  rows,
  tokensOf,
} from './support/notes.ts';

afterEach(endWorkers);

const ENCODER = { d: D, numSimhashProjections: 3, numRepetitions: 4, projectionDimension: 8 };

const DOCUMENT_KINDS: Record<string, MultiVectorOptions> = {
  defaults: {},
  'finer codes': {
    metric: 'ip',
    finerFdeEncoding: 'float32',
    finerTokenEncoding: 'float16',
    indexed: ['folder'],
  },
};

describe.each(Object.entries(DOCUMENT_KINDS))('a MultiVectorClient of %s', (_name, options) => {
  it('answers as the index through changes, a save, a load and an open', async () => {
    using core = createCore();
    await using client = await documents();
    const encoder = new MuveraFde(ENCODER);
    const given = { ...options, d: D, encoder };
    using index = createMultiVectorIndex<Note>(core, given);
    const { parameterHash } = await client.create(given);
    expect(parameterHash).toBe(index.parameterHash);
    const random = new RandomStream(6, 'remote');
    const below = (n: number): number => random.nextBelow(n);
    for (let step = 0, next = 0; step < 30; step++) {
      const ids = index.ids();
      const known = ids[below(Math.max(1, ids.length))];
      const kind = below(5);
      if (kind < 2 || known === undefined) {
        const lengths = [1 + below(9), below(3), 5];
        const some = {
          ids: lengths.map((_, i) => idOf(next + i)),
          tokens: tokensOf(below(2000), lengths),
          metadata: lengths.map((_, i) => note(next + i)),
        };
        next += 3;
        index.add(some);
        await client.add(some);
      } else if (kind === 2) {
        const some = { ids: [known], tokens: tokensOf(step, [4]) };
        index.upsert(some);
        await client.upsert(some);
      } else if (kind === 3) {
        const change = {
          tokens: [row(step), row(step + 1)],
          ...(step % 2 === 0 && { metadata: note(step) }),
        };
        index.update(known, change);
        await client.update(known, change);
      } else {
        expect(await client.delete([known])).toBe(index.delete([known]));
      }
      expect(await client.ids()).toEqual(index.ids());
      const [one] = index.ids();
      if (one !== undefined) expect(await client.get(one)).toEqual(index.get(one));
    }
    index.compact();
    await client.compact();
    const query = rows.slice(100 * D, 105 * D);
    const searches = [
      {},
      { filter: { folder: 'f1' } },
      { filter: index.ids().slice(2, 8) },
      { exact: true },
      { rerank: 4 },
    ];
    for (const one of searches) {
      expect(await client.search(query, 6, one)).toEqual(index.search(query, 6, one));
      const { statistics: __, ...found } = index.searchIds(query, 6, { ...one, statistics: true });
      expect(await client.searchIds(query, 6, { ...one, statistics: true })).toMatchObject(found);
    }
    const weighted = { tokens: [row(1), row(2)], weights: [1, 0.5] };
    const encoded = await client.encodeQuery(weighted);
    expect(encoded).toEqual(index.encodeQuery(weighted));
    expect(await client.search({ ...weighted, encoded }, 3)).toEqual(index.search(weighted, 3));
    const id = index.ids()[0] as RecordId;
    expect(await client.explain(weighted, id)).toEqual(index.explain(weighted, id));
    expect(await client.bytes()).toEqual(index.bytes());
    const queries = tokensOf(
      40,
      Array.from({ length: 35 }, (_, i) => i % 4),
    );
    const batch = index.searchBatch(queries, 4, { filter: { folder: 'f2' } });
    expect(await client.searchBatch(queries, 4, { filter: { folder: 'f2' } })).toEqual(batch);

    await expectSameError(
      () => index.add({ ids: [id], tokens: tokensOf(0, [2]) }),
      () => client.add({ ids: [id], tokens: tokensOf(0, [2]) }),
    );
    await expectSameError(
      () => index.add({ tokens: { data: rows.slice(0, 4), offsets: [0, 2], d: 2 } }),
      () => client.add({ tokens: { data: rows.slice(0, 4), offsets: [0, 2], d: 2 } }),
    );
    await expectSameError(
      () => index.update(id, { tokens: [[1, 2]] }),
      () => client.update(id, { tokens: [[1, 2]] }),
    );
    await expectSameError(
      () => index.search(query, 3, { filter: { folder: { is: 1 } } as never }),
      () => client.search(query, 3, { filter: { folder: { is: 1 } } as never }),
    );
    await expect(client.search(query, 3, { filter: (() => true) as never })).rejects.toThrow(/a predicate/);
    await expect(client.create({ ...given, clock: () => 0 } as never)).rejects.toThrow(/got "clock"/);

    const file = saveMultiVectorIndex(index);
    expect(await client.save('notes')).toEqual({ bytes: file.length, storage: 'memory' });
    expect(stored.get('notes')).toEqual(file);
    await client.create({ d: 4 });
    expect(await client.load({ stored: 'notes' })).toMatchObject({ n: index.n, d: D, isPaged: false });
    expect(await client.searchBatch(queries, 4, { filter: { folder: 'f2' } })).toEqual(batch);
    expect(await client.open({ stored: 'notes' })).toMatchObject({
      n: index.n,
      isPaged: true,
      parameterHash,
    });
    expect(await client.searchBatch(queries, 4, { filter: { folder: 'f2' } })).toEqual(batch);
    expect(await client.get(id)).toEqual(index.get(id));
    expect(await client.ids()).toEqual(index.ids());
    await expect(client.add({ tokens: tokensOf(0, [2]) })).rejects.toThrow(
      'whose tokens are elsewhere (open)',
    );
    await expect(client.load({ bytes: new Uint8Array(90) })).rejects.toThrow(FormatError);
  });
});

describe('a MultiVectorClient', () => {
  it('builds and trains what the functions of these names do', async () => {
    using core = createCore();
    await using client = await documents();
    const tokens = tokensOf(
      0,
      Array.from({ length: 300 }, () => 6),
    );
    const metadata = Array.from({ length: 300 }, (_, i) => note(i));
    const options: MultiVectorOptions = {
      nlist: 8,
      fdeEncoding: 'saq',
      encoder: new MuveraFde(ENCODER),
    };
    await client.build({ tokens, metadata }, options);
    using built = buildMultiVectorIndex<Note>(
      core,
      { tokens, metadata },
      { ...options, indexes: fdeIndexes },
    );
    expect(await client.toBytes()).toEqual(saveMultiVectorIndex(built));
    await client.train(tokens, options);
    using trained = trainMultiVectorIndex<Note>(core, tokens, { ...options, indexes: fdeIndexes });
    expect(await client.toBytes()).toEqual(saveMultiVectorIndex(trained));
    await client.add({ tokens, metadata });
    expect((await client.info())?.n).toBe(300);
  });

  it('reads no file of another kind, and a worker of records has no row numbers', async () => {
    using core = createCore();
    await using client = await documents();
    using index = buildVectorIndex<Note>(
      core,
      { vectors: rows.slice(0, 10 * D) },
      { d: D, metric: 'ip', quantizer: 'float32' },
    );
    await expect(client.load({ bytes: saveIndex(index) })).rejects.toThrow(/kind expected "MULTIVEC"/);
    await using plain = new SearchClient(await connect(CLIENT, {}));
    const file = saveIndex(index);
    await expectSameError(
      () => loadIndex(core, file),
      () => plain.load({ bytes: file }),
    );
  });
});
