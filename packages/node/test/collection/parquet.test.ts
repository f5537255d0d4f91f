/** Collections as Parquet: written, read by another program's reader and by ours, and taken back. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { clusteredRows } from '@sagitta/testing';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { exportParquet } from '../../src/collection/export-parquet.ts';
import { openFolder } from '../../src/collection/open-collection.ts';
import { openVectors, readAll, writeFileAtomic } from '../../src/index.ts';
import { threadsIn } from '../support/collections.ts';
import { sagittaWithThreads } from '../support/command.ts';
import { temporaryFolder } from '../support/temporary.ts';

const D = 24;
const N = 1200;
const vectors = clusteredRows(N, D, { seed: 4, clusters: 6, spread: 0.5 });
const folder = temporaryFolder();
const threads = threadsIn(temporaryFolder().path);
let made = 0;
const fresh = (): string => join(folder.path, `c${made++}`);
const run = (...argv: readonly (string | number)[]) => sagittaWithThreads(threads, ...argv);

type Meta = { i: number } | undefined;
interface Row {
  readonly id: unknown;
  readonly id_kind?: string;
  readonly vector: number[];
  readonly metadata: string | null;
  readonly text?: string | null;
}
const metadataOf = (i: number): Meta => (i % 5 === 0 ? undefined : { i });
const textOf = (i: number): string | undefined => (i % 7 === 0 ? undefined : `text ${i} "quoted" 😀`);

async function filled(ids: readonly (string | number | bigint)[], keepTexts: boolean): Promise<string> {
  const path = fresh();
  const c = await openFolder<Meta, 'l2'>(
    path,
    { d: D, metric: 'l2', keepTexts, quantizer: 'float32' },
    threads,
  );
  const n = ids.length;
  await c.add({
    ids,
    vectors: vectors.subarray(0, n * D),
    metadata: ids.map((_, i) => metadataOf(i)),
    ...(keepTexts && { texts: ids.map((_, i) => textOf(i)) }),
  });
  await c.close();
  return path;
}

async function fileOf(path: string): Promise<{ file: string; rows: Row[] }> {
  const file = `${path}.parquet`;
  const c = await openFolder(path, { readOnly: true }, threads);
  await writeFileAtomic(file, exportParquet(c));
  await c.close();
  const bytes = readFileSync(file);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  return { file, rows: (await parquetReadObjects({ file: buffer })) as unknown as Row[] };
}

async function recordsOf(path: string): Promise<Map<unknown, unknown>> {
  const c = await openFolder(path, { readOnly: true }, threads);
  const there = new Map<unknown, unknown>();
  for await (const { id, ...rest } of c.iterate()) there.set(id, rest);
  await c.close();
  return there;
}

describe('a collection as Parquet', () => {
  const strings = Array.from({ length: N }, (_, i) => `n${i}`);
  it.each<[string, readonly (string | number | bigint)[], boolean]>([
    ['strings with texts', strings, true],
    ['strings without texts', strings, false],
    ['numbers', Array.from({ length: N }, (_, i) => i * 3), true],
    ['all kinds', [0, 2 ** 53 - 1, 1n, -(2n ** 63n), 2n ** 64n - 1n, '1', ''], true],
  ])('is read by others, and comes back: %s', async (_, ids, keepTexts) => {
    const path = await filled(ids, keepTexts);
    const { file, rows } = await fileOf(path);
    expect(rows).toHaveLength(ids.length);
    const hasNumbers = ids.every((id) => typeof id === 'number');
    for (const [i, row] of rows.entries()) {
      expect(row.id).toEqual(hasNumbers ? BigInt(ids[i] as number) : String(ids[i]));
      expect(row.vector).toEqual([...vectors.subarray(i * D, (i + 1) * D)]);
      expect(row.metadata ?? undefined).toBe(metadataOf(i) && JSON.stringify(metadataOf(i)));
      expect('text' in row).toBe(keepTexts);
      if (keepTexts) expect(row.text ?? undefined).toBe(textOf(i));
      expect(row.id_kind).toBe(ids.length === 7 ? typeof ids[i] : undefined);
    }
    const source = await openVectors(file);
    expect((await readAll(source)).data).toEqual(vectors.subarray(0, ids.length * D));
    await source.close();
    const back = fresh();
    await (await openFolder(back, { d: D, metric: 'l2', keepTexts, quantizer: 'float32' }, threads)).close();
    const added = await run('add', back, file, '--json');
    expect(added.stderr).not.toContain('error');
    expect(JSON.parse(added.stdout)).toMatchObject({ added: ids.length, n: ids.length });
    expect(await recordsOf(back)).toEqual(await recordsOf(path));
  });

  it('is written in row groups', async () => {
    const path = fresh();
    const d = 1024;
    const wide = await openFolder(path, { d, metric: 'l2', quantizer: 'float32' }, threads);
    await wide.add({ vectors: new Float32Array(1100 * d).map((_, i) => i % 17) });
    await wide.close();
    const { file, rows } = await fileOf(path);
    const bytes = readFileSync(file);
    const metadata = parquetMetadata(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    expect(metadata.row_groups.map(({ num_rows }) => Number(num_rows))).toEqual([512, 512, 76]);
    expect(rows).toHaveLength(1100);
    expect(rows[1099]?.vector[1023]).toBe((1099 * d + 1023) % 17);
    // vectors and little else
    expect(statSync(file).size).toBeLessThan(1.1 * 4 * d * 1100);
  });

  it('is exported by the command, and flags come before columns', async () => {
    const path = await filled(strings.slice(0, 30), true);
    const file = join(folder.path, 'out.parquet');
    expect(JSON.parse((await run('export', path, '--out', file, '--json')).stdout)).toMatchObject({ n: 30 });
    expect(readFileSync(file).subarray(0, 4).toString()).toBe('PAR1');
    const back = fresh();
    await (await openFolder(back, { d: D, metric: 'l2', quantizer: 'float32' }, threads)).close();
    folder.write('ids.txt', Array.from({ length: 30 }, (_, i) => `other ${i}`).join('\n'));
    const added = await run('add', back, file, '--ids', join(folder.path, 'ids.txt'), '--json');
    expect(JSON.parse(added.stdout)).toMatchObject({ n: 30 });
    // this one keeps no texts
    const there = await recordsOf(back);
    expect(there.get('other 3')).toEqual({ vector: vectors.slice(3 * D, 4 * D), metadata: { i: 3 } });
    const again = await run('add', back, file, '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ n: 60 });
    const taken = await run('add', back, file);
    expect(taken).toMatchObject({ status: 1, stderr: expect.stringContaining('"ids[0]" expected a new id') });
  });

  it('of no records is a file without rows', async () => {
    const path = fresh();
    await (await openFolder(path, { d: 2, metric: 'l2' }, threads)).close();
    const { rows } = await fileOf(path);
    expect(rows).toEqual([]);
  });
});
