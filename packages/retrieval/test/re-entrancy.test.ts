/** What a caller's function does to the index that calls it does not change the answer, or is refused. */
import { createCore, joinTokenSets } from '@sagitta/core-wasm';
import { clusteredRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import {
  type ByteSource,
  buildFlat,
  buildIvf,
  bytesSource,
  type IvfIndex,
  openIndex,
  saveIndex,
} from '../src/index.ts';
import { KINDS, trainKind } from './multi-vector-index/index-kinds.ts';
import { tokenDocuments } from './multi-vector-index/token-documents.ts';

const D = 16;
const N = 500;
const rows = clusteredRows(N, D, { seed: 3, clusters: 6, spread: 0.4 });
const queries = clusteredRows(8, D, { seed: 3, clusters: 6, spread: 0.4, stream: 'queries' });
const query = queries.subarray(0, D);
const other = queries.subarray(5 * D, 6 * D);

function rowsOf(ids: Uint32Array): Float32Array {
  const out = new Float32Array(ids.length * D);
  for (const [i, id] of ids.entries()) out.set(rows.subarray(id * D, (id + 1) * D), i * D);
  return out;
}

const MAKES: Readonly<Record<string, () => IvfIndex>> = {
  'flat saq l2': () => buildFlat(createCore(), rows, D, { metric: 'l2', bits: 2 }),
  'ivf saq cosine': () => buildIvf(createCore(), rows, D, { metric: 'cosine', bits: 1, nlist: 9 }),
  'ivf lvq ip, kept': () =>
    buildIvf(createCore(), rows, D, { metric: 'ip', quantizer: 'lvq', bits: 4, nlist: 9, keepVectors: true }),
  'ivf rabitq l2, secondary': () =>
    buildIvf(createCore(), rows, D, {
      metric: 'l2',
      quantizer: 'rabitq',
      bits: 1,
      nlist: 9,
      secondary: { quantizer: 'saq', bits: 8 },
    }),
};

/** What a fetch may do on the way. */
const MEANWHILE: Readonly<Record<string, (index: IvfIndex) => void>> = {
  'searches the index': (index) => {
    index.search(other, 40, { nprobe: 2, statistics: true });
    index.searchBatch(queries, 3);
    index.estimates(other, 2);
  },
  'searches the index with a fetch that does': (index) => {
    const fetch = (ids: Uint32Array): Float32Array => {
      index.search(other, 3);
      return rowsOf(ids);
    };
    index.search(other, 9, { rerank: { candidates: 20, fetch } });
  },
  'begins a search in steps': (index) => {
    index.searchSteps(other, 5);
  },
  'searches another index of the same core': (index) => {
    using second = buildFlat(index.core, rows, D, { metric: 'l2', bits: 4 });
    second.search(other, 10);
  },
  'adds to the index': (index) => index.add(rows.subarray(0, 70 * D)),
  'saves the index': (index) => void saveIndex(index),
  'lets the memory grow': (index) => index.core.allocate(index.core.memoryBytes()).dispose(),
  'disposes of the index': (index) => index.dispose(),
  'writes to the ids that it is given': () => {},
};

describe.each(Object.entries(MAKES))('a fetch given to %s', (_, make) => {
  const options = { nprobe: 5, statistics: true } as const;
  const plain = make();
  const expected = plain.search(query, 10, { ...options, rerank: { candidates: 40, fetch: rowsOf } });

  it.each(Object.entries(MEANWHILE))('that %s does not change the answer', (_, act) => {
    const index = make();
    const fetch = (ids: Uint32Array): Float32Array => {
      const vectors = rowsOf(ids);
      ids.fill(0);
      act(index);
      return vectors;
    };
    expect(index.search(query, 10, { ...options, rerank: { candidates: 40, fetch } })).toEqual(expected);
    index.dispose();
    expect(index.core.bytesUsed()).toBe(0);
  });

  it('that ends the core or throws is told so, and nothing stays behind', () => {
    const index = make();
    const used = index.core.bytesUsed();
    const failing = (): never => {
      throw new Error('of the caller');
    };
    expect(() => index.search(query, 10, { rerank: { candidates: 40, fetch: failing } })).toThrow(
      'of the caller',
    );
    expect(index.core.bytesUsed()).toBe(used);
    const ending = (ids: Uint32Array): Float32Array => {
      index.core.dispose();
      return rowsOf(ids);
    };
    expect(() => index.search(query, 10, { rerank: { candidates: 40, fetch: ending } })).toThrow(
      /"core" expected a live core/,
    );
  });
});

describe('a search in steps', () => {
  const make = MAKES['ivf saq cosine'] as () => IvfIndex;
  const whole = make();
  const run = (index: IvfIndex, steps: ReturnType<IvfIndex['searchSteps']>): void => {
    for (let lists = steps.next(); lists.length > 0; lists = steps.next()) {
      for (const list of lists) {
        for (const piece of whole.lists.pieces(list)) if (index === whole) steps.scan(list, piece);
      }
    }
  };

  it('gives the answer of search and leaves the lists of an index in memory alone', () => {
    const options = { nprobe: 4 } as const;
    const before = saveIndex(whole);
    const steps = whole.searchSteps(query, 10, options);
    run(whole, steps);
    expect(steps.finish()).toEqual(whole.search(query, 10, options));
    expect(Buffer.compare(saveIndex(whole), before)).toBe(0);
  });

  it.each([
    ['a search', (index: IvfIndex) => void index.search(other, 3)],
    ['another one in steps', (index: IvfIndex) => void index.searchSteps(other, 3)],
    ['estimates', (index: IvfIndex) => void index.estimates(other, 3)],
  ])('is over with %s of the same index', (_, act) => {
    const used = whole.core.bytesUsed();
    const steps = whole.searchSteps(query, 10);
    const [list = 0] = steps.next();
    const [piece] = [...whole.lists.pieces(list)];
    act(whole);
    for (const step of [
      () => steps.next(),
      () => piece && steps.scan(list, piece),
      () => steps.candidates(),
      () => steps.finish(),
    ]) {
      expect(step).toThrow(/"search" expected a live search, got a disposed one/);
    }
    whole.search(query, 1);
    expect(whole.core.bytesUsed()).toBe(used);
  });

  it('is over when it is finished', () => {
    const steps = whole.searchSteps(query, 10);
    steps.finish();
    expect(() => steps.finish()).toThrow(/"search" expected a live search/);
  });

  it('may finish with a fetch that searches the index', () => {
    const fetch = (ids: Uint32Array): Float32Array => {
      whole.search(other, 5);
      whole.searchSteps(other, 5);
      return rowsOf(ids);
    };
    const options = { nprobe: 4, rerank: { candidates: 30, fetch } };
    const steps = whole.searchSteps(query, 10, options);
    run(whole, steps);
    expect(steps.finish()).toEqual(
      whole.search(query, 10, { ...options, rerank: { ...options.rerank, fetch: rowsOf } }),
    );
  });
});

describe('searches of a paged index that overlap', () => {
  const make = MAKES['ivf lvq ip, kept'] as () => IvfIndex;
  const whole = make();
  const bytes = saveIndex(whole);
  /** Answers late, the later asked the sooner. */
  const slow = (): ByteSource => {
    const source = bytesSource(bytes);
    let turns = 40;
    return {
      size: source.size,
      async read(offset, length, signal) {
        for (let left = turns--; left > 0; left--) await Promise.resolve();
        return source.read(offset, length, signal);
      },
    };
  };
  const options = { nprobe: 4, rerank: { candidates: 30 } } as const;

  it('have each its own answer, also where the caller uses one array for all queries', async () => {
    using paged = await openIndex(createCore(), slow(), { cacheBytes: 4096, gapBytes: 0 });
    const one = new Float32Array(D);
    const answers = Array.from({ length: 8 }, (_, q) => {
      one.set(queries.subarray(q * D, (q + 1) * D));
      return paged.search(one, 6, options);
    });
    const own = queries.slice();
    const batch = paged.searchBatch(own, 6, options);
    own.fill(0);
    one.fill(0);
    for (const [q, answer] of answers.entries()) {
      expect(await answer).toEqual(whole.search(queries.subarray(q * D, (q + 1) * D), 6, options));
    }
    expect(await batch).toEqual(whole.searchBatch(queries, 6, options));
  });

  it('end with typed errors where the index is disposed meanwhile, whenever that is', async () => {
    for (let turns = 0; turns < 200; turns += 5) {
      const core = createCore();
      const paged = await openIndex(core, slow(), { cacheBytes: 4096, gapBytes: 0 });
      const expected = whole.search(query, 6, options);
      const answers = Promise.allSettled([0, 1, 2].map(() => paged.search(query, 6, options)));
      for (let left = turns; left > 0; left--) await Promise.resolve();
      paged.dispose();
      for (const answer of await answers) {
        if (answer.status === 'fulfilled') expect(answer.value).toEqual(expected);
        else
          expect(answer.reason).toEqual(new RangeError('"index" expected a live index, got a disposed one'));
      }
      expect(core.bytesUsed()).toBe(0);
    }
  });
});

describe.each(Object.keys(KINDS).filter((_, i) => i === 1 || i === 3))('a predicate given to %s', (kind) => {
  const documents = tokenDocuments(300, D, { seed: 9, least: 1, most: 4 });
  const tokens = tokenDocuments(4, D, { seed: 9, least: 3, most: 5, stream: 'queries' });
  const make = () => {
    const index = trainKind(createCore(), documents, kind);
    index.add({
      ids: Array.from({ length: documents.n }, (_, i) => i),
      tokens: documents,
      metadata: Array.from({ length: documents.n }, (_, i) => ({ i })),
    });
    return index;
  };
  const of = (q: number): Float32Array =>
    tokens.data.subarray((tokens.offsets[q] as number) * D, (tokens.offsets[q + 1] as number) * D);
  const allowed = (id: unknown): boolean => Number(id) % 3 > 0;

  it('may search the index', () => {
    using index = make();
    const expected = index.search(of(0), 8, { filter: (_, id) => allowed(id), exactBelow: 0 });
    const filter = (_: unknown, id: unknown): boolean => {
      if (Number(id) % 50 === 7) {
        index.search(of(1), 20, { filter: (_, id) => Number(id) > 90 });
        index.encodeQuery(of(2));
        index.explain(of(1), 3);
      }
      return allowed(id);
    };
    expect(index.search(of(0), 8, { filter, exactBelow: 0 })).toEqual(expected);
  });

  it.each([
    ['deletes', (index: ReturnType<typeof make>) => void index.delete(index.ids()[0] as number)],
    ['changes', (index: ReturnType<typeof make>) => index.update(5, { metadata: 1 })],
    [
      'adds',
      (index: ReturnType<typeof make>) =>
        index.add({ ids: [`new ${index.n}`], tokens: joinTokenSets([of(3)], D) }),
    ],
    [
      'compacts',
      (index: ReturnType<typeof make>) => {
        index.delete(index.ids()[9] as number);
        index.compact();
      },
    ],
    ['disposes', (index: ReturnType<typeof make>) => index.dispose()],
  ])('is refused where it %s, and the index works on', (_, act) => {
    using index = make();
    let done = false;
    const filter = (_: unknown, id: unknown): boolean => {
      if (!done && Number(id) === 40) {
        done = true;
        act(index);
      }
      return true;
    };
    for (const call of [() => index.search(of(0), 5, { filter }), () => index.filter(filter)]) {
      done = false;
      expect(call).toThrow(RangeError);
    }
    if (!index.isLive) return;
    using fresh = make();
    expect(fresh.search(of(0), 5).length).toBe(index.search(of(0), 5).length);
  });
});

it('takes metadata whose toJSON changes the index for what they are when all is done', () => {
  const documents = tokenDocuments(20, D, { seed: 9, least: 1, most: 4 });
  using index = trainKind(createCore(), documents, 'int8 FDEs, int8 tokens, cosine');
  index.add({ ids: Array.from({ length: 20 }, (_, i) => i), tokens: documents });
  const compacting = {
    toJSON: () => {
      index.delete(0);
      index.compact();
      return 'compacted';
    },
  };
  index.update(7, { metadata: compacting as never });
  expect(index.get(7)?.metadata).toBe('compacted');
  expect(index.get(8)?.metadata).toBeUndefined();
  const one = joinTokenSets([documents.data.subarray(0, D)], D);
  const adding = { toJSON: () => index.add({ ids: ['same'], tokens: one }) ?? 'added' };
  expect(() => index.add({ ids: ['same'], tokens: one, metadata: [adding as never] })).toThrow(
    /expected a new id/,
  );
  expect(index.n).toBe(20);
});
