/** Writes as bytes, whose they are, and a shard that takes them in: as one index that is told the same. */
import { createCore, FormatError } from '@sagitta/core-wasm';
import { buildGraph, buildIvf, loadVectorIndex, saveIndex } from '@sagitta/retrieval';
import { clusteredRows } from '@sagitta/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { checkIds, idsByShard } from '../../src/cluster/cluster-ids.ts';
import { hashOfJson } from '../../src/cluster/content.ts';
import { LiveShard } from '../../src/cluster/live-shard.ts';
import {
  type ClusterManifest,
  type ManifestShard,
  ownerOf,
  readManifest,
  writeManifest,
} from '../../src/cluster/manifest.ts';
import type { Nats } from '../../src/cluster/nats.ts';
import { mostIds, readWrite, type WireWrite, writeWrite } from '../../src/cluster/wire-write.ts';
import { WriteStream } from '../../src/cluster/write-stream.ts';

const hash = hashOfJson({});
const manifestOf = (shards: readonly ManifestShard[], writes = 0): ClusterManifest => ({
  ...{ format: 1, version: 3, parent: 2, build: hash, model: hash, metric: 'l2', dimensions: 2 },
  ...{ index: 'flat', shards, missing: [], writes, created: '', writer: '' },
});
const shardOf = (id: number, firstId: number, rows: number, span?: number): ManifestShard => ({
  ...{ id, segment: hash, rows, firstId, bytes: 1 },
  ...(span !== undefined && { span }),
});

describe('a write', () => {
  const ids = Uint32Array.of(7, 4_294_967_294);
  const vectors = Float32Array.of(1, -2, 3e-8, 4);

  it('comes back as it was, from bytes that begin anywhere', () => {
    for (const write of [
      { ids, vectors },
      { ids, vectors: undefined },
    ]) {
      for (const shift of [0, 1, 3]) {
        const bytes = Buffer.concat([new Uint8Array(shift), writeWrite(write)]).subarray(shift);
        expect(readWrite(bytes, 2)).toEqual(write);
      }
    }
    const size = writeWrite({ ids, vectors }).length;
    expect([mostIds(size, 2), mostIds(size - 1, 2)]).toEqual([2, 1]);
  });

  it('is refused where it is none, or of another collection', () => {
    const bytes = writeWrite({ ids, vectors });
    for (const wrong of [bytes.subarray(0, 3), bytes.subarray(0, 39), new Uint8Array(0)]) {
      expect(() => readWrite(wrong, 2)).toThrow('expected a write of vectors of 2 dimensions');
    }
    expect(() => readWrite(bytes, 4)).toThrow('of 4 dimensions');
    expect(() => readWrite(Uint8Array.from(bytes).fill(2, 0, 1), 2)).toThrow('expected a write');
  });
});

describe('a stream of writes', () => {
  const streamOf = (first_seq: number, last_seq: number, max_payload = 2 ** 20) => {
    const sent: WireWrite[] = [];
    const nats = {
      connection: { info: { max_payload } },
      asking: <T>(body: () => Promise<T>) => body(),
      streams: {
        publish: async (_: string, bytes: Uint8Array) => {
          sent.push(readWrite(bytes, 2));
          return { seq: last_seq + sent.length };
        },
      },
      manager: { streams: { add: async () => ({}), info: async () => ({ state: { first_seq, last_seq } }) } },
    };
    return { sent, stream: WriteStream.open(nats as unknown as Nats, 'notes') };
  };
  const write = { ids: Uint32Array.of(1, 2, 3), vectors: Float32Array.of(1, 2, 3, 4, 5, 6) };

  it('takes what is longer than a message in several, and gives the number of the last', async () => {
    const { sent, stream } = streamOf(1, 7, 1024 + 16 + 2 * 12);
    expect(await (await stream).send(write, 7)).toBe(9);
    expect(sent.map(({ ids, vectors }) => [[...ids], [...(vectors ?? [])]])).toEqual([
      [
        [1, 2],
        [1, 2, 3, 4],
      ],
      [[3], [5, 6]],
    ]);
  });

  it('is refused where it was made anew, or does not have what follows any more', async () => {
    const anew = await streamOf(0, 0).stream;
    await expect(anew.send(write, 5)).rejects.toThrow('expected to go on from write 6, got writes 1 to 0');
    await anew.checkThere(1);
    await expect(anew.checkThere(2)).rejects.toThrow(FormatError);
    const { stream } = streamOf(4, 9);
    for (const number of [4, 10]) await (await stream).checkThere(number);
    for (const number of [3, 11])
      await expect((await stream).checkThere(number)).rejects.toThrow(FormatError);
  });
});

describe('ids', () => {
  const manifest = manifestOf([shardOf(0, 0, 10), shardOf(2, 20, 4, 10), shardOf(3, 30, 10)]);

  it('belong to the shard whose ids they are, else to the one of their remainder', () => {
    const owners = [0, 9, 10, 19, 20, 24, 29, 30, 39, 40, 41, 42, 4_294_967_294].map(
      (id) => ownerOf(manifest, id).id,
    );
    expect(owners).toEqual([0, 0, 2, 2, 2, 2, 2, 3, 3, 2, 3, 0, 3]);
    const byShard = idsByShard(manifest, new Set([5, 41, 24]));
    expect([...byShard].map(([shard, ids]) => [shard, [...ids]])).toEqual([
      [0, [5]],
      [2, [24]],
      [3, [41]],
    ]);
  });

  it('are integers of 32 bits, each once', () => {
    expect([...checkIds([3, 1])]).toEqual([3, 1]);
    expect(() => checkIds([3, 3])).toThrow('"ids[1]" expected each id once');
    for (const wrong of [-1, 0.5, 2 ** 32 - 1, '1'])
      expect(() => checkIds([0, wrong as number])).toThrow('"ids[1]"');
    expect(() => checkIds(7 as unknown as number[])).toThrow('"ids" expected ids, got number');
    expect(() => idsByShard(manifest, [-1])).toThrow('"filter[0]"');
  });

  it('of two shards do not meet in a manifest', () => {
    expect(readManifest('m', writeManifest(manifest))).toEqual(manifest);
    const meets = manifestOf([shardOf(0, 0, 4, 11), shardOf(1, 10, 5)]);
    expect(() => readManifest('m', writeManifest(meets))).toThrow(
      'expected ids from 11 on in shard 1, got 10',
    );
    const empty = manifestOf([shardOf(0, 0, 0)]);
    expect(() => readManifest('m', writeManifest(empty))).toThrow('expected rows in shard 0');
  });
});

describe('a shard', () => {
  const core = createCore();
  afterAll(() => core.dispose());
  const d = 16;
  const rows = clusteredRows(300, d, { seed: 5, clusters: 3, spread: 0.4 });
  const file = ((): Uint8Array => {
    using index = buildIvf(core, rows, d, { metric: 'l2', nlist: 4, quantizer: 'saq', bits: 4 });
    return saveIndex(index);
  })();

  it('answers as one index that was told the same, by the ids of all', () => {
    const shard = shardOf(1, 1000, 300);
    const manifest = manifestOf([shardOf(0, 0, 1000), shard], 40);
    using live = new LiveShard(loadVectorIndex(core, file), manifest, shard);
    using twin = loadVectorIndex(core, file);
    expect(live.applied).toBe(40);
    const vectors = clusteredRows(5, d, { seed: 9, clusters: 2, spread: 1 });
    // of the fifth the other shard is
    const ids = Uint32Array.of(1000, 1299, 5001, 1003, 17);
    live.apply({ number: 41, data: writeWrite({ ids, vectors }) });
    live.apply({
      number: 42,
      data: writeWrite({ ids: Uint32Array.of(1003, 1100, 17, 9001), vectors: undefined }),
    });
    const first = (n: number): Float32Array => vectors.subarray(0, n * d);
    twin.upsert({ ids: [0, 299, 4001], vectors: first(3) });
    twin.delete([3, 100]);
    for (const q of [0, 1, 2]) {
      const query = vectors.subarray(q * d, (q + 1) * d);
      const options = { nprobe: 4, gamma: 1000 };
      const expected = twin.searchIds(query, 20, options);
      const got = live.answer({ query, k: 20, options });
      expect([...got.ids]).toEqual(expected.ids.map((id) => Number(id) + 1000));
      expect([...got.scores]).toEqual([...expected.scores]);
      expect(got.ids[0]).toBe(ids[q]);
      const filter = Uint32Array.of(1001, 5001, 1100, 1299);
      const allowed = live.answer({ query, k: 20, options, filter });
      expect([...allowed.ids].sort()).toEqual([1001, 1299, 5001]);
    }
  });

  it('folds to the same bytes when it was told the same, as a graph too', () => {
    const graph = ((): Uint8Array => {
      using index = buildGraph(core, rows, d, { metric: 'l2', quantizer: 'saq', bits: 4, degree: 8 });
      return saveIndex(index);
    })();
    const shard = shardOf(0, 0, 300);
    const vectors = clusteredRows(40, d, { seed: 11, clusters: 3, spread: 0.5 });
    const ids = Uint32Array.from({ length: 40 }, (_, i) => 290 + i);
    for (const bytes of [file, graph]) {
      const folded = [0, 1].map(() => {
        using live = new LiveShard(loadVectorIndex(core, bytes), manifestOf([shard]), shard);
        live.apply({ number: 1, data: writeWrite({ ids, vectors }) });
        const gone = Uint32Array.from({ length: 30 }, (_, i) => 3 * i);
        live.apply({ number: 2, data: writeWrite({ ids: gone, vectors: undefined }) });
        for (const q of [0, 20, 39]) {
          const query = vectors.subarray(q * d, (q + 1) * d);
          expect([...live.answer({ query, k: 3, options: { nprobe: 4, ef: 100 } }).ids]).toContain(290 + q);
        }
        live.index.compact();
        expect(live.index.n).toBe(300 + 30 - 30);
        return saveIndex(live.index);
      });
      expect(folded[0]).toEqual(folded[1]);
      using again = loadVectorIndex(core, folded[0] as Uint8Array);
      expect([again.n, again.has(0), again.has(329), again.isTrained]).toEqual([300, false, true, true]);
    }
  });

  it('may lose all its rows, and still codes as the others do', () => {
    const shard = shardOf(0, 0, 300);
    using live = new LiveShard(loadVectorIndex(core, file), manifestOf([shard]), shard);
    live.apply({
      number: 1,
      data: writeWrite({ ids: Uint32Array.from({ length: 300 }, (_, i) => i), vectors: undefined }),
    });
    const query = rows.subarray(0, d);
    const ask = (of: LiveShard): readonly number[] => [
      ...of.answer({ query, k: 3, options: { nprobe: 4 } }).ids,
    ];
    expect(ask(live)).toEqual([]);
    live.index.compact();
    const folded = { ...shardOf(0, 0, 0, 300) };
    using next = new LiveShard(loadVectorIndex(core, saveIndex(live.index)), manifestOf([folded], 1), folded);
    expect([next.index.n, next.index.isTrained, ask(next)]).toEqual([0, true, []]);
    next.apply({
      number: 2,
      data: writeWrite({ ids: Uint32Array.of(7), vectors: rows.slice(7 * d, 8 * d) }),
    });
    using whole = loadVectorIndex(core, file);
    const { ids, scores } = whole.searchIds(query, 300, { nprobe: 4, gamma: 1000 });
    expect([...next.answer({ query, k: 3, options: { nprobe: 4 } }).scores]).toEqual([
      scores[ids.indexOf(7)],
    ]);
  });

  it('passes over what is no write, and says so; who waits for a write goes on', async () => {
    const shard = shardOf(0, 0, 300);
    using live = new LiveShard(loadVectorIndex(core, file), manifestOf([shard]), shard);
    let isThere = false;
    const waiting = live.reached(2).then(() => {
      isThere = true;
    });
    const bad = new Float32Array(d).fill(Number.NaN);
    expect(() =>
      live.apply({ number: 1, data: writeWrite({ ids: Uint32Array.of(1), vectors: bad }) }),
    ).toThrow(RangeError);
    await live.reached(1);
    expect(isThere).toBe(false);
    expect(() => live.apply({ number: 2, data: new Uint8Array(3) })).toThrow('expected a write');
    await waiting;
    expect([live.applied, live.index.n]).toEqual([2, 300]);
  });

  it('is that of the next version where nothing of it was changed', () => {
    const [first, second] = [shardOf(0, 0, 300), shardOf(1, 300, 300)];
    const old = manifestOf([first, second], 4);
    using live = new LiveShard(loadVectorIndex(core, file), old, first);
    const folded = shardOf(0, 0, 300, 300);
    const next = (writes: number, shard = folded): boolean =>
      live.isAlso(manifestOf([shard, second], writes), shard);
    for (const number of [5, 6]) {
      live.apply({ number, data: writeWrite({ ids: Uint32Array.of(301), vectors: undefined }) });
    }
    expect([3, 4, 6, 7].map((writes) => next(writes))).toEqual([false, true, true, false]);
    live.apply({ number: 7, data: writeWrite({ ids: Uint32Array.of(3), vectors: undefined }) });
    live.apply({ number: 8, data: writeWrite({ ids: Uint32Array.of(400), vectors: undefined }) });
    expect([6, 7, 8].map((writes) => next(writes))).toEqual([true, false, false]);
    expect(next(6, { ...folded, segment: hashOfJson({ other: 1 }) })).toBe(false);
    expect(next(6, shardOf(0, 0, 300, 299))).toBe(false);
    expect(next(6, shardOf(2, 0, 300))).toBe(false);
  });
});
