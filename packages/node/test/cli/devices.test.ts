/**
 * Outputs that are no files of their own: pipes, devices, this process's stdout. Everything runs in a mount namespace with
 * a /dev of its own, which takes Linux and root; the real devices are never touched.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gaussianRows } from '@sagitta/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeNpy } from '../../src/index.ts';
import { bundle } from '../support/bundle.ts';
import { sagitta } from '../support/command.ts';
import { temporaryFolder } from '../support/temporary.ts';

const isPossible = process.platform === 'linux' && process.getuid?.() === 0;
const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const [MAIN, ATOMIC] = bundle(temporaryFolder().path, ['src/cli/main.ts', 'src/atomic-file.ts']);
const DEVICES = [
  'set -e',
  'mount -t tmpfs tmpfs /dev',
  'mknod -m 666 /dev/null c 1 3',
  'mknod -m 666 /dev/full c 1 7',
  'mknod -m 444 /dev/urandom c 1 9',
  'mknod -m 600 /dev/block b 7 99',
  'ln -s /proc/self/fd /dev/fd',
  'ln -s /proc/self/fd/1 /dev/stdout',
  'ln -s /proc/self/fd/2 /dev/stderr',
  'set +e',
].join('\n');

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script of bash where $sagitta is the command and $build builds an index of base.npy. */
function inNamespace(script: string): Ran {
  const lines = [
    DEVICES,
    `sagitta="${process.execPath} ${MAIN}"`,
    `build="$sagitta build $dir/base.npy --nlist 3 --json"`,
    script,
  ];
  const { status, stdout, stderr } = spawnSync('unshare', ['-m', 'bash', '-c', lines.join('\n')], {
    env: { ...process.env, dir: folder.path },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { status, stdout: stdout.toString(), stderr: stderr.toString() };
}

beforeAll(async () => {
  await writeNpy(at('base.npy'), gaussianRows(60, 8, 2), 8);
  await sagitta('build', at('base.npy'), '--out', at('expected.sag'), '--nlist', 3);
});

it('is tested where the project is checked', () => {
  expect(isPossible || process.env['CI'] === undefined).toBe(true);
});

describe.runIf(isPossible)('the command (needs Linux and root)', () => {
  const bytes = (name: string): string => readFileSync(at(name), 'latin1');

  it('writes /dev/stdout through and puts its report on stderr', () => {
    const ran = inNamespace(
      '$build --out /dev/stdout | cat > $dir/piped.sag; test -L /dev/stdout && echo still a link',
    );
    expect(ran.stdout).toBe('still a link\n');
    expect(bytes('piped.sag')).toBe(bytes('expected.sag'));
    expect(JSON.parse(ran.stderr.trim().split('\n').at(-1) as string)).toMatchObject({
      n: 60,
      file: '/dev/stdout',
    });
  });

  it('writes "-" into the file that stdout goes to, and nothing else with it', () => {
    const ran = inNamespace('$build --out - > $dir/redirected.sag');
    expect(ran.status).toBe(0);
    expect(bytes('redirected.sag')).toBe(bytes('expected.sag'));
  });

  it('does its work where nobody can read what it says', () => {
    const ran = inNamespace('set -o pipefail; $build --out $dir/quiet.sag 2>/dev/full | true; echo $?');
    expect(ran.stdout).toBe('0\n');
    expect(bytes('quiet.sag')).toBe(bytes('expected.sag'));
  });

  it('says that its answer could not be written, and keeps the index', () => {
    const ran = inNamespace('$build --out $dir/kept.sag >/dev/full');
    expect(ran.status).toBe(1);
    expect(ran.stderr).toMatch(/error: stdout: .*ENOSPC/);
    expect(bytes('kept.sag')).toBe(bytes('expected.sag'));
  });

  it('names --out where a device takes nothing', () => {
    const ran = inNamespace('$build --out /dev/full; echo $?; test -c /dev/full && echo still a device');
    expect(ran.stdout).toBe('1\nstill a device\n');
    expect(ran.stderr).toMatch(/^error: --out: .*no space left/m);
  });

  it('leaves devices what they are', () => {
    const script = `
      import { writeFileAtomic } from '${ATOMIC}';
      const bytes = new TextEncoder().encode('bytes');
      await writeFileAtomic('/dev/null', [bytes]);
      await writeFileAtomic('/dev/stderr', [bytes]);
      await writeFileAtomic('/proc/self/fd/2', [bytes]);
      for (const path of ['/dev/block', '/dev']) {
        await writeFileAtomic(path, [bytes]).catch((error) => console.log(error.name, error.message));
      }`;
    const ran = inNamespace(
      `${process.execPath} --input-type=module -e "${script.replaceAll('"', '\\"')}"; test -c /dev/null && test -L /dev/stderr && ls -A /dev`,
    );
    expect(ran.stderr).toBe('bytesbytes');
    expect(ran.stdout.split('\n')).toEqual([
      'RangeError "path" expected a file to write, got the block device /dev/block',
      'RangeError "path" expected a file to write, got the folder /dev',
      ...['block', 'fd', 'full', 'null', 'stderr', 'stdout', 'urandom'],
      '',
    ]);
    expect(existsSync('/dev/block')).toBe(false);
  });
});
