/** Bad usage ends with 2, failed work with 1 and one line that names the argument; nothing is half-written. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_GAMMA } from '@sagitta/quantizers/internal';
import { gaussianRows } from '@sagitta/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeIvecs, writeNpy } from '../../src/index.ts';
import { xvecs } from '../support/bytes.ts';
import { sagitta, sagittaJson } from '../support/command.ts';
import { temporaryFolder } from '../support/temporary.ts';

const COMMANDS = ['build', 'search', 'eval', 'truth', 'info', 'error'];
const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);

beforeAll(async () => {
  await writeNpy(at('base.npy'), gaussianRows(50, 8, 1), 8);
  await writeNpy(at('narrow.npy'), gaussianRows(50, 6, 1), 6);
  await writeIvecs(
    at('truth.ivecs'),
    Uint32Array.from({ length: 150 }, (_, i) => i % 50),
    3,
  );
  await writeIvecs(at('beyond.ivecs'), new Uint32Array(150).fill(50), 3);
  await sagittaJson('build', at('base.npy'), '--out', at('index.sag'), '--nlist', 3);
  await sagittaJson('build', at('base.npy'), '--out', at('ip.sag'), '--nlist', 3, '--metric', 'ip');
  const bytes = readFileSync(at('index.sag'));
  folder.write('cut.sag', bytes.subarray(0, bytes.length - 9));
  bytes[600] = (bytes[600] as number) ^ 1;
  folder.write('flipped.sag', bytes);
  folder.write(
    'cut.fvecs',
    xvecs(
      [
        [1, 2, 3, 4, 5, 6, 7, 8],
        [1, 2],
      ],
      'f',
    ),
  );
  folder.write('mixed.bvecs', xvecs([[1, 2], [3], [4, 5, 6]], 'b'));
  folder.write('a.jsonl', '{"vector":[1,2,3,4,5,6,7,8]}\n'.repeat(2));
  await writeNpy(at('few.npy'), gaussianRows(3, 8, 1), 8);
  await writeIvecs(at('few.ivecs'), new Uint32Array(9), 3);
  const nan = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 1, 2, Number.NaN, 4, 5, 6, 7, 8);
  folder.write('nan.f32', new Uint8Array(nan.buffer));
});

describe('help', () => {
  it.each(COMMANDS)('of %s names its flags', async (command) => {
    const { status, stdout, stderr } = await sagitta(command, '--help');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`Usage: sagitta ${command}`);
    expect(stdout).toContain('--json');
  });

  it('names what is the default: pruning as searches have it', async () => {
    for (const command of ['search', 'eval']) {
      const { stdout } = await sagitta(command, '--help');
      expect(stdout.replaceAll(/\s+/g, ' ')).toContain(`1000 reads every code (default: ${DEFAULT_GAMMA})`);
    }
    expect(await sagitta('help', 'build')).toEqual(await sagitta('build', '-h'));
  });

  it('lists the commands, and --version the version', async () => {
    const { stdout } = await sagitta('--help');
    for (const command of COMMANDS) expect(stdout).toContain(command);
    const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(await sagitta('--version')).toEqual({ status: 0, stdout: `${manifest.version}\n`, stderr: '' });
  });
});

describe('bad usage', () => {
  it.each<[string, (string | number)[], RegExp]>([
    ['no command', [], /Usage/],
    ['help of an unknown command', ['help', 'burn'], /Usage/],
    ['a missing truth', ['eval', 'a', '--queries', 'q'], /required option '--truth/],
    ['a missing base', ['error', 'a', '--queries', 'q'], /required option '--base/],
    ['missing queries', ['truth', 'a', '--out', 't'], /required option '--queries/],
    ['a flag without its value', ['build', 'a', '--out'], /argument missing/],
    [
      'an unknown index',
      ['build', 'a', '--out', 'b', '--index', 'tree'],
      /'tree' is invalid.*flat, ivf, graph/,
    ],
    [
      'an unknown quantizer',
      ['build', 'a', '--out', 'b', '--quantizer', 'pqx'],
      /'pqx' is invalid.*float32, saq/,
    ],
    ['an unknown format', ['build', 'a', '--out', 'b', '--format', 'xls'], /'xls' is invalid.*fvecs/],
    ['no lists', ['build', 'a', '--out', 'b', '--nlist', 0], /from 1 to 1048576/],
    ['more bits than 12', ['build', 'a', '--out', 'b', '--bits', 13], /from 0.25 to 12/],
    [
      'a seed that is no integer',
      ['build', 'a', '--out', 'b', '--seed', '1.5'],
      /'--seed <S>' argument '1.5'/,
    ],
    ['a negative gamma', ['search', 'a', '--queries', 'q', '--gamma', -1], /from 0 to 1000/],
    ['an unknown command', ['burn'], /unknown command 'burn'/],
    ['an unknown flag', ['info', 'a', '--fast'], /unknown option '--fast'/],
    ['a missing flag', ['build', 'a.npy'], /required option '--out/],
    ['a missing argument', ['build', '--out', 'b'], /missing required argument 'BASE'/],
    ['too many arguments', ['info', 'a', 'b'], /too many arguments/],
    [
      'an unknown metric',
      ['build', 'a', '--out', 'b', '--metric', 'l1'],
      /Allowed choices are l2, ip, cosine/,
    ],
    [
      'bits between quarters',
      ['build', 'a', '--out', 'b', '--bits', 2.1],
      /multiple of 0.25 from 0.25 to 12/,
    ],
    ['no number', ['search', 'a', '--queries', 'q', '-k', 'ten'], /Expected an integer of at least 1|from 1/],
    ['a negative number', ['search', 'a', '--queries', 'q', '--nprobe', '-3'], /Expected an integer/],
    [
      'a bad list',
      ['eval', 'a', '--queries', 'q', '--truth', 't', '--nprobe', '4,,8'],
      /Expected an integer/,
    ],
  ])('%s ends with 2', async (_what, argv, message) => {
    const { status, stdout, stderr } = await sagitta(...argv);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
  });
});

describe('failed work', () => {
  const q = (): string[] => ['--queries', at('base.npy')];

  it.each<[string, () => (string | number)[], RegExp]>([
    ['a missing base', () => ['build', at('no.npy'), '--out', at('x')], /^error: BASE: .*no\.npy/],
    ['an unknown extension', () => ['build', at('a.txt'), '--out', at('x')], /^error: BASE: /],
    ['a missing folder', () => ['build', at('base.npy'), '--out', at('no/x')], /^error: --out: /],
    [
      'an output that is the input',
      () => ['build', at('base.npy'), '--out', at('base.npy')],
      /^error: --out: /,
    ],
    [
      'a base with NaN',
      () => ['build', at('nan.f32'), '--d', 8, '--out', at('x')],
      /^error: BASE: .*nan\.f32.*row 1/,
    ],
    [
      'a base cut short',
      () => ['build', at('cut.fvecs'), '--out', at('x')],
      /^error: BASE: .*row 1 is cut short.*byte 36/,
    ],
    [
      'rows that differ',
      () => ['build', at('mixed.bvecs'), '--out', at('x')],
      /^error: BASE: .*row 1: .*dimension 2.*byte 6/,
    ],
    [
      'a column that is not there',
      () => ['build', at('a.jsonl'), '--column', 'w', '--out', at('x')],
      /^error: BASE: .*row 0.*"w"/,
    ],
    ['raw float32 without --d', () => ['build', at('nan.f32'), '--out', at('x')], /^error: BASE: .*"d"/],
    [
      'other dims than --d',
      () => ['build', at('base.npy'), '--d', 7, '--out', at('x')],
      /^error: BASE: expected 7 dimensions/,
    ],
    [
      'fewer training vectors than lists',
      () => ['build', at('base.npy'), '--out', at('x'), '--train-size', 4, '--nlist', 5],
      /^error: --train-size: /,
    ],
    [
      'a missing base of truth',
      () => ['truth', at('no.npy'), ...q(), '--out', at('x')],
      /^error: BASE: .*no\.npy/,
    ],
    [
      'truth of other dims',
      () => ['truth', at('base.npy'), '--queries', at('narrow.npy'), '--out', at('x')],
      /^error: --queries: expected 8 dimensions .*base\.npy has, .*has 6/,
    ],
    ['a folder as an index', () => ['info', folder.path], /^error: FILE: .*regular file/],
    [
      'missing queries',
      () => ['search', at('index.sag'), '--queries', at('no.npy')],
      /^error: --queries: .*no\.npy/,
    ],
    [
      'a missing truth',
      () => ['eval', at('index.sag'), ...q(), '--truth', at('no.ivecs')],
      /^error: --truth: .*no\.ivecs/,
    ],
    [
      'a damaged truth',
      () => ['eval', at('index.sag'), ...q(), '--truth', at('cut.fvecs')],
      /^error: --truth: .*row 1 is cut short/,
    ],
    [
      'a truth of floats',
      () => ['eval', at('index.sag'), ...q(), '--truth', at('base.npy')],
      /^error: --truth: .*an integer type, got float32/,
    ],
    [
      'a truth of fewer queries',
      () => ['eval', at('index.sag'), ...q(), '--truth', at('few.ivecs'), '-k', 3],
      /^error: --truth: expected a row for each of 50 queries/,
    ],
    [
      'a base too short',
      () => ['error', at('index.sag'), '--base', at('few.npy'), ...q()],
      /^error: --base: .*50 vectors.* got 3/,
    ],
    [
      'a base too short, of unknown length',
      () => ['error', at('index.sag'), '--base', at('a.jsonl'), ...q()],
      /^error: --base: .*50 vectors.* got 2/,
    ],
    [
      'queries of error of other dims',
      () => ['error', at('index.sag'), '--base', at('base.npy'), '--queries', at('narrow.npy')],
      /^error: --queries: /,
    ],
    ['too many lists', () => ['build', at('base.npy'), '--out', at('x'), '--nlist', 51], /^error: --nlist: /],
    [
      'a name of two lines',
      () => ['build', at('no\nfile.npy'), '--out', at('x')],
      /^error: BASE: .*no file\.npy/,
    ],
    ['a missing index', () => ['info', at('no.sag')], /^error: FILE: .*no\.sag/],
    ['a file that is no index', () => ['info', at('base.npy')], /^error: FILE: .*base\.npy/],
    ['a cut index', () => ['info', at('cut.sag')], /^error: FILE: .*cut\.sag/],
    ['a damaged index', () => ['search', at('flipped.sag'), ...q()], /^error: FILE: .*flipped\.sag.*byte/],
    [
      'queries of other dims',
      () => ['search', at('index.sag'), '--queries', at('narrow.npy')],
      /^error: --queries: /,
    ],
    [
      'a rerank without vectors',
      () => ['search', at('index.sag'), ...q(), '--rerank', 9],
      /^error: --rerank: /,
    ],
    [
      'a truth that is too narrow',
      () => ['eval', at('index.sag'), ...q(), '--truth', at('truth.ivecs'), '-k', 4],
      /^error: --truth: expected at least k = 4/,
    ],
    [
      'a truth of another collection',
      () => ['eval', at('index.sag'), ...q(), '--truth', at('beyond.ivecs'), '-k', 3],
      /^error: --truth: .*row 0, neighbour 0/,
    ],
    ['errors of ip', () => ['error', at('ip.sag'), '--base', at('base.npy'), ...q()], /^error: FILE: /],
    [
      'a base of other dims',
      () => ['error', at('index.sag'), '--base', at('narrow.npy'), ...q()],
      /^error: --base: /,
    ],
  ])('%s ends with 1 and one line', async (_what, argv, message) => {
    const before = readdirSync(folder.path);
    const { status, stdout, stderr } = await sagitta(...argv(), '--quiet', '--json');
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n').length).toBe(1);
    expect(stdout).toBe('');
    expect(status).toBe(1);
    expect(readdirSync(folder.path)).toEqual(before);
  });

  it('leaves the file that was there', async () => {
    const before = readFileSync(at('index.sag'));
    const { status } = await sagitta('build', at('nan.f32'), '--d', 8, '--out', at('index.sag'));
    expect(status).toBe(1);
    expect(readFileSync(at('index.sag'))).toEqual(before);
    expect(existsSync(at('x'))).toBe(false);
  });
});
