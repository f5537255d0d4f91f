/** The codec beside MaxSim in doubles, what goes to each engine, and what comes back; against engines themselves: npm run bench:engines. */
import { createCore, RandomStream, type TokenSet } from '@sagitta/core-wasm';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type BulkEngine,
  bulkLines,
  bulkSchema,
  ENGINES,
  enginePreset,
  insertPgvector,
  lanceRows,
  loadMultiVectorCodec,
  MultiVectorCodec,
  pgvectorSchema,
  searchLance,
  searchPgvector,
} from '../../src/engines/index.ts';
import { maxsim } from '../../src/maxsim/index.ts';
import { MuveraFde, muveraPreset } from '../../src/muvera/index.ts';

const D = 8;
const core = createCore();
afterAll(() => core.dispose());
const encoder = new MuveraFde({ d: D, numSimhashProjections: 2, numRepetitions: 6, seed: 3 });

function documents(n: number, seed: number): TokenSet {
  const random = new RandomStream(seed, 'engines');
  const offsets = new Uint32Array(n + 1);
  for (let i = 0; i < n; i++)
    offsets[i + 1] = (offsets[i] as number) + (i === 3 ? 0 : 1 + random.nextBelow(5));
  const data = Float32Array.from(
    { length: (offsets[n] as number) * D },
    () => (random.nextBelow(2001) - 1000) / 500,
  );
  return { data, offsets, n, d: D };
}
const all = documents(40, 1);
const rows = (i: number): Float32Array =>
  all.data.subarray((all.offsets[i] as number) * D, (all.offsets[i + 1] as number) * D);
const ids = Array.from({ length: all.n }, (_, i) => `d${i}`);

/** What an engine of single vectors does: the n largest inner products. */
function nearest(fdes: readonly ArrayLike<number>[], query: ArrayLike<number>, n: number): number[] {
  const dots = fdes.map((fde) =>
    Array.from(fde).reduce((sum, value, j) => sum + value * (query[j] as number), 0),
  );
  return [...dots.keys()].sort((a, b) => (dots[b] as number) - (dots[a] as number)).slice(0, n);
}

describe('a multi-vector codec', () => {
  it.each([
    ['float32', 'ip', 1e-4],
    ['int8', 'cosine', 0.05],
    ['saq', 'cosine', 0.4],
    ['bit1', 'cosine', 3],
  ] as const)('ranks candidates by MaxSim of %s tokens (%s)', (tokenEncoding, metric, tolerance) => {
    using codec = new MultiVectorCodec(core, { encoder, metric, tokenEncoding });
    const { codes, fdes } = codec.encode(all);
    expect(fdes).toHaveLength(all.n * codec.length);
    for (const [i, { length }] of codes.entries())
      expect(length).toBe((rows(i).length / D) * codec.bytesPerToken);
    const query = rows(7);
    const found = codec.rerank(
      query,
      codes.map((one, i) => ({ id: i, codes: one })),
      40,
    );
    // the document without tokens is in none
    expect(found.map(({ id }) => id).sort((a, b) => a - b)).toEqual([...ids.keys()].filter((i) => i !== 3));
    const unit = (values: Float32Array): Float32Array => {
      if (metric === 'ip') return values;
      const out = values.slice();
      for (let at = 0; at < out.length; at += D) {
        const length = Math.hypot(...out.subarray(at, at + D));
        for (let j = at; j < at + D; j++) out[j] = (out[j] as number) / length;
      }
      return out;
    };
    const exact = maxsim({ data: unit(query), n: query.length / D, d: D }, { ...all, data: unit(all.data) });
    for (const { id, similarity } of found)
      expect(Math.abs(similarity - (exact[id] as number))).toBeLessThan(tolerance);
    const scores = found.map(({ similarity }) => similarity);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    expect(codec.rerank(query, [], 3)).toEqual([]);
  });

  it('is the same after it was saved: every byte', () => {
    for (const [tokenEncoding, tokenBits] of [
      ['int8', undefined],
      ['saq', 3],
      ['rabitq', 2],
      ['bit1', undefined],
    ] as const) {
      const options = { encoder, tokenEncoding, seed: 9, ...(tokenBits !== undefined && { tokenBits }) };
      using codec = new MultiVectorCodec(core, options);
      using again = loadMultiVectorCodec(core, codec.save());
      expect(again.encode(all)).toEqual(codec.encode(all));
      expect(again.encodeQuery(rows(2))).toEqual(codec.encodeQuery(rows(2)));
      expect(again.save()).toEqual(codec.save());
    }
    using codec = new MultiVectorCodec(core, { encoder });
    const bytes = codec.save();
    for (const at of [8, bytes.length >> 1, bytes.length - 1]) {
      const changed = bytes.slice();
      changed[at] = (changed[at] as number) ^ 0x41;
      expect(() => loadMultiVectorCodec(core, changed)).toThrow();
    }
  });

  it('refuses by name what is wrong', () => {
    using codec = new MultiVectorCodec(core, { encoder });
    expect(() => codec.encode({ data: new Float32Array(4), offsets: [0, 1], d: 4 })).toThrow(
      '"tokens" expected d = 8',
    );
    expect(() => codec.encodeQuery([])).toThrow('"query.tokens" expected at least one token');
    expect(() => codec.rerank(rows(1), [{ codes: new Uint8Array(5) }], 1)).toThrow(
      '"candidates[0].codes" expected tokens of',
    );
    expect(() => codec.rerank(rows(1), [{ codes: 'x' as never }], 1)).toThrow(
      '"candidates[0].codes" expected a Uint8Array',
    );
    expect(() => new MultiVectorCodec(core, { encoder, tokenBits: 4 })).toThrow('"bits" expected 8');
    const bytes = core.bytesUsed();
    expect(() => new MultiVectorCodec(core, { encoder, tokenEncoding: 'saq', tokenBits: 99 })).toThrow();
    expect(core.bytesUsed()).toBe(bytes);
  });
});

describe('documents in engines', () => {
  it('have presets that fit', () => {
    for (const [name, { maxDimensions }] of Object.entries(ENGINES)) {
      const length = enginePreset(name as keyof typeof ENGINES);
      expect(length).toBeLessThanOrEqual(maxDimensions);
      expect(new MuveraFde(muveraPreset(length, 128)).length).toBe(length);
    }
    expect(enginePreset('pgvector')).toBe(2560);
    using long = new MultiVectorCodec(core, { encoder: new MuveraFde(muveraPreset(5120, D)) });
    expect(() => pgvectorSchema(long, 'x')).toThrow(
      '"codec" expected an encoder of at most 4000 numbers for pgvector, got 5120',
    );
  });

  it('are found in LanceDB, each by itself', async () => {
    using codec = new MultiVectorCodec(core, { encoder });
    const table = lanceRows(codec, {
      ids,
      tokens: all,
      metadata: ids.map((_, i) => (i === 5 ? undefined : { i })),
    });
    const asked: unknown[] = [];
    const lance = {
      query: () => ({
        nearestTo(vector: Float32Array) {
          const query: Record<string, unknown> = {};
          let limit = 0;
          for (const name of ['column', 'distanceType', 'nprobes', 'ef', 'refineFactor', 'where', 'select']) {
            query[name] = (value: unknown) => {
              asked.push([name, value]);
              return query;
            };
          }
          query['limit'] = (count: number) => {
            limit = count;
            return query;
          };
          query['toArray'] = async () =>
            nearest(
              table.map(({ fde }) => fde),
              vector,
              limit,
            ).map((at) => table[at]);
          return query as never;
        },
      }),
    };
    for (const at of [0, 5, 20]) {
      const [best, second] = await searchLance(lance, codec, rows(at), 2, {
        candidates: 40,
        where: 'x > 1',
        nprobes: 3,
      });
      expect(best).toMatchObject({ id: `d${at}`, metadata: at === 5 ? undefined : { i: at } });
      expect(best?.similarity).toBeCloseTo(rows(at).length / D, 2);
      expect(second?.similarity).toBeLessThan(best?.similarity as number);
    }
    expect(asked).toContainEqual(['distanceType', 'dot']);
    expect(asked).toContainEqual(['where', 'x > 1']);
    expect(() => lanceRows(codec, { ids: ['a'], tokens: all })).toThrow(
      '"ids" expected one for each of 40 documents, got 1',
    );
  });

  it('are statements for pgvector, with what comes from outside as parameters', async () => {
    using codec = new MultiVectorCodec(core, { encoder });
    const said: [string, unknown[] | undefined][] = [];
    const kept: unknown[][] = [];
    const client = {
      async query(text: string, parameters?: unknown[]) {
        said.push([text, parameters]);
        if (text.startsWith('insert'))
          for (let i = 0; i < (parameters?.length ?? 0); i += 4)
            kept.push((parameters as unknown[]).slice(i, i + 4));
        if (!text.startsWith('select')) return { rows: [] };
        const fdes = kept.map(([, fde]) => JSON.parse(fde as string) as number[]);
        const [vector, limit] = parameters as [string, number];
        return {
          rows: nearest(fdes, JSON.parse(vector) as number[], limit).map((at) => {
            const [id, , codes, metadata] = kept[at] as [string, string, Uint8Array, string | null];
            return { id, codes, metadata: metadata === null ? null : (JSON.parse(metadata) as unknown) };
          }),
        };
      },
    };
    expect(pgvectorSchema(codec, 'my "notes"').table).toContain(
      'create table "my ""notes""" (id text primary key, fde halfvec(',
    );
    await insertPgvector(client, 'notes', codec, { ids, tokens: all, metadata: ids.map((id) => ({ id })) });
    expect(kept).toHaveLength(40);
    const hits = await searchPgvector(client, 'notes', codec, rows(9), 3, {
      where: 'id <> $3',
      parameters: ['d1'],
    });
    expect(hits[0]).toMatchObject({ id: 'd9', metadata: { id: 'd9' } });
    const last = said.at(-1) as [string, unknown[]];
    expect(last[0]).toContain('where id <> $3 order by fde <#> $1 limit $2');
    expect(last[1].slice(1)).toEqual([100, 'd1']);
    expect(said.map(([text]) => text)).toContain('set hnsw.ef_search = 100');
    expect(() => pgvectorSchema(codec, '')).toThrow('"table" expected a name');
    await expect(searchPgvector(client, 'notes', codec, rows(9), 3, { candidates: 2000 })).rejects.toThrow(
      '"candidates"',
    );
  });

  it.each(['opensearch', 'qdrant', 'milvus', 'weaviate'] as const)(
    'are lines of JSON for %s, with codes that come back',
    (engine: BulkEngine) => {
      using codec = new MultiVectorCodec(core, { encoder });
      const { codes } = codec.encode(all);
      expect(JSON.stringify(bulkSchema(engine, codec, 'Note'))).toMatch(
        engine === 'weaviate' ? /"distance":"dot"/ : new RegExp(`${codec.length}`),
      );
      const lines = [
        ...bulkLines(
          engine,
          codec,
          { ids, tokens: all, metadata: ids.map((_, i) => ({ i })) },
          { name: 'Note' },
        ),
      ];
      expect(lines).toHaveLength(40);
      const found = lines.flatMap((line) =>
        line
          .trim()
          .split('\n')
          .map((one) => JSON.parse(one))
          .slice(-1),
      );
      for (const [i, one] of found.entries()) {
        const properties = engine === 'qdrant' ? one.payload : engine === 'weaviate' ? one.properties : one;
        expect(new Uint8Array(Buffer.from(properties.codes, 'base64'))).toEqual(codes[i]);
        const vector = engine === 'weaviate' ? one.vector : engine === 'qdrant' ? one.vector.fde : one.fde;
        expect(vector).toHaveLength(codec.length);
      }
      if (engine !== 'milvus') return;
      const many = { data: new Float32Array(5000 * D).fill(1), offsets: [0, 5000], d: D };
      expect(() => [...bulkLines(engine, codec, { ids: ['x'], tokens: many })]).toThrow(
        'expected codes of at most 65535 characters',
      );
    },
  );
});
