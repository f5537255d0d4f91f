import { createCore, tokenSet } from '@sagitta/core-wasm';
import { gaussianRows } from '@sagitta/testing';
import { expect, it } from 'vitest';
import { buildMultiVectorIndex } from '../../src/index.ts';

it.each([1, 3, 8, 9])(
  'finds a document by its own tokens of %i dimensions without being told an encoder',
  (d) => {
    const offsets = Uint32Array.from({ length: 41 }, (_, i) => 3 * i);
    const tokens = tokenSet(gaussianRows(120, d, 5), offsets, d);
    const ids = Array.from({ length: 40 }, (_, i) => i);
    using index = buildMultiVectorIndex(createCore(), { ids, tokens }, { metric: 'ip' });
    const query = tokens.data.slice(7 * 3 * d, 8 * 3 * d);
    const exact = index.searchIds(query, 5, { exact: true });
    expect(index.searchIds(query, 5, { candidates: 40, rerank: 40 })).toEqual(exact);
  },
);
