import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { createCore } from '@sagitta/core-wasm';
import { buildIvf, openIndex } from '@sagitta/retrieval';
import { clusteredRows } from '@sagitta/testing';
import { expect, it } from 'vitest';
import { fileSource, saveIndexFile } from '../src/index.ts';
import { expectFormatError } from './support/expect-format-error.ts';
import { temporaryFolder } from './support/temporary.ts';

const D = 16;
const folder = temporaryFolder();
const path = join(folder.path, 'a.sag');
const core = createCore();
const rows = clusteredRows(600, D, { seed: 1, clusters: 5, spread: 0.3 });

it('answers from a file in parts as the index in memory does', async () => {
  const index = buildIvf(core, rows, D, { metric: 'l2', nlist: 20, bits: 3 });
  await saveIndexFile(path, index);
  const source = await fileSource(path);
  const paged = await openIndex(core, source, { cacheBytes: 4096 });
  for (const row of [0, 17, 599]) {
    const query = rows.subarray(row * D, (row + 1) * D);
    expect(await paged.search(query, 9, { nprobe: 6 })).toEqual(index.search(query, 9, { nprobe: 6 }));
  }
  paged.dispose();
  await source.close?.();
});

it('refuses ranges outside the file, and a file that has become shorter', async () => {
  const source = await fileSource(path);
  await expect(source.read(source.size - 3, 4)).rejects.toThrow(/"length" expected/);
  await expect(source.read(0, 8, AbortSignal.abort())).rejects.toThrow(/abort/i);
  truncateSync(path, 40);
  await expectFormatError(source.read(32, 16), /a\.sag: the file ended early/);
  await source.close?.();
  await expect(fileSource(join(folder.path, 'none'))).rejects.toThrow(/ENOENT/);
});
