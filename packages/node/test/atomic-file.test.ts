import { execFileSync, spawn } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, utimesSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  installInterruptCleanup,
  removePendingFiles,
  withAtomicFile,
  writeFileAtomic,
} from '../src/atomic-file.ts';
import { bundle } from './support/bundle.ts';
import { temporaryFolder } from './support/temporary.ts';

const folder = temporaryFolder();
const [WRITE_FOREVER] = bundle(temporaryFolder().path, ['test/support/write-forever.ts']);
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const leftovers = (): string[] =>
  readdirSync(folder.path)
    .filter((name) => name.endsWith('.tmp'))
    .sort();

describe('withAtomicFile', () => {
  it('puts the whole file in place and returns what the body returns', async () => {
    const path = join(folder.path, 'a');
    const result = await withAtomicFile(path, async (handle) => {
      await handle.write('new');
      expect(leftovers().length).toBe(1);
      expect(readdirSync(folder.path)).not.toContain('a');
      return 42;
    });
    expect(result).toBe(42);
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(leftovers()).toEqual([]);
  });

  it('leaves the old file alone if the body throws', async () => {
    const path = folder.write('b', 'old');
    const failing = withAtomicFile(path, async (handle) => {
      await handle.write('half');
      throw new Error('stop');
    });
    await expect(failing).rejects.toThrow('stop');
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(leftovers()).toEqual([]);
  });

  it('takes the longest name that a file may have', async () => {
    // 255 bytes; the temporary file's name has no room to be longer
    for (const name of ['n'.repeat(255), 'é'.repeat(127), '🏹'.repeat(63)]) {
      await writeFileAtomic(join(folder.path, name), [text('long')]);
      expect(readFileSync(join(folder.path, name), 'utf8')).toBe('long');
    }
    expect(leftovers()).toEqual([]);
  });

  it('replaces the file behind a link, and refuses folders', async () => {
    const target = folder.write('target', 'old');
    const link = join(folder.path, 'link');
    symlinkSync(target, link);
    await writeFileAtomic(link, [text('new')]);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(target, 'utf8')).toBe('new');
    await expect(writeFileAtomic(folder.path, [])).rejects.toThrow(
      /"path" expected a file to write, got the folder/,
    );
    await expect(writeFileAtomic(join(folder.path, 'no', 'file'), [])).rejects.toThrow(/ENOENT/);
  });

  it('makes the file that a dangling link points to, link after link', async () => {
    const first = join(folder.path, 'first-link');
    const second = join(folder.path, 'second-link');
    symlinkSync('second-link', first);
    symlinkSync('not-there-yet', second);
    await writeFileAtomic(first, [text('new')]);
    expect(readlinkSync(first)).toBe('second-link');
    expect(readlinkSync(second)).toBe('not-there-yet');
    expect(readFileSync(join(folder.path, 'not-there-yet'), 'utf8')).toBe('new');
    symlinkSync('no/folder', join(folder.path, 'far-link'));
    await expect(writeFileAtomic(join(folder.path, 'far-link'), [])).rejects.toThrow(/ENOENT/);
    symlinkSync('circle', join(folder.path, 'circle'));
    await expect(writeFileAtomic(join(folder.path, 'circle'), [])).rejects.toThrow(/ELOOP/);
  });

  it.skipIf(process.platform === 'win32')(
    'writes a FIFO through, and refuses it where places matter',
    async () => {
      const path = join(folder.path, 'fifo');
      execFileSync('mkfifo', [path]);
      const reading = readFile(path, 'utf8');
      await writeFileAtomic(path, [text('one '), text('two')]);
      expect(await reading).toBe('one two');
      expect(lstatSync(path).isFIFO()).toBe(true);
      await expect(withAtomicFile(path, async () => 0)).rejects.toThrow(/"path" expected a regular file/);
      expect(leftovers()).toEqual([]);
    },
  );

  it('allows several files at once', async () => {
    const paths = Array.from({ length: 8 }, (_, i) => join(folder.path, `many-${i % 4}`));
    await Promise.all(paths.map((path, i) => writeFileAtomic(path, [new Uint8Array(1000).fill(i)])));
    expect(paths.every((path) => new Set(readFileSync(path)).size === 1)).toBe(true);
    expect(leftovers()).toEqual([]);
  });
});

describe('leftovers', () => {
  const host =
    hostname()
      .replace(/[^A-Za-z0-9]/g, '')
      .slice(0, 20) || 'host';
  const start = Math.round(Date.now() / 1000 - process.uptime());
  /** A process that has ended. */
  const gone = Number(execFileSync(process.execPath, ['-p', 'process.pid']).toString());

  it.each([
    ['of a process that is gone', `${host}.${gone}-${start}-0-0`, 0, false],
    ['of a process that is there', `${host}.${process.ppid}-${start}-0-0`, 0, true],
    ['of this process', `${host}.${process.pid}-${start}-9-1000`, 0, true],
    ['of an earlier process of the same number', `${host}.${process.pid}-${start - 60}-0-0`, 0, false],
    ['of another machine that is writing', `else.${gone}-${start}-0-0`, 60, true],
    ['of another machine that has not written for two hours', `else.${gone}-${start}-0-0`, 7200, false],
    ['that is somebody else’s file', 'mine', 7200, true],
  ])('the next write to a name deals with a temporary file %s', async (_what, middle, age, stays) => {
    const path = folder.write(`.saved.${middle}.tmp`, 'half');
    const other = folder.write(`.other.${middle}.tmp`, 'half');
    const written = Date.now() / 1000 - age;
    utimesSync(path, written, written);
    await writeFileAtomic(join(folder.path, 'saved'), [text('whole')]);
    expect(leftovers()).toEqual(stays ? [basename(other), basename(path)].sort() : [basename(other)]);
    for (const name of leftovers()) rmSync(join(folder.path, name));
  });
});

describe('interrupts', () => {
  it('are listened to only while a file is being written', async () => {
    const before = process.listenerCount('SIGINT');
    const undo = installInterruptCleanup();
    expect(process.listenerCount('SIGINT')).toBe(before);
    await withAtomicFile(join(folder.path, 'c'), async () => {
      expect(process.listenerCount('SIGINT')).toBe(before + 1);
    });
    expect(process.listenerCount('SIGINT')).toBe(before);
    undo();
    await withAtomicFile(join(folder.path, 'c'), async () => {
      expect(process.listenerCount('SIGINT')).toBe(before);
    });
  });

  it('removes unfinished files on request', async () => {
    const failing = withAtomicFile(join(folder.path, 'd'), async () => removePendingFiles());
    await expect(failing).rejects.toThrow(/ENOENT/);
    expect(leftovers()).toEqual([]);
  });

  it.each([
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    '%s ends the process with status %i and leaves no half-written file',
    async (signal, status) => {
      const path = join(folder.path, 'interrupted');
      const child = spawn(process.execPath, [WRITE_FOREVER, path], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await new Promise((resolve) => child.stdout.once('data', resolve));
      expect(leftovers().length).toBe(1);
      child.kill(signal);
      const code = await new Promise((resolve) => child.once('exit', resolve));
      expect(code).toBe(status);
      expect(leftovers()).toEqual([]);
      expect(readdirSync(folder.path)).not.toContain('interrupted');
    },
  );
});
