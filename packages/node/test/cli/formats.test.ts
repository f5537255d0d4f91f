/** The command on files of every format, on standard input and on pipes: the same index bytes from all of them. */
import { execFileSync, spawn } from 'node:child_process';
import { createReadStream, createWriteStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { FORMATS, VECTOR_FORMATS } from '../../src/formats.ts';
import { bundle } from '../support/bundle.ts';
import { bytesOf } from '../support/bytes.ts';
import { sagitta, sagittaJson } from '../support/command.ts';
import { hdf5File } from '../support/hdf5-file.ts';
import { SEED_ROWS, SEEDS, type Seed } from '../support/seed-files.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const BUILD = ['--index', 'flat', '--quantizer', 'float32', '--quiet'];

function write({ name, format, bytes }: Seed): string {
  const gz = bytes[0] === 0x1f ? '.gz' : '';
  return folder.write(`${name.replaceAll(' ', '-')}.${FORMATS[format].extensions[0]}${gz}`, bytes);
}

function seed(name: string): Seed {
  const found = SEEDS.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no seed ${name}`);
  return found;
}

async function indexOf(path: string, ...more: readonly string[]): Promise<Buffer> {
  const { status, stderr } = await sagitta('build', path, '--out', at('out.sag'), ...BUILD, ...more);
  if (status !== 0) throw new Error(stderr);
  return readFileSync(at('out.sag'));
}

describe('sagitta build', () => {
  it('makes the same index of the same vectors in any format', async () => {
    const expected = await indexOf(write(seed('npy')));
    for (const one of SEEDS.filter(({ isTokenSets }) => !isTokenSets)) {
      const column = one.column === undefined ? [] : ['--column', one.column];
      const d = one.d === undefined ? [] : ['--d', String(one.d)];
      expect((await indexOf(write(one), ...column, ...d)).equals(expected), one.name).toBe(true);
    }
  });

  it('takes --format where the extension says little or nothing', async () => {
    const expected = await indexOf(write(seed('npy')));
    const { bytes } = seed('fbin');
    for (const name of ['base.bin', 'base.raw', 'base.data'])
      expect((await indexOf(folder.write(name, bytes), '--format', 'fbin')).equals(expected), name).toBe(
        true,
      );
    // by its first bytes
    expect((await indexOf(folder.write('base', bytes))).equals(expected)).toBe(true);
    const refused = await sagitta('build', at('base.bin'), '--d', 2, '--out', at('x.sag'));
    expect(refused.stderr).toMatch(/^error: BASE: .*expected raw float32, got what is a \.fbin file/);
    expect(refused.status).toBe(1);
  });

  it('lists all formats in its help', async () => {
    const { stdout } = await sagitta('build', '--help');
    const listed = stdout.replaceAll(/\s+/g, ' ');
    for (const name of VECTOR_FORMATS)
      for (const extension of FORMATS[name].extensions) expect(listed).toContain(`.${extension}`);
  });

  it('reads standard input and pipes', async () => {
    const expected = await indexOf(write(seed('npy')));
    const pipe = at('pipe.csv');
    execFileSync('mkfifo', [pipe]);
    const csv = write(seed('csv'));
    const [fromPipe] = await Promise.all([
      indexOf(pipe),
      pipeline(createReadStream(csv), createWriteStream(pipe)),
    ]);
    expect(fromPipe.equals(expected)).toBe(true);
    const [main] = bundle(folder.path, ['src/cli/main.ts']);
    for (const [name, ...more] of [['npy'], ['jsonl gzip', '--format', 'jsonl']]) {
      const argv = ['build', '-', '--out', at('stdin.sag'), ...BUILD, ...more];
      const child = spawn(process.execPath, [main, ...argv]);
      child.stdin.end(seed(name as string).bytes);
      let stderr = '';
      child.stderr.on('data', (chunk: Buffer) => {
        stderr += chunk.toString();
      });
      const code = await new Promise((resolve) => child.on('close', resolve));
      expect(code, stderr).toBe(0);
      expect(readFileSync(at('stdin.sag')).equals(expected)).toBe(true);
    }
  });
});

it('runs a benchmark file of ann-benchmarks: train, test and neighbors in one .hdf5', async () => {
  const shape = [7, 3] as const;
  const path = folder.write(
    'ann.hdf5',
    hdf5File([
      { name: 'train', shape, values: Float32Array.from(SEED_ROWS.flat()) },
      { name: 'test', shape: [2, 3], values: Float32Array.from(SEED_ROWS.slice(2, 4).flat()), chunk: [2, 2] },
      { name: 'neighbors', shape: [2, 2], values: Int32Array.of(2, 3, 3, 2) },
      { name: 'distances', shape: [2, 2], values: Float32Array.of(0, 1, 0, 1) },
    ]),
  );
  await indexOf(path);
  const found = await sagittaJson<{ results: { ids: number[] }[] }>(
    'search',
    at('out.sag'),
    '--queries',
    path,
    '-k',
    1,
  );
  expect(found.results.map(({ ids }) => ids)).toEqual([[2], [3]]);
  const { rows } = await sagittaJson<{ rows: { recall: number }[] }>(
    'eval',
    at('out.sag'),
    '--queries',
    path,
    '--truth',
    path,
    '-k',
    1,
    '--nprobe',
    1,
  );
  expect(rows.map(({ recall }) => recall)).toEqual([1]);
});

it('builds an index of token sets of every format', async () => {
  const outputs: Buffer[] = [];
  for (const one of SEEDS.filter(({ isTokenSets, name }) => isTokenSets && !/jsonl|arrow/.test(name))) {
    const out = at('sets.smv');
    const { status, stderr } = await sagitta(
      'mv',
      'build',
      write(one),
      '--out',
      out,
      '--fde',
      '1536',
      '--quiet',
    );
    expect(status, `${one.name}: ${stderr}`).toBe(0);
    outputs.push(readFileSync(out));
  }
  expect(outputs.length).toBe(6);
  for (const output of outputs) expect(output.equals(outputs[0] as Buffer)).toBe(true);
  const lengths = folder.write('lens.i32', bytesOf(Int32Array.of(2, 0, 4, 1)));
  const plain = [
    'mv',
    'build',
    write(seed('parquet')),
    '--lengths',
    lengths,
    '--out',
    at('plain.smv'),
  ] as const;
  expect((await sagitta(...plain, '--fde', '1536', '--column', 'x', '--quiet')).status).toBe(0);
  expect(readFileSync(at('plain.smv')).equals(outputs[0] as Buffer)).toBe(true);
});
