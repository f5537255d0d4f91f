/** Bad usage ends with 2, failed work with 1 and one line that names the argument; nothing is half-written. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gaussianRows } from '@sagitta/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeIvecs, writeNpy } from '../../src/index.ts';
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
    ['bits between quarters', ['build', 'a', '--out', 'b', '--bits', 2.1], /multiple of 0.25 from 0.25 to 8/],
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
    ['too many lists', () => ['build', at('base.npy'), '--out', at('x'), '--nlist', 51], /^error: --nlist: /],
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
