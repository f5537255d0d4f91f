import { readdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { CapacityError, createCore } from '@sagitta/core-wasm';
import { buildFlat, buildIvf, saveIndex } from '@sagitta/retrieval';
import { clusteredRows, gaussianRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { loadIndexFile, saveIndexFile } from '../src/index.ts';
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
    using loaded = await loadIndexFile(core, path);
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
      loadIndexFile(core, write('empty', new Uint8Array(0))),
      /empty: .*the file is empty/,
    );
    await expectFormatError(
      loadIndexFile(core, write('other', Buffer.from('PK, no index'))),
      /other: .*"SAGT"/,
    );
    await expectFormatError(loadIndexFile(core, write('short', good.subarray(0, 20))), /short: /, 20);
    await expectFormatError(loadIndexFile(core, write('cut', good.subarray(0, -1))), /cut: .*bytes/, 24);
    const flipped = Buffer.from(good);
    flipped[good.length - 40] = (flipped[good.length - 40] as number) ^ 8;
    const error = await expectFormatError(
      loadIndexFile(core, write('flipped', flipped)),
      /flipped: .*"VECS"/,
    );
    expect(error.message).toContain(`(at byte ${error.offset})`);
    await expect(loadIndexFile(core, join(folder.path, 'no.sag'))).rejects.toThrow(/ENOENT/);
    expect(core.bytesUsed()).toBe(used);
  });

  it('survives damage anywhere: every byte of the head, every 97th behind it, and cuts', async () => {
    await saveIndexFile(path, index);
    const good = readFileSync(path);
    const used = core.bytesUsed();
    for (let at = 0; at < good.length; at += at < 256 ? 1 : 97) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] as number) ^ (1 << (at % 8));
      const name = `bit-${at}`;
      const error = await expectFormatError(
        loadIndexFile(core, folder.write(name, bad)),
        new RegExp(`${name}: `),
      );
      expect(error.offset).toBeLessThanOrEqual(good.length);
      const cut = `cut-${at}`;
      await expectFormatError(
        loadIndexFile(core, folder.write(cut, good.subarray(0, at))),
        new RegExp(`${cut}: `),
      );
    }
    await expectFormatError(
      loadIndexFile(core, folder.write('longer', Buffer.concat([good, Buffer.alloc(1)]))),
      /longer: .*bytes/,
      24,
    );
    expect(core.bytesUsed()).toBe(used);
  });

  it('refuses a folder, and a core that is too small for it', async () => {
    await expectFormatError(loadIndexFile(core, folder.path), /expected a regular file/);
    using large = buildFlat(core, gaussianRows(4000, 64, 2), 64, { metric: 'l2', quantizer: 'float32' });
    const largePath = join(folder.path, 'large.sag');
    await saveIndexFile(largePath, large);
    using small = createCore({ maximumBytes: 1 << 19 });
    await expect(loadIndexFile(small, largePath)).rejects.toThrow(CapacityError);
    expect(small.bytesUsed()).toBe(0);
  });

  it('is looked at before it is read: a size that is not in its header costs no memory', async () => {
    await saveIndexFile(path, index);
    const huge = folder.write('huge', readFileSync(path));
    // a hole; no machine has room for it
    truncateSync(huge, 2 ** 42);
    await expectFormatError(loadIndexFile(core, huge), /huge: expected \d+ bytes .*got 4398046511104/, 24);
  });

  it('stays as it was where a save fails', async () => {
    await saveIndexFile(path, index);
    const good = readFileSync(path);
    const gone = buildIvf(core, rows, D, { metric: 'l2', nlist: 4 });
    gone.dispose();
    await expect(saveIndexFile(path, gone)).rejects.toThrow(/"index" expected a live index/);
    await expect(saveIndexFile(join(folder.path, 'no', 'a.sag'), index)).rejects.toThrow(/ENOENT/);
    expect(Buffer.compare(readFileSync(path), good)).toBe(0);
    expect(readdirSync(folder.path).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});
