/** Where the command refuses to write, and what is left when files change or go away in the middle of the work. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gaussianRows } from '@sagitta/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeIvecs, writeNpy } from '../../src/index.ts';
import { type CommandRun, sagitta, sagittaJson, sagittaWatched } from '../support/command.ts';
import { temporaryFolder } from '../support/temporary.ts';

const N = 60;
const D = 8;
const rows = gaussianRows(N, D, 2);
const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const jsonl = (count: number): string =>
  Array.from({ length: count }, (_, i) => [...rows.subarray(i * D, (i + 1) * D)])
    .map((vector) => `${JSON.stringify({ vector })}\n`)
    .join('');
/** Every file and its bytes. */
const snapshot = (): [string, string][] =>
  readdirSync(folder.path, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => [name, readFileSync(at(name), 'latin1')]);

function expectFailure({ status, stdout, stderr }: CommandRun, message: RegExp): void {
  const last = stderr.trim().split('\n').at(-1) as string;
  expect(last).toMatch(message);
  expect([status, stdout]).toEqual([1, '']);
}

beforeAll(async () => {
  await writeNpy(at('base.npy'), rows, D);
  await writeNpy(at('queries.npy'), rows.subarray(0, 5 * D), D);
  await writeIvecs(
    at('truth.ivecs'),
    Uint32Array.from({ length: 10 }, (_, i) => i),
    2,
  );
  await sagittaJson('build', at('base.npy'), '--out', at('index.sag'), '--nlist', 3);
  symlinkSync(at('base.npy'), at('link.npy'));
  mkdirSync(at('folder'));
});

const Q = ['--queries', at('queries.npy')];
const EVAL = ['eval', at('index.sag'), ...Q, '--truth', at('truth.ivecs'), '-k', '2'];

describe('before any work', () => {
  it.each<[string, string[], RegExp]>([
    [
      'build over its base',
      ['build', at('base.npy'), '--out', at('base.npy')],
      /--out: .*base\.npy, which is read/,
    ],
    ['a link to it', ['build', at('base.npy'), '--out', at('link.npy')], /--out: .*base\.npy, which is read/],
    [
      'its base by a link',
      ['build', at('link.npy'), '--out', at('base.npy')],
      /--out: .*link\.npy, which is read/,
    ],
    ['truth over its base', ['truth', at('base.npy'), ...Q, '--out', at('base.npy')], /--out: .*base\.npy/],
    [
      'truth over its queries',
      ['truth', at('base.npy'), ...Q, '--out', at('queries.npy')],
      /--out: .*queries\.npy/,
    ],
    [
      'scores over the queries',
      ['truth', at('base.npy'), ...Q, '--out', at('t.ivecs'), '--scores', at('queries.npy')],
      /--scores: .*queries\.npy/,
    ],
    [
      'search over its index',
      ['search', at('index.sag'), ...Q, '--out', at('index.sag')],
      /--out: .*index\.sag/,
    ],
    [
      'search over its queries by another path',
      ['search', at('index.sag'), ...Q, '--out', at('folder/../queries.npy')],
      /--out: .*queries\.npy/,
    ],
    [
      'a plot over the truth',
      [...EVAL, '--plot', at('truth.ivecs')],
      /--plot: .*truth\.ivecs, which is read/,
    ],
    ['a plot over the index', [...EVAL, '--plot', at('index.sag')], /--plot: .*index\.sag, which is read/],
    [
      'ids and scores in one file',
      ['search', at('index.sag'), ...Q, '--out', at('r.npy'), '--scores', at('folder/../r.npy')],
      /--scores: expected another file than .*r\.npy, which --out names/,
    ],
    [
      'ids and scores in one file of truth',
      ['truth', at('base.npy'), ...Q, '--out', at('r.npy'), '--scores', at('r.npy')],
      /--scores: expected another file than .*r\.npy, which --out names/,
    ],
    [
      'no name',
      ['build', at('base.npy'), '--out', ''],
      /--out: expected the path of a file to write, got ""/,
    ],
    ['a folder that is there', ['build', at('base.npy'), '--out', at('folder')], /--out: .*got the folder/],
    ['a folder to be', ['build', at('base.npy'), '--out', at('new/')], /--out: expected the path of a file/],
    ['a place in a file', ['build', at('base.npy'), '--out', at('base.npy/x')], /--out: .*not a directory/],
    ['a name too long', ['build', at('base.npy'), '--out', at('n'.repeat(256))], /--out: .*name too long/],
  ])('%s is refused', async (_what, argv, message) => {
    const before = snapshot();
    const run = await sagitta(...argv);
    expectFailure(run, message);
    // one line: nothing was begun
    expect(run.stderr.trim().split('\n').length).toBe(1);
    expect(snapshot()).toEqual(before);
  });

  it('a file that is there and is not read may be replaced', async () => {
    folder.write('old.sag', 'old');
    const argv = ['build', at('base.npy'), '--nlist', 2];
    const { fileBytes } = await sagittaJson<{ fileBytes: number }>(...argv, '--out', at('old.sag'));
    expect(readFileSync(at('old.sag')).length).toBe(fileBytes);
  });
});

describe('in the middle of the work', () => {
  /** Runs build, and `change` once it says `when`. */
  function changed(base: string, out: string, when: string, change: () => void): Promise<CommandRun> {
    const seen = (text: string): void => {
      if (text.includes(when)) change();
    };
    return sagittaWatched(seen, 'build', base, '--out', out, '--nlist', 3);
  }

  it('a base that loses vectors between its two readings fails, by name', async () => {
    const base = folder.write('shrinks.jsonl', jsonl(N));
    const run = await changed(base, at('x.sag'), 'training', () => writeFileSync(base, jsonl(N - 10)));
    expectFailure(run, /^error: BASE: .*shrinks\.jsonl changed: 60 vectors at first, 50 later/);
    expect(existsSync(at('x.sag'))).toBe(false);
  });

  it('one that gains some is read as far as it was at first', async () => {
    const base = folder.write('grows.jsonl', jsonl(N - 10));
    const run = await changed(base, at('grown.sag'), 'training', () => writeFileSync(base, jsonl(N)));
    expect(run.status).toBe(0);
    expect(await sagittaJson('info', at('grown.sag'))).toMatchObject({ n: N - 10 });
  });

  it.each<[string, () => string]>([
    ['damaged.jsonl', () => `${jsonl(N - 10)}{"vector":[1,2,3]}\n`],
    ['damaged.f32', () => ''],
  ])('a base that is damaged meanwhile leaves no file: %s', async (name, damage) => {
    const isRaw = name.endsWith('.f32');
    const base = folder.write(name, isRaw ? new Uint8Array(rows.buffer) : jsonl(N));
    const before = readdirSync(folder.path);
    const seen = (text: string): void => {
      if (text.includes('training')) writeFileSync(base, damage());
    };
    const run = await sagittaWatched(
      seen,
      'build',
      base,
      ...(isRaw ? ['--d', D] : []),
      '--out',
      at('x.sag'),
      '--nlist',
      3,
    );
    expectFailure(
      run,
      isRaw ? /^error: BASE: .*damaged\.f32: .*ended early/ : /^error: BASE: .*row 50 \(line 51\)/,
    );
    expect(readdirSync(folder.path)).toEqual(before);
  });

  it('a folder that goes away before the index is written is the fault of --out', async () => {
    mkdirSync(at('gone'));
    const before = snapshot();
    const run = await changed(at('base.npy'), at('gone/x.sag'), 'writing', () =>
      rmSync(at('gone'), { recursive: true }),
    );
    expectFailure(run, /^error: --out: .*no such file or directory/);
    expect(snapshot()).toEqual(before);
  });
});
