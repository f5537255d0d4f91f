/** Calls with arguments that no multi-vector index takes, and what it says to each. */
import { joinTokenSets } from '@sagitta/core-wasm';
import type { MultiVectorIndex } from '../../src/index.ts';

/** Of an index of 16 dimensions whose ids are numbers from 0 on. query — tokens, whole and finite. */
export function badCalls(
  index: MultiVectorIndex,
  query: Float32Array,
): [call: () => unknown, message: RegExp][] {
  const { d } = index;
  const nan = query.slice();
  nan[d + 1] = Number.NaN;
  return [
    [() => index.encodeQuery(new Float32Array(0)), /"query.tokens" expected at least one token/],
    [
      () => index.searchIds(query.subarray(1), 3),
      /"query.tokens" expected a length that is a multiple of d = 16/,
    ],
    [() => index.searchIds(nan, 3), /"query.tokens" expected finite values/],
    [() => index.searchIds({ tokens: query, weights: new Float32Array(1) }, 3), /"query.weights"/],
    [
      () => index.searchIds({ tokens: query, weights: new Float32Array(query.length / d).fill(-1) }, 3),
      /"query.weights"/,
    ],
    [() => index.searchIds(query, 0), /"k"/],
    [() => index.searchIds(query, 2 ** 21), /"k"/],
    [() => index.searchIds(query, 3, { rerank: 0 }), /"rerank"/],
    [() => index.searchIds(query, 3, { candidates: 1.5 }), /"candidates"/],
    [() => index.searchIds(query, 3, { nprobe: 0 }), /"nprobe"/],
    [() => index.searchIds(query, 3, { ballCarving: 7 }), /"ballCarving"/],
    [() => index.searchIds(query, 3, { shortQueries: 'never' as 'same' }), /"shortQueries"/],
    [() => index.searchIds(query, 3, { filter: 'abc' as never }), /"filter"/],
    [() => index.searchIds(query, 3, { filter: 5 as never }), /"filter"/],
    [
      () =>
        index.searchIds({ tokens: query, encoded: { ...index.encodeQuery(query), parameterHash: '0' } }, 3),
      /"query.encoded" expected an FDE of parameters/,
    ],
    [
      () =>
        index.searchIds(
          { tokens: query, encoded: { ...index.encodeQuery(query), fde: new Float32Array(3) } },
          3,
        ),
      /"query.encoded.fde"/,
    ],
    [() => index.searchBatch(joinTokenSets([query], 8), 3), /"queries" expected d = 16, got 8/],
    [() => index.explain(query, 'nobody'), /"id" expected a document's id, got "nobody"/],
    [() => index.update(-1, {}), /"id"/],
    [() => index.update(index.n, { metadata: 1 }), /"id"/],
    [() => index.add({ ids: [3], tokens: joinTokenSets([query], d) }), /new id.*got 3/],
    [() => index.add({ ids: ['a', 'a'], tokens: joinTokenSets([query, query], d) }), /each id once/],
    [() => index.add({ ids: ['a'], tokens: joinTokenSets([query, query], d) }), /"ids" expected length/],
    [() => index.add({ ids: ['\ud800'], tokens: joinTokenSets([query], d) }), /surrogate/],
    [() => index.add({ ids: [1.5], tokens: joinTokenSets([query], d) }), /"ids\[0\]"/],
    [() => index.add({ ids: ['a'], tokens: joinTokenSets([query], 8) }), /"tokens" expected d = 16, got 8/],
    [
      () => index.add({ ids: ['a'], tokens: joinTokenSets([query], d), metadata: [() => 1] as never }),
      /"metadata\[0\]"/,
    ],
    [
      () =>
        index.add({
          ids: ['a'],
          tokens: { data: nan, offsets: Uint32Array.of(0, nan.length / d), n: 1, d: d },
        }),
      /"tokens" expected finite/,
    ],
  ];
}
