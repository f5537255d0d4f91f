/**
 * A disk that is full, and one that is read only. Everything happens on a small disk in memory, in a mount namespace of its
 * own, which takes Linux and root; no other disk is touched.
 */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { bundle } from '../support/bundle.ts';
import { BESIDE_PACKAGES } from '../support/collections.ts';
import { temporaryFolder } from '../support/temporary.ts';

const isPossible = process.platform === 'linux' && process.getuid?.() === 0;
const disk = temporaryFolder();
const bundles = temporaryFolder(BESIDE_PACKAGES);

it('is tested where the project is checked', () => {
  expect(isPossible || process.env['CI'] === undefined).toBe(true);
});

it.runIf(isPossible)('a full disk, or one that is read only, is told; what was there stays', () => {
  const [DRIVER, entries, search] = bundle(bundles.path, [
    'test/support/collection-on-disk.mjs',
    'src/collection/entry-thread.ts',
    'src/worker/search-worker.ts',
  ]);
  const script = `mount -t tmpfs -o size=3m tmpfs "$disk" && exec "${process.execPath}" "${DRIVER}" "$disk" "${entries}" "${search}"`;
  const { stdout, stderr } = spawnSync('unshare', ['-m', 'bash', '-c', script], {
    env: { ...process.env, disk: disk.path },
    encoding: 'utf8',
  });
  expect(stdout, stderr).toMatch(/^\{/);
  const out = JSON.parse(stdout);
  expect(out.unhandled).toBeUndefined();
  expect(out.full).toMatchObject({ name: 'StorageError', code: 'SAGITTA_STORAGE' });
  expect(out.full.message).toContain('expected room on the disk, got none');
  expect(out.n).toBeGreaterThan(1000);
  expect(out.answers).not.toBe(false);
  expect(out.compact).toMatchObject({ name: 'StorageError', code: 'SAGITTA_STORAGE' });
  expect(out.reopened).toBe(out.n);
  expect(out.isWhole).toBe(true);
  expect(out.afterwards).toBe(out.n + 100);
  expect(out.readOnly).toMatchObject({ name: 'StorageError', code: 'SAGITTA_STORAGE' });
  expect(out.read).toBe(out.n + 100);
  expect(out.found).toBe(true);
});
