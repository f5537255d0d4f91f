/** Inputs that are objects: patterns, what they are as files, and which ranges are read of them. */
import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { randomBytes } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { expandInputs, inputFiles, openObject } from '../../src/cluster/input-objects.ts';
import type { ObjectStorage } from '../../src/cluster/object-storage.ts';
import { s3Storage } from '../../src/cluster/s3-storage.ts';
import type { DataFile } from '../../src/files/data-file.ts';
import { sourceFile } from '../../src/files/source-file.ts';
import { FORMATS } from '../../src/formats.ts';
import { isRandomAccess, readAll, type VectorSource } from '../../src/readers/vector-source.ts';
import { bytesOf, npy, npyFields } from '../support/bytes.ts';
import { sagitta } from '../support/command.ts';
import { SEED_ROWS, SEEDS } from '../support/seed-files.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { FakeS3 } from './fake-s3.ts';

const folder = temporaryFolder();
const MIB = 2 ** 20;

/** A server with objects, and what opens its buckets. */
function serverWith(objects: Readonly<Record<string, Uint8Array>>) {
  const client = new FakeS3();
  for (const [key, bytes] of Object.entries(objects)) client.objects.set(key, bytes);
  const open = async (name: string): Promise<ObjectStorage> => {
    const [, bucket = ''] = /^s3:\/\/(.+)$/.exec(name) ?? [];
    return s3Storage({ bucket, client, tries: 2, firstPauseMs: 1 });
  };
  return { client, open };
}

const one = Uint8Array.of(1);

describe('names of inputs', () => {
  const { open } = serverWith({
    'raw/b.npy': one,
    'raw/a.npy': Uint8Array.of(1, 2),
    'raw/aXnpy': one,
    'raw/deep/c.npy': one,
    'raw/day=3/part-1.npy': one,
    'raw/day=4/part-1.npy': one,
    'other/a.npy': one,
  });

  it('with * stand for the objects that match, in the order of their keys; others for themselves', async () => {
    expect(await expandInputs(['x/*.npy', 's3://b/raw/*.npy', 's3://b/none.npy'], open)).toEqual([
      'x/*.npy',
      's3://b/raw/a.npy',
      's3://b/raw/b.npy',
      's3://b/none.npy',
    ]);
    expect(await expandInputs(['s3://b/raw/day=*/part-*.npy'], open)).toEqual([
      's3://b/raw/day=3/part-1.npy',
      's3://b/raw/day=4/part-1.npy',
    ]);
    expect(await expandInputs(['s3://b/*/a.n*y'], open)).toEqual(['s3://b/other/a.npy', 's3://b/raw/a.npy']);
  });

  it('are refused where nothing matches, or is there, or they are none', async () => {
    await expect(expandInputs(['s3://b/raw/*.csv'], open)).rejects.toThrow('none of s3://b/raw/*.csv');
    await expect(expandInputs(['s3://b*'], open)).rejects.toThrow('"path" expected s3://bucket/key');
    await expect(inputFiles(['s3://b/raw/c.npy'], open)).rejects.toThrow('there, got s3://b/raw/c.npy');
    await expect(inputFiles(['s3://b/raw/'], open)).rejects.toThrow('"path" expected s3://bucket/key');
    await expect(openObject('s3://b/raw/c.npy', open)).rejects.toThrow('"key" expected an object of s3://b');
  });

  it('are files by their last name and their bytes, wherever they lie', async () => {
    const path = folder.write('c.npy', Uint8Array.of(1, 2, 3));
    expect(await inputFiles(['s3://b/raw/a.npy', path, 's3://b/raw/day=3/part-1.npy'], open)).toEqual([
      { name: 'a.npy', bytes: 2 },
      { name: 'c.npy', bytes: 3 },
      { name: 'part-1.npy', bytes: 1 },
    ]);
  });

  it.each([
    [
      ['cluster', 'build', 'p', '--input', 's3://b/*.npy', '--shards', 2],
      '--input: @aws-sdk/client-s3 expected',
    ],
    [
      ['cluster', 'build', 'p', '--input', 's3://b', '--shards', 2],
      '--input: "path" expected s3://bucket/key',
    ],
    [['train', 's3://b/', '--out', 'x.sgta'], 'INPUT: "path" expected s3://bucket/key'],
    [['build', 's3://b/a.npy', '--out', 'x.sgta'], 'BASE: @aws-sdk/client-s3 expected'],
  ])('that are bad are told by their argument: %j', async (argv, message) => {
    expect(await sagitta(...argv)).toMatchObject({ status: 1, stderr: expect.stringContaining(message) });
  });
});

async function opened(name: keyof typeof FORMATS, file: DataFile): Promise<VectorSource> {
  const options = { column: undefined, d: undefined, role: 'base' as const };
  return (await FORMATS[name].vectors?.(file, options)) as VectorSource;
}

describe('an object as a file', () => {
  const n = 12_000;
  const d = 8;
  const values = Float32Array.from({ length: n * d }, (_, i) => Math.sin(i));
  const matrix = npy(npyFields('<f4', n, d), bytesOf(values));
  const text = new TextEncoder().encode(
    Array.from({ length: n }, (_, i) => `[${values.subarray(i * d, (i + 1) * d).join(',')}]\n`).join(''),
  );

  it('gives the rows of every kind of reader', async () => {
    const { open } = serverWith({ 'a.npy': matrix, 'a.jsonl': text });
    for (const name of ['npy', 'jsonl'] as const) {
      const source = await opened(name, await openObject(`s3://b/a.${name}`, open));
      const { data } = await readAll(source);
      expect(data).toEqual(values);
      await source.close();
    }
  });

  const plain = SEEDS.filter(({ isTokenSets, bytes }) => !isTokenSets && bytes[0] !== 0x1f);
  it.each(plain.map((seed) => [seed.name, seed] as const))(
    'gives what a file gives, in passes and rows at the same time: %s',
    async (name, { bytes, format, column, d: dimensions }) => {
      const file = sourceFile(name, {
        size: bytes.length,
        read: async (offset, length) => {
          await setImmediate();
          return bytes.slice(offset, offset + length);
        },
      });
      const options = { column, d: dimensions, role: 'base' as const };
      const source = (await FORMATS[format].vectors?.(file, options)) as VectorSource;
      const passes = [1, 2, 100].map(async (rows) => {
        const seen: number[] = [];
        for await (const chunk of source.chunks(rows)) seen.push(...chunk);
        return seen;
      });
      for (const seen of await Promise.all(passes)) expect(seen).toEqual(SEED_ROWS.flat());
      if (isRandomAccess(source)) {
        const rows = await Promise.all(SEED_ROWS.map((_, row) => source.readRows(row, 1)));
        expect(rows.map((row) => [...row])).toEqual(SEED_ROWS);
      }
      await source.close();
    },
  );

  it('is read where its rows are, and not elsewhere', async () => {
    const ranges: [number, number][] = [];
    const source = {
      size: matrix.length,
      read: async (offset: number, length: number) => {
        ranges.push([offset, length]);
        return matrix.slice(offset, offset + length);
      },
    };
    const vectors = await opened('npy', sourceFile('s3://b/a.npy', source));
    if (!isRandomAccess(vectors)) throw new Error('expected rows that are read anywhere');
    ranges.length = 0;
    const rows = await Promise.all([6000, 11_900].map((row) => vectors.readRows(row, 2)));
    expect(rows.map((row) => row[0])).toEqual([6000, 11_900].map((row) => values[row * d]));
    expect(ranges).toEqual([6000, 11_900].map((row) => [matrix.length - (n - row) * d * 4, 2 * d * 4]));
  });

  it('is read ahead where reads go on, with few requests, and long reads go in pieces', async () => {
    const bytes = randomBytes(40 * MIB + 11, 3);
    let requests = 0;
    let longest = 0;
    const file = sourceFile('x', {
      size: bytes.length,
      read: async (offset, length) => {
        requests++;
        longest = Math.max(longest, length);
        return bytes.slice(offset, offset + length);
      },
    });
    const pass = file.pass();
    const small = new Uint8Array(1000);
    const whole = new Uint8Array(bytes.length);
    let at = 0;
    for (let got = 1; got > 0; at += got) {
      got = await pass.readSome(small, at);
      whole.set(small.subarray(0, got), at);
    }
    expect(at).toBe(bytes.length);
    expect(Buffer.compare(whole, bytes)).toBe(0);
    expect(requests).toBeLessThan(20);
    requests = 0;
    await file.read(whole.fill(0), 0);
    expect(Buffer.compare(whole, bytes)).toBe(0);
    expect([requests, longest]).toEqual([6, 8 * MIB]);
    await expect(file.read(small, bytes.length - 999)).rejects.toThrow('x: the file ended early');
    expect(await file.readSome(small, bytes.length)).toBe(0);
  });

  it('may be a text in gzip, and is refused where it is empty or changes meanwhile', async () => {
    const { open, client } = serverWith({ 'a.jsonl.gz': gzipSync(text), empty: new Uint8Array(0) });
    await expect(openObject('s3://b/empty', open)).rejects.toThrow('s3://b/empty: row 0: the file is empty');
    const file = await openObject('s3://b/a.jsonl.gz', open);
    expect(file.size).toBe(gzipSync(text).length);
    client.objects.set('a.jsonl.gz', gzipSync(text.subarray(0, 999)));
    await expect(file.read(new Uint8Array(10), 0)).rejects.toThrow('has changed since it was opened');
  });
});
