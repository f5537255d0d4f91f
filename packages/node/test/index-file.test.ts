import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCore } from '@sagitta/core-wasm';
import { buildIvf, saveIndex } from '@sagitta/retrieval';
import { clusteredRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { openIndexFile, saveIndexFile } from '../src/index.ts';
import { expectFormatError } from './support/expect-format-error.ts';
import { temporaryFolder } from './support/temporary.ts';

const D = 16;
const folder = temporaryFolder();
const path = join(folder.path, 'a.sag');
const core = createCore();
const rows = clusteredRows(400, D, { seed: 1, clusters: 5, spread: 0.3 });
// kept vectors and many lists: pieces both above and below what is gathered
const index = buildIvf(core, rows, D, { metric: 'l2', nlist: 20, keepVectors: true });

describe('an index file', () => {
  it('holds the bytes of saveIndex, and comes back', async () => {
    const bytes = await saveIndexFile(path, index);
    const file = readFileSync(path);
    expect(bytes).toBe(file.length);
    expect(Buffer.compare(file, saveIndex(index))).toBe(0);
    using loaded = await openIndexFile(core, path);
    const query = rows.subarray(0, D);
    expect(loaded.search(query, 9, { nprobe: 5 })).toEqual(index.search(query, 9, { nprobe: 5 }));
    expect(readdirSync(folder.path)).toEqual(['a.sag']);
  });

  it('ends in an error that names file and byte where it is damaged', async () => {
    await saveIndexFile(path, index);
    const good = readFileSync(path);
    const used = core.bytesUsed();
    const write = (name: string, bytes: Uint8Array): string => folder.write(name, bytes);
    await expectFormatError(
      openIndexFile(core, write('empty', new Uint8Array(0))),
      /empty: .*the file is empty/,
    );
    await expectFormatError(
      openIndexFile(core, write('other', Buffer.from('PK, no index'))),
      /other: .*"SAGT"/,
    );
    await expectFormatError(openIndexFile(core, write('short', good.subarray(0, 20))), /short: /, 20);
    await expectFormatError(openIndexFile(core, write('cut', good.subarray(0, -1))), /cut: .*bytes/, 24);
    const flipped = Buffer.from(good);
    flipped[good.length - 40] = (flipped[good.length - 40] as number) ^ 8;
    const error = await expectFormatError(
      openIndexFile(core, write('flipped', flipped)),
      /flipped: .*"VECS"/,
    );
    expect(error.message).toContain(`(at byte ${error.offset})`);
    await expect(openIndexFile(core, join(folder.path, 'no.sag'))).rejects.toThrow(/ENOENT/);
    expect(core.bytesUsed()).toBe(used);
  });
});
