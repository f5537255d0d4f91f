/** train, encode and publish: what shards find together is what one index finds, and bytes follow from input and seed. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCore } from '@sagitta/core-wasm';
import { mergeResults } from '@sagitta/retrieval/internal';
import { clusteredRows } from '@sagitta/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { hashOf } from '../../src/cluster/content.ts';
import { folderObjects } from '../../src/cluster/folder-objects.ts';
import { storageManifests } from '../../src/cluster/manifest-log.ts';
import { objectBytes } from '../../src/cluster/object-storage.ts';
import type { ShardEntry } from '../../src/cluster/plan.ts';
import { type IvfIndex, loadIndex, loadIndexFile, type SearchResult, writeNpy } from '../../src/index.ts';
import { sagitta, sagittaJson } from '../support/command.ts';
import { temporaryFolder } from '../support/temporary.ts';

const N = 900;
const D = 24;
const K = 10;
const SHARDS = 4;
const DATA = { seed: 6, clusters: 12, spread: 0.6 };
const base = clusteredRows(N, D, DATA);
const queries = clusteredRows(20, D, { ...DATA, stream: 'query' });
const query = (q: number): Float32Array => queries.subarray(q * D, (q + 1) * D);
const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const INPUT = [at('a.npy'), at('b.npy')];

beforeAll(async () => {
  await writeNpy(at('base.npy'), base, D);
  await writeNpy(at('a.npy'), base.subarray(0, 400 * D), D);
  await writeNpy(at('b.npy'), base.subarray(400 * D), D);
});

const KINDS = [
  ['flat', ['--index', 'flat', '--bits', 4]],
  ['ivf', ['--index', 'ivf', '--nlist', 8, '--bits', 2, '--metric', 'cosine', '--keep-vectors']],
  ['graph', ['--index', 'graph', '--degree', 16, '--bits', 4]],
  ['float32', ['--index', 'ivf', '--nlist', 5, '--quantizer', 'float32', '--metric', 'ip']],
  [
    'lvq',
    ['--index', 'flat', '--quantizer', 'lvq', '--bits', 4, '--secondary', 'lvq', '--secondary-bits', 8],
  ],
] as const;

const model = (name: string): string => at(`${name}.sgta`);
const place = (name: string): string => at(`place-${name}`);
const encode = (name: string, shard: number, shards: number, out = place(name)): Promise<ShardEntry> =>
  sagittaJson('encode', ...INPUT, '--model', model(name), '--shard', `${shard}/${shards}`, '--out', out);

describe.each(KINDS)('%s', (name, flags) => {
  beforeAll(async () => {
    await sagittaJson('train', ...INPUT, '--out', model(name), ...flags);
    // in no order
    for (const shard of [2, 0, 3, 1]) await encode(name, shard, SHARDS);
    await sagittaJson('publish', place(name));
  });

  it('codes one shard to the bytes of build', async () => {
    const { segment } = await encode(name, 0, 1);
    await sagittaJson('build', at('base.npy'), '--out', at('whole.sag'), ...flags);
    expect(hashOf(objectBytes(readFileSync(at('whole.sag'))))).toBe(segment);
  });

  it('gives the same bytes again, elsewhere too, and does nothing where they are there', async () => {
    const there = await encode(name, 1, SHARDS);
    const elsewhere = await encode(name, 1, SHARDS, at(`elsewhere-${name}`));
    expect(there).toMatchObject({ encodeSeconds: 0, segment: elsewhere.segment, bytes: elsewhere.bytes });
    expect((elsewhere as unknown as { encodeSeconds: number }).encodeSeconds).toBeGreaterThan(0);
    expect(readFileSync(join(place(name), 'segments', `${there.segment}.sgta`))).toEqual(
      readFileSync(join(at(`elsewhere-${name}`), 'segments', `${there.segment}.sgta`)),
    );
  });

  it('finds in all shards together what one index finds, with the same scores', async () => {
    using core = createCore();
    const manifest = await storageManifests(folderObjects(place(name))).head();
    if (!manifest) throw new Error('expected a manifest');
    expect(manifest).toMatchObject({ version: 1, dimensions: D, missing: [] });
    const parts = manifest.shards.map(({ segment, firstId }) => ({
      index: loadIndex(core, readFileSync(join(place(name), 'segments', `${segment}.sgta`))),
      firstId,
    }));
    using one = await loadIndexFile(core, at('whole.sag'));
    // graphs of shards are others than the graph of all: wide enough, both find everything
    const how = {
      gamma: 1000,
      ...(one.kind === 'graph' && { ef: N }),
      ...(one.secondary && { rerank: false as const }),
    };
    for (let q = 0; q < 20; q++) {
      const answers = parts.map(({ index, firstId }) => ({
        ...index.search(query(q), K, how),
        globalId: (id: number) => firstId + id,
      }));
      const merged = mergeResults(answers, K, manifest.metric);
      expect(merged).toEqual(plain(one, query(q), how));
    }
  });
});

function plain(index: IvfIndex, of: Float32Array, how: object): SearchResult {
  const { ids, scores } = index.search(of, K, how);
  return { ids, scores };
}

describe('a build of shards', () => {
  it('tells what is missing, and is published without it where that is allowed', async () => {
    const out = at('some');
    await encode('flat', 0, 3, out);
    await encode('flat', 2, 3, out);
    const refused = await sagitta('publish', out);
    expect(refused).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('expected all 3 shards of 900 rows, got 2: 1 missing'),
    });
    const some = { version: 1, shards: 2, missing: [1], rows: 600, isNew: true };
    expect(await sagittaJson('publish', out, '--allow-missing')).toMatchObject(some);
    await encode('flat', 1, 3, out);
    expect(await sagittaJson('publish', out)).toMatchObject({
      version: 2,
      parent: 1,
      shards: 3,
      missing: [],
      rows: N,
    });
    expect(await sagittaJson('publish', out)).toMatchObject({ version: 2, isNew: false });
  });

  it('asks which where there are several', async () => {
    const out = at('two');
    const { build } = await encode('flat', 0, 1, out);
    await encode('ivf', 0, 1, out);
    const several = await sagitta('publish', out);
    expect(several).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('PLACE: expected one build, got '),
    });
    expect(await sagittaJson('publish', out, '--build', build.slice(0, 20))).toMatchObject({
      build,
      version: 1,
    });
    const none = await sagitta('publish', at('nothing'));
    expect(none).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('PLACE: expected one build, got none'),
    });
  });

  it.each([
    [['--shard', '4/4'], 2, 'Expected I/N'],
    [['--shard', '1'], 2, 'Expected I/N'],
    [['--shard', '0/901'], 1, '--shard: "shards" expected an integer from 1 to 900, got 901'],
    [['--model', at('whole.sag')], 1, '--model: "model" expected an index without vectors'],
    [['--model', at('none.sgta')], 1, '--model: '],
    [['--out', 'ftp://x/y'], 1, '--out: "place" expected a folder or s3://bucket/prefix'],
  ])('refuses %j', async (flags, status, message) => {
    const given = ['--model', model('flat'), '--shard', '0/4', '--out', at('refused')];
    const run = await sagitta('encode', ...INPUT, ...given, ...flags);
    expect(run).toMatchObject({ status, stderr: expect.stringContaining(message) });
  });

  it('says what is wrong with a row, and builds the other shards', async () => {
    const rows = base.slice();
    rows[500 * D + 3] = Number.NaN;
    await writeNpy(at('bad.npy'), rows, D);
    const run = (shard: string) =>
      sagitta('encode', at('bad.npy'), '--model', model('flat'), '--shard', shard, '--out', at('bad'));
    expect(await run('1/2')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('row 500, dimension 3'),
    });
    expect(await run('0/2')).toMatchObject({ status: 0 });
    expect(readdirSync(join(at('bad'), 'segments'))).toHaveLength(1);
  });

  it('draws the sample of a large file by reading its rows alone: that of a stream', async () => {
    const lines = Array.from({ length: N }, (_, i) => JSON.stringify([...base.subarray(i * D, (i + 1) * D)]));
    writeFileSync(at('base.jsonl'), lines.join('\n'));
    const flags = ['--index', 'flat', '--train-size', 14, '--bits', 1, '--seed', 3];
    for (const name of ['npy', 'jsonl']) {
      await sagittaJson('train', at(`base.${name}`), '--out', at(`by-${name}.sgta`), ...flags);
    }
    expect(readFileSync(at('by-npy.sgta'))).toEqual(readFileSync(at('by-jsonl.sgta')));
  });
});
