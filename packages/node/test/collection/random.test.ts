/** Random operations on a collection against a Map with exact search, over folds, compaction and reopening. */
import { join } from 'node:path';
import { RandomStream } from '@sagitta/core-wasm';
import type { Collection } from '@sagitta/retrieval/collection';
import { expect, it } from 'vitest';
import { collectionsIn } from '../support/collections.ts';
import { temporaryFolder } from '../support/temporary.ts';

const D = 6;
const STEPS = 180;
const open = collectionsIn(temporaryFolder().path);
const folder = temporaryFolder();

interface Row {
  readonly vector: Float32Array;
  readonly metadata: { readonly tag: number } | undefined;
  readonly text: string | undefined;
}
const OPTIONS = {
  d: D,
  metric: 'l2',
  foldAt: 40,
  quantizer: 'float32',
  indexed: ['tag'],
  keepTexts: true,
} as const;

/** Ids of the k nearest, exactly; whole numbers far apart, so that float32 makes no ties of what is none. */
function nearest(
  model: ReadonlyMap<string | number, Row>,
  query: Float32Array,
  k: number,
  tag?: number,
): number[] {
  return [...model.values()]
    .filter(({ metadata }) => tag === undefined || metadata?.tag === tag)
    .map(({ vector }) => vector.reduce((sum, value, j) => sum + (value - (query[j] as number)) ** 2, 0))
    .sort((a, b) => a - b)
    .slice(0, k);
}

it.each([1, 2])('does what a Map does (seed %i)', async (seed) => {
  const random = new RandomStream(seed, 'operations');
  const path = join(folder.path, `c${seed}`);
  const model = new Map<string | number, Row>();
  const anyId = (): string | number => {
    const number = random.nextBelow(150);
    return number % 2 ? number : `s${number}`;
  };
  const anyVector = (): Float32Array => Float32Array.from({ length: D }, () => random.nextBelow(200));
  const anyRows = (): Map<string | number, Row> =>
    new Map(
      Array.from({ length: 1 + random.nextBelow(12) }, () => {
        const metadata = random.nextBelow(4) === 0 ? undefined : { tag: random.nextBelow(5) };
        const text = random.nextBelow(3) === 0 ? undefined : `text ${random.nextBelow(1000)}`;
        return [anyId(), { vector: anyVector(), metadata, text }] as const;
      }),
    );
  let c: Collection<{ tag: number }, 'l2'> = await open(path, OPTIONS);
  const pending: Promise<unknown>[] = [];
  for (let step = 0; step < STEPS; step++) {
    const what = random.nextBelow(20);
    if (what < 9) {
      const rows = anyRows();
      for (const [id, row] of rows) {
        // as a Map with a new value stands last
        model.delete(id);
        model.set(id, row);
      }
      const written = c.upsert({
        ids: [...rows.keys()],
        vectors: Array.from(rows.values(), ({ vector }) => vector),
        metadata: Array.from(rows.values(), ({ metadata }) => metadata),
        texts: Array.from(rows.values(), ({ text }) => text),
      });
      if (random.nextBelow(2) === 0) await written;
      else pending.push(written);
    } else if (what < 13) {
      const ids = Array.from({ length: random.nextBelow(10) }, anyId);
      const there = new Set(ids.filter((id) => model.delete(id))).size;
      expect(await c.delete(ids)).toBe(there);
    } else if (what < 18) {
      await Promise.all(pending.splice(0));
      const query = anyVector();
      const k = 1 + random.nextBelow(20);
      const tag = random.nextBelow(2) === 0 ? undefined : random.nextBelow(5);
      const hits = await c.search(query, k, tag === undefined ? {} : { filter: { tag } });
      expect(hits.map(({ distance }) => distance)).toEqual(nearest(model, query, k, tag));
      for (const { id, metadata } of hits) expect(metadata).toEqual(model.get(id as string)?.metadata);
      const id = anyId();
      const known = model.get(id);
      expect(await c.get(id)).toEqual(known && { id, metadata: known.metadata, text: known.text });
      if (known) expect(await c.vector(id)).toEqual(known.vector);
    } else if (what === 18) {
      if (random.nextBelow(2) === 0) pending.push(c.compact());
      else await c.compact();
    } else {
      await Promise.all(pending.splice(0));
      await c.close();
      c = await open(path, OPTIONS);
    }
    expect(c.n).toBeGreaterThanOrEqual(0);
  }
  await Promise.all(pending);
  const there = new Map<unknown, Row>();
  for await (const { id, vector, metadata, text } of c.iterate()) there.set(id, { vector, metadata, text });
  expect(there).toEqual(model);
  expect(c.n).toBe(model.size);
  expect(await c.verify()).toMatchObject({ isWhole: true });
  await c.close();
});
