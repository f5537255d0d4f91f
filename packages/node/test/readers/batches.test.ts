import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Batch, readBatches, type VectorSource } from '../../src/index.ts';

/** n rows of [i, -i] in chunks of the given sizes, whatever is asked for. */
function uneven(n: number, sizes: readonly number[]): VectorSource {
  return {
    path: 'memory',
    d: 2,
    n: undefined,
    async *chunks() {
      for (let first = 0, i = 0; first < n; i++) {
        const end = Math.min(n, first + (sizes[i % sizes.length] as number));
        yield Float32Array.from(
          { length: 2 * (end - first) },
          (_, j) => (first + (j >> 1)) * (j % 2 ? -1 : 1),
        );
        first = end;
      }
    },
    close: async () => undefined,
  };
}

async function collect(
  batches: AsyncIterable<Batch>,
): Promise<{ start: number; n: number; data: number[] }[]> {
  const out = [];
  for await (const { start, n, data } of batches) out.push({ start, n, data: [...data] });
  return out;
}

it('come in one size whatever the chunks, every row once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(60),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 12 }),
      fc.option(fc.nat(70), { nil: undefined }),
      async (n, sizes, rows, limit) => {
        const batches = await collect(readBatches(uneven(n, sizes), rows, limit));
        const total = Math.min(n, limit ?? n);
        expect(batches.flatMap(({ data }) => data.filter((_, j) => j % 2 === 0))).toEqual(
          Array.from({ length: total }, (_, i) => i),
        );
        for (const [i, batch] of batches.entries()) {
          expect(batch.start).toBe(i * rows);
          expect(batch.data.length).toBe(2 * batch.n);
          expect(batch.n).toBe(i < batches.length - 1 ? rows : total - i * rows);
        }
      },
    ),
    { numRuns: 200, seed: 5 },
  );
});

it('have a size of at least one row', async () => {
  await expect(collect(readBatches(uneven(3, [1]), 0))).rejects.toThrow(/"rows"/);
});
