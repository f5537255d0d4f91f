/** A folder for each test file, removed when its tests are done. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

export interface TemporaryFolder {
  readonly path: string;
  /** Writes a file and gives its path. */
  write(name: string, bytes: Uint8Array | string): string;
}

/** parent — where it goes, where that matters */
export function temporaryFolder(parent: string = tmpdir()): TemporaryFolder {
  mkdirSync(parent, { recursive: true });
  const path = mkdtempSync(join(parent, 'sagitta-node-'));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return {
    path,
    write(name, bytes) {
      const file = join(path, name);
      writeFileSync(file, bytes);
      return file;
    },
  };
}
