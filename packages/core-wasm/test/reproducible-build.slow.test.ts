import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** A build takes seconds of its own; a machine that is busy otherwise may take minutes. */
const LIMIT_MS = 600_000;
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ASC = fileURLToPath(new URL('../bin/asc.js', import.meta.resolve('assemblyscript/asc')));

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

describe('the build', () => {
  it.each(['simd', 'relaxed'])(
    // build/ was compiled from the same sources before
    'gives the same %s binary again as the one in build/',
    (target) => {
      const folder = mkdtempSync(join(tmpdir(), 'sagitta-build-'));
      try {
        const outFile = join(folder, 'again.wasm');
        execFileSync(
          process.execPath,
          [ASC, '--config', 'asconfig.json', '--target', target, '--outFile', outFile],
          { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] },
        );
        expect(sha256(outFile)).toBe(sha256(join(ROOT, 'build', `${target}.wasm`)));
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    LIMIT_MS,
  );
});
