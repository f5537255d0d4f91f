/** Where memory ends on the way, whichever allocation is refused, a vector index and its records are as they were. */
import type { Core } from '@sagitta/core-wasm';
import { clusteredRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import {
  bytesSource,
  createVectorIndex,
  loadVectorIndex,
  loadVectorIndexFrom,
  openVectorIndex,
  saveIndex,
  type VectorIndex,
  type VectorIndexOptions,
} from '../../src/index.ts';
import { checkRefusals } from '../refused-memory.case.ts';

const D = 16;
const ROWS = clusteredRows(150, D, { seed: 5, clusters: 4, spread: 0.5 });
const part = (from: number, to: number): Float32Array => ROWS.subarray(from * D, to * D);
const ids = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `n${from + i}`);
const rows = (from: number, to: number) => ({
  ids: ids(from, to),
  vectors: part(from, to),
  metadata: ids(from, to).map((id, i) => ({ id, isEven: i % 2 === 0 })),
});

const KINDS: Record<string, Partial<VectorIndexOptions>> = {
  'not trained': { trainAt: Number.POSITIVE_INFINITY },
  'saq in lists': { trainAt: 60, index: 'ivf', nlist: 3, iterations: 2 },
  'saq in a graph': { trainAt: 60, index: 'graph', degree: 8 },
  'lvq, int8 behind it': { trainAt: 60, index: 'flat', quantizer: 'lvq', secondary: { quantizer: 'scalar' } },
};

describe.each(Object.entries(KINDS))('a vector index, %s', (_, options) => {
  const make = (core: Core): VectorIndex => {
    const index = createVectorIndex(core, { d: D, metric: 'l2', compactAt: 1, ...options });
    index.add(rows(0, 70));
    index.delete(ids(4, 9));
    return index;
  };
  const answers = (index: VectorIndex): unknown => ({
    ids: index.ids(),
    found: index.search(part(3, 4), 5, { filter: { isEven: true } }),
    bytes: Buffer.from(saveIndex(index)).toString('base64'),
  });
  const changed = { on: make, answers };

  it('is added to, trained and searched', async () => {
    const counts = [
      await checkRefusals({ ...changed, run: (index) => index.add(rows(70, 150)) }),
      await checkRefusals({ ...changed, run: (index) => index.upsert(rows(60, 110)) }),
      await checkRefusals({ ...changed, run: (index) => index.update('n3', { vector: part(90, 91) }) }),
      await checkRefusals({ ...changed, run: (index) => index.train() }),
      await checkRefusals({
        ...changed,
        run: (index) => index.search(part(5, 6), 20, { filter: { isEven: false }, nprobe: 2 }),
      }),
      await checkRefusals({ ...changed, run: (index) => index.vector('n60') }),
    ];
    // vectors as they are need no memory to be looked at where there are spare places for them
    expect(counts.filter((count) => count > 0).length).toBeGreaterThanOrEqual(4);
  });

  it('takes no memory to delete and to compact, but to mend a graph', async () => {
    expect(await checkRefusals({ on: make, run: (index) => void index.delete(ids(20, 60)) })).toBe(0);
    const refused = await checkRefusals({ ...changed, run: (index) => index.compact() });
    if (options.index === 'graph') expect(refused).toBeGreaterThan(0);
    else expect(refused).toBe(0);
  });

  it('is loaded, whole, as a stream and in parts', async () => {
    let bytes = new Uint8Array(0);
    await checkRefusals({
      on: make,
      run: (index) => {
        bytes = saveIndex(index);
      },
    });
    const on = (): undefined => undefined;
    for (const run of [
      (core: Core) => loadVectorIndex(core, bytes),
      (core: Core) => loadVectorIndexFrom(core, [bytes], { size: bytes.length }),
      (core: Core) => openVectorIndex(core, bytesSource(bytes)),
    ]) {
      expect(await checkRefusals({ on, run: (__, core) => run(core) })).toBeGreaterThan(0);
    }
  });
});
