/** Every public door takes numbers of every kind, and refuses what holds none by the name that the caller gave. */
import vm from 'node:vm';
import {
  boundedSet,
  boundedTokenSet,
  createCore,
  joinTokenSets,
  metricQuery,
  metricSet,
  type Numbers,
  toFloat32,
  tokenSet,
  type Vectors,
  vectorSet,
  type WholeNumbers,
} from '@sagitta/core-wasm';
import {
  assignToNearest,
  SaqEncoder,
  SaqEstimator,
  saq,
  trainKmeans,
  trainPca,
  trainQuantizer,
  trainSaq,
} from '@sagitta/quantizers';
import { afterAll, describe, expect, it } from 'vitest';
import {
  buildFlat,
  buildIndex,
  buildIvf,
  buildMultiVectorIndex,
  bytesSource,
  createTokenStore,
  MuveraFde,
  maxsim,
  maxsimRerank,
  openIndex,
  pcaReport,
  recommend,
  saveIndex,
  trainIndex,
  trainLearnedFde,
} from '../../src/index.ts';
import { queryTokens } from '../../src/maxsim/index.ts';
import { LearnedFde } from '../../src/muvera/learned-fde.ts';

const core = createCore();
afterAll(() => core.dispose());

const D = 8;
const N = 60;
/** Sixteenths below 8: every kind holds them as they are. */
const data = Float32Array.from({ length: N * D }, (_, i) => ((i * i * 7 + i * 13) % 251) / 16 - 8);
const query = data.slice(3 * D, 4 * D);
const tokens = { data, offsets: Uint32Array.of(0, 20, 21, 60), n: 3, d: D };

const foreign = vm.createContext({});
/** An array of another realm, as tests in Jest, iframes and vm contexts have them. */
function ofRealm<T>(
  name: 'Float32Array' | 'Float64Array' | 'Uint32Array' | 'Array',
  values: ArrayLike<number>,
): T {
  return vm.runInContext(`(values) => ${name}.from(values)`, foreign)(values) as T;
}

type Convert = (values: Float32Array) => Numbers;

const Half: unknown = Reflect.get(globalThis, 'Float16Array');
const KINDS: Record<string, Convert> = {
  'a Float32Array of another realm': (values) => ofRealm('Float32Array', values),
  'a Float64Array': (values) => Float64Array.from(values),
  'a Float64Array of another realm': (values) => ofRealm('Float64Array', values),
  'plain numbers': (values) => [...values],
  'plain numbers of another realm': (values) => ofRealm('Array', values),
  ...(typeof Half === 'function' && {
    'a Float16Array': (values: Float32Array) => Reflect.construct(Half, [values]) as Numbers,
  }),
};

/** One of a kind; a set is given to `all` flat and as an array of rows. */
interface Given {
  readonly all: (values: Float32Array) => Vectors;
  readonly one: Convert;
  readonly whole: (values: Uint32Array) => WholeNumbers;
}

/** What comes out is compared as JSON. */
const DOORS: Record<string, (given: Given) => unknown> = {
  toFloat32: ({ one }) => [...toFloat32('x', one(data))],
  vectorSet: ({ all }) => [...vectorSet(all(data), D).data],
  boundedSet: ({ all }) => [...boundedSet(all(data), D).data],
  metricSet: ({ all }) => [...metricSet('cosine', all(data), D).data],
  metricQuery: ({ one }) => [...metricQuery('ip', one(query), D).values],
  tokenSet: ({ all, whole }) => {
    const set = tokenSet(all(data), whole(tokens.offsets), D);
    return [[...set.data], [...set.offsets], set.n];
  },
  boundedTokenSet: ({ all, whole }) => boundedTokenSet(all(data), whole(tokens.offsets), D).n,
  joinTokenSets: ({ all }) => [...joinTokenSets([all(data), all(query)], D).data],
  trainKmeans: ({ all }) => [
    ...trainKmeans(core, { data: all(data), d: D }, { nlist: 3, seed: 1 }).centroids,
  ],
  assignToNearest: ({ all }) => [
    ...assignToNearest(core, { data: all(data), d: D }, data.slice(0, 4 * D)).ids,
  ],
  trainPca: ({ all }) => [...trainPca(core, { data: all(data), d: D }, { center: true }).variances],
  trainSaq: ({ all }) => [...trainSaq(core, { data: all(data), d: D }, { metric: 'l2', bits: 4 }).projection],
  'SaqEncoder and SaqEstimator': ({ all, one }) => {
    const model = trainSaq(core, { data, d: D }, { metric: 'l2', bits: 4 });
    using encoder = new SaqEncoder(core, model);
    using estimator = new SaqEstimator(core, model);
    return core.scope((scope) => {
      const blocks = scope.reserve(2 * encoder.layout.blockBytes);
      encoder.encode(all(data), blocks);
      estimator.setQuery(one(query));
      return [...blocks.u8()];
    });
  },
  'trainQuantizer, encode and setQuery': ({ all, one }) => {
    const quantizer = trainQuantizer(
      core,
      { data: all(data), d: D },
      { name: 'lvq', metric: 'l2' },
      all(data),
    );
    using encoder = quantizer.createEncoder(core);
    using estimator = quantizer.createEstimator(core);
    return core.scope((scope) => {
      const blocks = scope.reserve(2 * quantizer.layout.blockBytes);
      encoder.encode(all(data), quantizer.origin, blocks, 0);
      estimator.setQuery(one(query));
      return [...blocks.u8()];
    });
  },
  'buildFlat, add and search': ({ all, one }) => {
    using index = buildFlat(core, all(data), D, { metric: 'l2', quantizer: 'float32' });
    index.add(all(data));
    const { ids, scores } = index.search(one(query), 5);
    return [[...ids], [...scores]];
  },
  'buildIvf and searchBatch': ({ all }) => {
    using index = buildIvf(core, all(data), D, { metric: 'ip', quantizer: 'float32', nlist: 4 });
    return [...index.searchBatch(all(data.slice(0, 3 * D)), 5).ids];
  },
  'buildIndex and estimates': ({ all, one }) => {
    using index = buildIndex(core, all(data), D, { metric: 'cosine', quantizer: saq() });
    return [...index.estimates(one(query), 1).scores];
  },
  'trainIndex and fetch': ({ all, one }) => {
    using index = trainIndex(core, { data: all(data), d: D }, { metric: 'l2', quantizer: 'sign' });
    index.add(data);
    const fetch = (ids: Uint32Array): Vectors =>
      all(
        Float32Array.from(
          { length: ids.length * D },
          (_, i) => data[(ids[Math.floor(i / D)] as number) * D + (i % D)] as number,
        ),
      );
    const { ids, scores } = index.search(one(query), 4, { rerank: { candidates: 20, fetch } });
    return [[...ids], [...scores]];
  },
  recommend: ({ all }) =>
    recommend(core, { data: all(data), d: D }, { metric: 'l2', bytes: 20, bits: [4], k: 3 }).choices[0],
  pcaReport: ({ all }) => pcaReport(core, { data: all(data), d: D }, { metric: 'l2', k: 3, dims: [4] }).rows,
  queryTokens: ({ all, one }) => {
    const made = queryTokens(all(data.slice(0, 2 * D)), D, one(Float32Array.of(1, 0.5)));
    return [[...made.data], [...(made.weights ?? [])]];
  },
  maxsim: ({ all, whole }) => [
    ...maxsim(queryTokens(all(query), D), { data: all(data), offsets: whole(tokens.offsets), d: D }),
  ],
  maxsimRerank: ({ all }) => [
    ...maxsimRerank(core, queryTokens(query, D), [all(data.slice(0, 2 * D)), all(data.slice(2 * D, 3 * D))])
      .similarities,
  ],
  'token store': ({ all, whole }) => {
    using store = createTokenStore(core, { encoding: 'int8', d: D, metric: 'ip' });
    store.append(tokenSet(all(data), whole(tokens.offsets), D));
    return [...store.scores(queryTokens(all(query), D), Uint32Array.of(0, 1, 2))];
  },
  'FDE sessions': ({ all, one, whole }) => {
    using session = new MuveraFde({
      d: D,
      numSimhashProjections: 2,
      numRepetitions: 2,
      seed: 1,
    }).createSession(core);
    const out = new Float32Array(3 * session.encoder.length);
    session.encodeDocuments({ data: all(data), offsets: whole(tokens.offsets), d: D }, out);
    return [[...out], [...session.encodeQuery(all(query), one(Float32Array.of(2)))]];
  },
  trainLearnedFde: ({ all, whole }) => {
    const set = { data: all(data), offsets: whole(tokens.offsets), d: D };
    const encoder = trainLearnedFde(core, set, { numCells: 4, projectionDimension: 4, blocks: 'mean' }, set);
    return encoder instanceof LearnedFde && [...encoder.parts.centroids];
  },
  MultiVectorIndex: ({ all, one, whole }) => {
    const set = { data: all(data), offsets: whole(tokens.offsets), d: D };
    using index = buildMultiVectorIndex(core, { ids: ['a', 'b', 'c'], tokens: set }, { metric: 'ip' });
    index.update('b', { tokens: all(data.slice(0, 2 * D)) });
    index.add({ ids: ['d'], tokens: { data: all(query), offsets: whole(Uint32Array.of(0, 1)), d: D } });
    const weighted = { tokens: all(data.slice(0, 2 * D)), weights: one(Float32Array.of(1, 2)) };
    return [
      index.searchIds(all(query), 4).ids,
      [...index.searchIds(weighted, 4).scores],
      [...index.encodeQuery(all(query)).fde],
      index.explain(weighted, 'a').similarity,
      index
        .searchBatch({ data: all(query), offsets: whole(Uint32Array.of(0, 1)), d: D }, 2)[0]
        ?.map(({ id }) => id),
    ];
  },
};

const plain: Given = { all: (values) => values, one: (values) => values, whole: (values) => values };

/** Views of float32 data that is not first in its buffer, too. */
function shifted(values: Float32Array): Float32Array {
  const room = new Float32Array(values.length + 2);
  room.set(values, 1);
  return room.subarray(1, values.length + 1);
}

function givenOf(convert: Convert): Given {
  return { all: convert, one: convert, whole: (values) => ofRealm('Uint32Array', values) };
}

const WAYS: Record<string, Given> = {
  'a view': givenOf(shifted),
  ...Object.fromEntries(Object.entries(KINDS).map(([name, convert]) => [name, givenOf(convert)])),
  ...Object.fromEntries(
    Object.entries(KINDS).map(([name, convert]): [string, Given] => [
      `rows, each ${name}`,
      {
        all: (values) =>
          Array.from({ length: values.length / D }, (_, i) => convert(values.slice(i * D, (i + 1) * D))),
        one: convert,
        whole: (values) => [...values],
      },
    ]),
  ),
};

describe.each(Object.entries(DOORS))('%s', (_, door) => {
  const expected = JSON.stringify(door(plain));
  it.each(Object.entries(WAYS))('takes %s', (_, given) => {
    expect(JSON.stringify(door(given))).toBe(expected);
  });
});

describe('what holds no numbers is refused by name, with what to do', () => {
  const index = buildFlat(core, data, D, { metric: 'l2', quantizer: 'float32' });
  afterAll(() => index.dispose());
  const REFUSED: [string, unknown, RegExp][] = [
    ['bytes', Buffer.from(query.buffer), /got Buffer .*new Float32Array\(x\.buffer/],
    ['a Uint8Array', new Uint8Array(8), /got Uint8Array .*Float32Array\.from/],
    ['a DataView', new DataView(query.buffer), /got DataView/],
    ['an ArrayBuffer', query.buffer, /got ArrayBuffer \(pass new Float32Array/],
    ['a BigInt64Array', new BigInt64Array(8), /got BigInt64Array .*Number/],
    ['an Int8Array', new Int8Array(8), /got Int8Array \(convert it: Float32Array\.from/],
    ['text', '1,2,3', /got string/],
    ['null', null, /got null/],
    ['nothing', undefined, /got undefined/],
    ['a Promise', Promise.resolve(query), /got a Promise \(await it\)/],
    ['a column', { toArray: () => query, length: 8 }, /toArray\(\)/],
    ['a tensor', { data: query, dims: [8] }, /pass its data/],
    ['a set', new Set([1]), /Float32Array\.from/],
    ['texts', ['1', 2, 3, 4, 5, 6, 7, 8], /expected numbers, got string at 0/],
    ['a hole', [1, 2, 3, 4, 5, 6, 7, undefined], /got undefined at 7/],
  ];
  it.each(REFUSED)('%s', (_, given, what) => {
    const calls: [RegExp, () => unknown][] = [
      [/^"query" expected /, () => index.search(given as Numbers, 3)],
      [/^"queries" expected /, () => index.searchBatch(given as Vectors, 3)],
      [/^"vectors" expected /, () => index.add(given as Vectors)],
      [/^"data" expected /, () => buildFlat(core, given as Vectors, D, { metric: 'l2' })],
      [/^"sample" expected /, () => trainIndex(core, { data: given as Vectors, d: D }, { metric: 'l2' })],
      [/^"tokens offsets" expected /, () => tokenSet(query, given as WholeNumbers, D)],
    ];
    for (const [name, call] of calls) {
      expect(call).toThrow(TypeError);
      expect(call).toThrow(name);
    }
    expect(calls[0]?.[1]).toThrow(what);
    expect(index.n).toBe(N);
  });

  it('ragged rows, by their number', () => {
    expect(() => vectorSet([[1, 2], [3]], 2, 'vectors')).toThrow(
      new RangeError('"vectors[1]" expected d = 2 numbers, got 1'),
    );
    expect(() => vectorSet([[1, 2], 3] as unknown[] as number[][], 2, 'vectors')).toThrow(TypeError);
  });

  it('numbers beyond float32, above and all below', () => {
    expect(() => index.search(Float64Array.of(1, 1e39, 0, 0, 0, 0, 0, 0), 3)).toThrow(
      new RangeError('"query" expected numbers within ±3.4e38 (float32), got 1e+39 at 1'),
    );
    expect(() => index.search([1e-60, 0, 0, 0, 0, 0, 0, 0], 3)).toThrow(/all taken for 0/);
    expect(index.search([1e-60, 1, 0, 0, 0, 0, 0, 0], 3).ids.length).toBe(3);
    expect(() => index.search([Number.NaN, 1, 0, 0, 0, 0, 0, 0], 3)).toThrow(
      /"query" expected finite values, got NaN/,
    );
  });
});

it('an index that is read in parts takes them too', async () => {
  using index = buildIvf(core, data, D, { metric: 'l2', quantizer: 'float32', nlist: 4 });
  const paged = await openIndex(core, bytesSource(saveIndex(index)));
  const expected = [...index.search(query, 5, { nprobe: 4 }).ids];
  for (const convert of Object.values(KINDS)) {
    expect([...(await paged.search(convert(query), 5, { nprobe: 4 })).ids]).toEqual(expected);
    expect([...(await paged.searchBatch([convert(query)], 5, { nprobe: 4 })).ids]).toEqual(expected);
  }
  paged.dispose();
});
