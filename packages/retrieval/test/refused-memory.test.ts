/** Every allocation of every operation of an index of vectors refused in turn: nothing stays behind, nothing is lost. */
import { type Core, createCore, METRICS, vectorSet } from '@sagitta/core-wasm';
import { clusteredRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import {
  buildFlat,
  buildIvf,
  bytesSource,
  type IndexOptions,
  type IvfIndex,
  loadIndex,
  loadIndexFrom,
  openIndex,
  type SearchOptions,
  saveIndex,
  trainIndex,
} from '../src/index.ts';
import { INDEX_KINDS } from './index-kinds.ts';
import { checkRefusals } from './refused-memory.case.ts';

const D = 16;
const ROWS = clusteredRows(150, D, { seed: 5, clusters: 4, spread: 0.5 });
/** The last list block is not full, and neither are the lists' that follow. */
const FIRST = ROWS.subarray(0, 70 * D);
const MORE = ROWS.subarray(70 * D);
const QUERY = ROWS.subarray(3 * D, 4 * D);

const fetch: NonNullable<Exclude<SearchOptions['rerank'], false | undefined>['fetch']> = (ids) => {
  const out = new Float32Array(ids.length * D);
  for (const [i, id] of ids.entries()) out.set(ROWS.subarray(id * D, (id + 1) * D), i * D);
  return out;
};

/** Numbers of allocations that were refused, so that a table that refuses none is seen. */
async function refusals(...counts: readonly Promise<number>[]): Promise<void> {
  for (const count of await Promise.all(counts)) expect(count).toBeGreaterThan(0);
}

describe.each(Object.keys(INDEX_KINDS))('an index of %s', (name) => {
  const [i, options] = [
    Object.keys(INDEX_KINDS).indexOf(name),
    INDEX_KINDS[name] as Omit<IndexOptions, 'metric'>,
  ];
  const metric = METRICS[i % METRICS.length] as IndexOptions['metric'];
  const nlist = i % 2 === 0 ? 3 : undefined;
  const all = { ...options, metric, seed: 3, ...(nlist && { nlist, iterations: 2 }) };
  const build = (core: Core, rows = FIRST): IvfIndex =>
    nlist ? buildIvf(core, rows, D, { ...all, nlist }) : buildFlat(core, rows, D, all);
  const answers = (index: IvfIndex): unknown => ({
    n: index.n,
    found: index.search(QUERY, 5),
    bytes: Buffer.from(saveIndex(index)).toString('base64'),
  });
  const reading = { on: build, answers };

  it('is built', async () => {
    await refusals(checkRefusals({ on: () => undefined, run: (_, core) => build(core) }));
  });

  it('takes vectors', async () => {
    await refusals(
      checkRefusals({ on: build, run: (index) => index.add(MORE), answers }),
      checkRefusals({
        on: (core) => {
          const index = build(core);
          // the encoder is there now
          index.add(QUERY);
          return index;
        },
        run: (index) => index.add(MORE),
        answers,
      }),
      checkRefusals({
        on: (core) => trainIndex(core, vectorSet(ROWS, D), all),
        run: (index) => index.add(FIRST),
        answers: (index) => index.search(QUERY, 5),
      }),
    );
  });

  it('searches', async () => {
    const isPlain = !options.keepVectors && !options.secondary && !options.quantizerOptions?.secondBits;
    await refusals(
      checkRefusals({
        ...reading,
        run: (index) => index.search(QUERY, 100, { nprobe: 2, statistics: true }),
      }),
      checkRefusals({
        ...reading,
        run: (index) =>
          index.search(QUERY, 5, { rerank: isPlain ? { candidates: 60, fetch } : { candidates: 60 } }),
      }),
      checkRefusals({ ...reading, run: (index) => index.searchBatch(ROWS.subarray(0, 2 * D), 5) }),
      checkRefusals({ ...reading, run: (index) => index.estimates(QUERY, 2) }),
    );
  });

  it('is saved and loaded, whole and as a stream', async () => {
    // a save takes no memory of the core
    expect(await checkRefusals({ ...reading, run: (index) => void saveIndex(index) })).toBe(0);
    using own = createCore();
    const bytes = saveIndex(build(own));
    const on = (): undefined => undefined;
    await refusals(checkRefusals({ on, run: (_, core) => loadIndex(core, bytes) }));
    await refusals(
      checkRefusals({ on, run: (_, core) => loadIndexFrom(core, [bytes]) }),
      checkRefusals({ on, run: (_, core) => loadIndexFrom(core, [bytes], { size: bytes.length }) }),
      checkRefusals({ on, run: (_, core) => openIndex(core, bytesSource(bytes)) }),
    );
  });
});
