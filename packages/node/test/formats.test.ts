/** Every format through the same door: exact values, and typed errors on whatever happens to the bytes. */
import { readFileSync } from 'node:fs';
import { FormatError, RandomStream, UnsupportedError } from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import { FORMAT_NAMES, FORMATS } from '../src/formats.ts';
import { openTokenSets, openVectors, readAll, readAllTokenSets } from '../src/index.ts';
import { SEED_ROWS, SEED_SETS, SEEDS, type Seed } from './support/seed-files.ts';
import { temporaryFolder } from './support/temporary.ts';
import { setsOf } from './support/token-sets.ts';

const folder = temporaryFolder();

function nameOf({ name, format, bytes }: Seed): string {
  return `${name.replaceAll(' ', '-')}.${FORMATS[format].extensions[0]}${bytes[0] === 0x1f ? '.gz' : ''}`;
}

async function read(path: string, { isTokenSets, column, d }: Seed): Promise<unknown> {
  if (isTokenSets) {
    const source = await openTokenSets(path, { column, d });
    try {
      return setsOf((await readAllTokenSets(source)).tokens);
    } finally {
      await source.close();
    }
  }
  const source = await openVectors(path, { column, d });
  try {
    const { data, n, d: width } = await readAll(source);
    expect(data.every(Number.isFinite)).toBe(true);
    return Array.from({ length: n }, (_, i) => [...data.subarray(i * width, (i + 1) * width)]);
  } finally {
    await source.close();
  }
}

describe.each(SEEDS.map((seed) => [seed.name, seed] as const))('%s', (_, seed) => {
  it('is read exactly, by its extension and in several passes', async () => {
    const path = folder.write(nameOf(seed), seed.bytes);
    const expected = seed.isTokenSets ? SEED_SETS : SEED_ROWS;
    expect(await read(path, seed)).toEqual(expected);
    if (seed.isTokenSets) return;
    const source = await openVectors(path, { column: seed.column, d: seed.d });
    const passes = [1, 2, 3, 100].map(async (rows) => {
      const seen: number[] = [];
      for await (const chunk of source.chunks(rows)) {
        expect(chunk.length).toBeLessThanOrEqual(3 * rows);
        seen.push(...chunk);
      }
      return seen;
    });
    for (const seen of await Promise.all(passes)) expect(seen).toEqual(SEED_ROWS.flat());
    await source.close();
  });

  it('ends in values or a typed error, whatever is cut off or changed', async () => {
    const random = new RandomStream(11, seed.name);
    const tried: Uint8Array[] = [1, 2, 3].map((part) =>
      seed.bytes.subarray(0, (part * seed.bytes.length) >> 2),
    );
    for (let round = 0; round < 10; round++) {
      const bytes = Uint8Array.from(seed.bytes);
      for (let i = random.nextBelow(3); i >= 0; i--) {
        const at = random.nextBelow(bytes.length);
        bytes[at] = random.nextBelow(2) === 0 ? random.nextBelow(256) : (bytes[at] as number) ^ 0x80;
      }
      tried.push(bytes);
    }
    for (const bytes of tried) {
      const error: unknown = await read(folder.write(`damaged-${nameOf(seed)}`, bytes), seed).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      const isTyped = error instanceof FormatError || error instanceof UnsupportedError;
      const isAsked = error instanceof RangeError && /^"(column|d)" expected/.test(error.message);
      expect(error === undefined || isTyped || isAsked, String(error)).toBe(true);
    }
  });
});

describe('the table of formats', () => {
  it('is told by first bytes where there is no extension', async () => {
    const told = SEEDS.filter(({ format }) => FORMATS[format].matches !== undefined);
    expect(told.length).toBeGreaterThan(15);
    for (const seed of told) {
      // the byte after the magic of a stream is the length of a message
      if (seed.name.endsWith('stream')) continue;
      const path = folder.write('no-extension', seed.bytes);
      // one byte a value: the size alone cannot tell signed from unsigned
      if (seed.name === 'i8bin') continue;
      expect(await read(path, seed), seed.name).toEqual(seed.isTokenSets ? SEED_SETS : SEED_ROWS);
    }
  });

  it('refuses as raw values what begins like another format', async () => {
    for (const name of ['fbin', 'npy', 'npz deflated', 'hdf5', 'safetensors', 'parquet', 'arrow', 'mvecs']) {
      const seed = SEEDS.find((one) => one.name === name) as Seed;
      for (const d of [1, 2, 3]) {
        await expect(openVectors(folder.write('raw.bin', seed.bytes), { d }), name).rejects.toThrow(
          new RegExp(`expected raw float32, got what is a \\.${seed.format} file`),
        );
      }
    }
    const binary = folder.write('w2v.bin', '3 4\nword\u0000\u0000');
    await expect(openVectors(binary, { d: 1 })).rejects.toThrow(/got word2vec's binary format/);
    const other = folder.write('other.fvecs', (SEEDS.find(({ name }) => name === 'txt gzip') as Seed).bytes);
    await expect(openVectors(other)).rejects.toThrow(/got gzip: only texts are read compressed/);
  });

  it('refuses a chunk of an .hdf5 that was never written', async () => {
    const seed = SEEDS.find(({ name }) => name === 'hdf5 chunked') as Seed;
    const bytes = Buffer.from(seed.bytes);
    // the tree of chunks says that it has one fewer
    const tree = bytes.indexOf('TREE\u0001');
    bytes.writeUInt16LE(bytes.readUInt16LE(tree + 6) - 1, tree + 6);
    const error: unknown = await read(folder.write('hole.hdf5', bytes), seed).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(FormatError);
    expect(String(error)).toMatch(/dataset "x": row 6: expected a chunk, it was never written/);
  });

  it('is the one in the README, extension by extension', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    for (const name of FORMAT_NAMES) {
      const { extensions, content } = FORMATS[name];
      const cell = extensions.map((extension) => `\`.${extension}\``).join(' ');
      expect(readme, name).toContain(`| ${cell} | ${content} |`);
    }
  });

  it('has a seed for every format that has a head', () => {
    const seeded = new Set(SEEDS.map(({ format }) => format));
    expect(FORMAT_NAMES.filter((name) => !seeded.has(name))).toEqual(['f16bin', 'i8']);
  });
});
