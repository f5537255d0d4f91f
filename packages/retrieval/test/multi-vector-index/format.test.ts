/** Files: what is saved comes back, byte for byte, and works on. */
import { ByteReader, createCore, joinTokenSets } from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import {
  fdeIndexes,
  type JsonValue,
  loadMultiVectorIndex,
  MuveraFde,
  multiVectorPieces,
  readFdeEncoder,
  saveMultiVectorIndex,
  trainMultiVectorIndex,
  writeFdeEncoder,
} from '../../src/index.ts';
import { rowsOf } from './chamfer.ts';
import { KINDS, trainKind } from './index-kinds.ts';
import { tokenDocuments } from './token-documents.ts';

const D = 16;
const N = 300;
const documents = tokenDocuments(N, D, { seed: 9, least: 0 });
const queries = tokenDocuments(6, D, { seed: 9, least: 3, most: 8, stream: 'queries' });
const ids = Array.from({ length: N }, (_, i) => (i % 2 === 0 ? i : `document ${i}`));
const metadata: (JsonValue | undefined)[] = ids.map((id, i) =>
  i % 5 === 0 ? undefined : { id, tags: ['α', i] },
);

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

describe.each(Object.keys(KINDS))('%s', (name) => {
  const core = createCore();
  const build = () => {
    const index = trainKind(core, documents, name);
    index.add({ ids, tokens: documents, metadata });
    return index;
  };

  it('comes back from its bytes', () => {
    using index = build();
    const bytes = saveMultiVectorIndex(index);
    expect(same(Buffer.concat(multiVectorPieces(index)), bytes)).toBe(true);
    using again = build();
    expect(same(saveMultiVectorIndex(again), bytes)).toBe(true);
    using loaded = loadMultiVectorIndex(core, bytes.slice(), { indexes: fdeIndexes });
    expect(same(saveMultiVectorIndex(loaded), bytes)).toBe(true);
    expect(loaded.ids()).toEqual(index.ids());
    expect(loaded.parameterHash).toBe(index.parameterHash);
    for (let q = 0; q < queries.n; q++) {
      const query = rowsOf(queries, q);
      const options = { rerank: 30, refine: 12, statistics: true };
      expect(loaded.searchIds(query, 9, options)).toEqual(index.searchIds(query, 9, options));
      expect(loaded.encodeQuery(query)).toEqual(index.encodeQuery(query));
    }
    expect(loaded.search(rowsOf(queries, 0), 4)).toEqual(index.search(rowsOf(queries, 0), 4));
  });

  it('goes on after loading as if it had not been saved', () => {
    using index = build();
    using loaded = loadMultiVectorIndex(core, saveMultiVectorIndex(index), { indexes: fdeIndexes });
    for (const one of [index, loaded]) {
      one.delete('document 3');
      one.update(4, { tokens: rowsOf(queries, 1) });
      one.add({ ids: ['added'], tokens: joinTokenSets([rowsOf(queries, 2)], D), metadata: [null] });
    }
    for (let q = 0; q < queries.n; q++) {
      expect(loaded.searchIds(rowsOf(queries, q), 20)).toEqual(index.searchIds(rowsOf(queries, q), 20));
    }
    expect(loaded.searchIds(rowsOf(queries, 2), 1).ids).toEqual(['added']);
    expect(same(saveMultiVectorIndex(loaded), saveMultiVectorIndex(index))).toBe(true);
    // a save leaves the index as it is
    expect(index.dead).toBe(2);
  });

  // a graph's edges depend on what was there when a document came
  it.skipIf(KINDS[name]?.fdeIndex === 'graph')('has the same bytes however documents are added', () => {
    using index = build();
    using pieces = trainKind(core, documents, name);
    for (const [first, end] of [
      [0, 1],
      [1, 40],
      [40, N],
    ] as const) {
      const sets = Array.from({ length: end - first }, (_, i) => rowsOf(documents, first + i));
      pieces.add({
        ids: ids.slice(first, end),
        tokens: joinTokenSets(sets, D),
        metadata: metadata.slice(first, end),
      });
    }
    expect(same(saveMultiVectorIndex(pieces), saveMultiVectorIndex(index))).toBe(true);
  });

  it('may be empty', () => {
    using index = trainKind(core, documents, name);
    expect(index.searchIds(rowsOf(queries, 0), 3).ids).toEqual([]);
    expect(index.searchIds(rowsOf(queries, 0), 3, { exact: true }).ids).toEqual([]);
    using loaded = loadMultiVectorIndex(core, saveMultiVectorIndex(index), { indexes: fdeIndexes });
    expect(loaded.n).toBe(0);
    loaded.add({ ids: [5], tokens: joinTokenSets([rowsOf(queries, 0)], D) });
    expect(loaded.searchIds(rowsOf(queries, 0), 3).ids).toEqual([5]);
  });

  it('leaves nothing behind', () => {
    expect(core.bytesUsed()).toBe(0);
  });
});

it('refuses queries of other parameters, and takes those of equal ones from elsewhere', () => {
  const core = createCore();
  const options = { d: D, numSimhashProjections: 2, numRepetitions: 4 };
  using index = trainMultiVectorIndex(core, documents, { encoder: new MuveraFde(options), metric: 'ip' });
  index.add({ ids, tokens: documents });
  const tokens = rowsOf(queries, 0);
  for (const [more, isTaken] of [
    [{}, true],
    [{ seed: 2 }, false],
    [{ fillEmpty: false }, false],
  ] as const) {
    const elsewhere = new MuveraFde({ ...options, ...more });
    using session = elsewhere.createSession(core);
    const encoded = { fde: session.encodeQuery(tokens), parameterHash: elsewhere.parameterHash };
    const search = (): unknown => index.searchIds({ tokens, encoded }, 3);
    if (isTaken) expect(search()).toEqual(index.searchIds(tokens, 3));
    else expect(search).toThrow(/"query.encoded" expected an FDE of parameters/);
  }
  const again = readFdeEncoder(new ByteReader(writeFdeEncoder(index.encoder)));
  expect(again.parameterHash).toBe(index.parameterHash);
});
