/** Files that are damaged, of another version or gone: errors that name them, and what can be saved. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { readContainerTable } from '@sagitta/core-wasm';
import { clusteredRows } from '@sagitta/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { collectionsIn } from '../support/collections.ts';
import { temporaryFolder } from '../support/temporary.ts';

const D = 16;
const open = collectionsIn(temporaryFolder().path);
const folder = temporaryFolder();
const OPTIONS = { d: D, metric: 'cosine' } as const;
const vectors = clusteredRows(6000, D, { seed: 3, clusters: 20, spread: 0.4 });
const rows = (first: number, count: number) => ({
  ids: Array.from({ length: count }, (_, i) => `n${first + i}`),
  vectors: vectors.subarray(first * D, (first + count) * D),
  metadata: Array.from({ length: count }, (_, i) => ({ i: first + i })),
});
const model = join(folder.path, 'model');
const flat = join(folder.path, 'codes');
let made = 0;

/** A copy of a collection of one segment of 5,000 (of which n0 to n9 are deleted and n10 is replaced), one of 900, and a log. */
function copied(from = model): string {
  const path = join(folder.path, `c${made++}`);
  mkdirSync(path);
  for (const name of readdirSync(from)) copyFileSync(join(from, name), join(path, name));
  return path;
}

/** Changes a byte in the middle of a section. */
function damage(path: string, name: string, section: string): void {
  const bytes = readFileSync(join(path, name));
  const found = readContainerTable(bytes).sections.find(({ id }) => id === section);
  if (!found) throw new Error(`no section ${section}`);
  const at = found.offset + Math.floor(found.length / 2);
  bytes[at] = (bytes[at] as number) ^ 0x10;
  writeFileSync(join(path, name), bytes);
}

const FIRST = 'segment-000001.sag';

beforeAll(async () => {
  for (const [path, keepVectors] of [
    [model, true],
    [flat, false],
  ] as const) {
    const c = await open(path, { ...OPTIONS, keepVectors });
    await c.add(rows(0, 5000));
    await c.compact();
    await c.delete(rows(0, 10).ids);
    await c.upsert({ ids: ['n10'], vectors: vectors.subarray(0, D), metadata: [{ i: -1 }] });
    await c.close();
  }
});

describe('a damaged segment', () => {
  it.each(['CODE', 'IDS', 'RIDS', 'RMDA', 'META'])(
    'is named when %s is damaged, and saved by its vectors',
    async (section) => {
      const path = copied();
      damage(path, FIRST, section);
      await expect(open(path)).rejects.toThrow(join(path, FIRST));
      await expect(open(path)).rejects.toMatchObject({ code: 'SAGITTA_FORMAT' });
      await expect(open(path, { readOnly: true })).rejects.toMatchObject({ code: 'SAGITTA_FORMAT' });
      const c = await open<{ i: number }>(path, { damaged: 'leave out' });
      expect(c.damaged).toEqual([FIRST]);
      expect(c.n).toBe(1);
      await expect(c.delete('n20')).rejects.toMatchObject({ code: 'SAGITTA_READ_ONLY' });
      const living = rows(11, 4989).ids;
      const found = await c.verify();
      expect(found).toMatchObject({ isWhole: false, isRepaired: false, defect: undefined });
      expect(found.damage).toMatchObject([{ segment: FIRST, sections: [section], lost: [] }]);
      expect(found.damage[0]?.withoutMetadata).toEqual(section === 'RMDA' ? living : []);
      expect(await c.verify({ repair: true })).toMatchObject({ isRepaired: true });
      expect(c.damaged).toEqual([]);
      await c.delete('n20');
      await c.close();
      const again = await open<{ i: number }>(path);
      expect(again.n).toBe(4989);
      expect((await again.search(vectors.subarray(30 * D, 31 * D), 1))[0]?.id).toBe('n30');
      expect(await again.get('n31')).toEqual({
        id: 'n31',
        metadata: section === 'RMDA' ? undefined : { i: 31 },
      });
      expect(await again.get('n10')).toEqual({ id: 'n10', metadata: { i: -1 } });
      expect(await again.has('n5')).toBe(false);
      expect(await again.verify()).toMatchObject({ isWhole: true });
      expect(existsSync(join(path, `${FIRST}.damaged`))).toBe(true);
      await again.close();
    },
  );

  it('answers from its codes when its vectors are damaged, and is coded anew from them', async () => {
    const path = copied();
    damage(path, FIRST, 'VECS');
    const c = await open(path);
    expect((await c.verify()).damage).toMatchObject([{ sections: ['VECS'], lost: [] }]);
    expect(await c.verify({ repair: true })).toMatchObject({ isRepaired: true });
    expect(await c.verify()).toMatchObject({ isWhole: true });
    expect(c.n).toBe(4990);
    expect((await c.search(vectors.subarray(30 * D, 31 * D), 1))[0]?.id).toBe('n30');
    await c.close();
  });

  it('loses what is damaged twice, and says which records', async () => {
    const path = copied(flat);
    damage(path, FIRST, 'CODE');
    const c = await open(path, { damaged: 'leave out' });
    const found = await c.verify({ repair: true });
    expect(found.damage).toMatchObject([{ sections: ['CODE'], lost: rows(11, 4989).ids }]);
    expect(c.n).toBe(1);
    await c.add(rows(100, 5));
    await c.close();
    const again = await open(path);
    expect(again.n).toBe(6);
    await again.close();
  });

  it.each(['is cut short', 'is gone', 'is another'])(
    'says which records it loses when it %s',
    async (how) => {
      const path = copied();
      const file = join(path, FIRST);
      if (how === 'is cut short') writeFileSync(file, readFileSync(file).subarray(0, 5000));
      else if (how === 'is gone') rmSync(file);
      else writeFileSync(file, 'something else');
      await expect(open(path)).rejects.toThrow(FIRST);
      await expect(open(path)).rejects.toMatchObject({
        code: how === 'is gone' ? 'SAGITTA_STORAGE' : 'SAGITTA_FORMAT',
      });
      const c = await open(path, { damaged: 'leave out' });
      expect((await c.verify()).damage).toMatchObject([{ segment: FIRST, lost: rows(11, 4989).ids }]);
      await c.close();
    },
  );

  it('is repaired from memory where it was loaded before it was damaged', async () => {
    const path = copied();
    const c = await open(path);
    damage(path, FIRST, 'CODE');
    const found = await c.verify({ repair: true });
    expect(found.damage).toMatchObject([{ sections: ['CODE'], lost: [] }]);
    expect(c.n).toBe(4990);
    expect(await c.verify()).toMatchObject({ isWhole: true });
    await c.close();
  });
});

describe('a damaged database', () => {
  it.each(['garbage', 'cut short', 'another database'])('is named: %s', async (how) => {
    const path = copied();
    const file = join(path, 'collection.db');
    for (const name of readdirSync(path)) if (/-(wal|shm)$/.test(name)) rmSync(join(path, name));
    const before = readFileSync(file);
    if (how === 'garbage') writeFileSync(file, Buffer.alloc(before.length, 0x5a));
    else if (how === 'cut short') writeFileSync(file, before.subarray(0, before.length / 2));
    else {
      before.writeUInt32BE(1, 68);
      writeFileSync(file, before);
    }
    const damaged = readFileSync(file);
    for (const options of [{}, { readOnly: true }]) {
      await expect(open(path, options)).rejects.toThrow(file);
      await expect(open(path, options)).rejects.toMatchObject({ code: 'SAGITTA_FORMAT' });
    }
    expect(readFileSync(file).equals(damaged)).toBe(true);
    expect(existsSync(join(path, FIRST))).toBe(true);
  });

  it('of another version is refused', async () => {
    const path = copied();
    const file = join(path, 'collection.db');
    const bytes = readFileSync(file);
    bytes.writeUInt32BE(7, 60);
    writeFileSync(file, bytes);
    await expect(open(path)).rejects.toThrow(`${file}: expected version 1, got 7`);
    await expect(open(path)).rejects.toMatchObject({ code: 'SAGITTA_UNSUPPORTED' });
  });

  it('is found by verify where its pages are damaged behind what opening reads', async () => {
    const path = join(folder.path, 'pages');
    const c = await open(path, OPTIONS);
    await c.add(rows(0, 2000));
    expect(await c.verify()).toMatchObject({ isWhole: true, defect: undefined });
    await c.close();
    const file = join(path, 'collection.db');
    const bytes = readFileSync(file);
    // a byte of a vector in the log
    const at = bytes.length - 4096 * 10 + 100;
    bytes[at] = (bytes[at] as number) ^ 1;
    writeFileSync(file, bytes);
    await expect(open(path)).rejects.toThrow(/log\/0+1: /);
    await expect(open(path)).rejects.toMatchObject({ code: 'SAGITTA_FORMAT' });
  });
});

it('a folder that was removed takes no more writes, and says so', async () => {
  const path = copied();
  const c = await open(path);
  renameSync(path, `${path}-gone`);
  await expect(c.add(rows(5500, 1))).rejects.toMatchObject({ name: 'StorageError', code: 'SAGITTA_STORAGE' });
  await expect(c.add(rows(5500, 1))).rejects.toThrow(path);
  expect(await c.has('n5500')).toBe(false);
  expect((await c.search(vectors.subarray(30 * D, 31 * D), 1))[0]?.id).toBe('n30');
  await c.close();
  const again = await open(`${path}-gone`);
  expect(again.n).toBe(4990);
  await again.close();
});
