import { createCore } from '@sagitta/core-wasm';
import { gaussianRows } from '@sagitta/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { buildFlat, bytesSource, NO_ID, openIndex, saveIndex } from '../../src/index.ts';
import { paddedBatch, putAnswers } from '../../src/search/batch.ts';

const core = createCore();
const rows = gaussianRows(20, 4, 1);
const index = buildFlat(core, rows, 4, { metric: 'l2', quantizer: 'float32' });
afterAll(() => core.dispose());

describe('answers of many queries', () => {
  it('are padding where nothing was put, by the metric', () => {
    const batch = paddedBatch('l2', 2, 2);
    putAnswers(batch, 1, { ids: Uint32Array.of(7), scores: Float32Array.of(0.5) });
    expect([...batch.ids]).toEqual([NO_ID, NO_ID, 7, NO_ID]);
    expect([...batch.scores]).toEqual([Infinity, Infinity, 0.5, Infinity]);
    expect([...paddedBatch('cosine', 1, 1).scores]).toEqual([-Infinity]);
  });

  it.each([0, -1, 1.5, 2 ** 21, Number.NaN])('are refused for k = %d, before anything is made', async (k) => {
    const wanted = /"k" expected an integer from 1 to 1048576/;
    expect(() => paddedBatch('ip', 1, k)).toThrow(wanted);
    expect(() => index.searchBatch(rows, k)).toThrow(wanted);
    using paged = await openIndex(core, bytesSource(saveIndex(index)));
    await expect(paged.searchBatch(rows, k)).rejects.toThrow(wanted);
  });
});
