import { spawn } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  installInterruptCleanup,
  removePendingFiles,
  withAtomicFile,
  writeFileAtomic,
} from '../src/atomic-file.ts';
import { temporaryFolder } from './support/temporary.ts';

const folder = temporaryFolder();
const leftovers = (): string[] => readdirSync(folder.path).filter((name) => name.endsWith('.tmp'));

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
      await writeFileAtomic(join(folder.path, name), [new TextEncoder().encode('long')]);
      expect(readFileSync(join(folder.path, name), 'utf8')).toBe('long');
    }
    expect(leftovers()).toEqual([]);
  });

  it('replaces the file behind a link, and refuses what is no regular file', async () => {
    const target = folder.write('target', 'old');
    const link = join(folder.path, 'link');
    symlinkSync(target, link);
    await writeFileAtomic(link, [new TextEncoder().encode('new')]);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(target, 'utf8')).toBe('new');
    await expect(writeFileAtomic(folder.path, [])).rejects.toThrow(/expected a regular file/);
    await expect(writeFileAtomic(join(folder.path, 'no', 'file'), [])).rejects.toThrow(/ENOENT/);
  });

  it('allows several files at once', async () => {
    const paths = Array.from({ length: 8 }, (_, i) => join(folder.path, `many-${i % 4}`));
    await Promise.all(paths.map((path, i) => writeFileAtomic(path, [new Uint8Array(1000).fill(i)])));
    expect(paths.every((path) => new Set(readFileSync(path)).size === 1)).toBe(true);
    expect(leftovers()).toEqual([]);
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
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    '%s ends the process with status %i and leaves no half-written file',
    async (signal, status) => {
      const path = join(folder.path, 'interrupted');
      const script = fileURLToPath(new URL('./support/write-forever.ts', import.meta.url));
      const child = spawn(process.execPath, ['--import', 'tsx', script, path], {
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
