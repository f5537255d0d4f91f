/** sagitta table: vectors in so many bytes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCore } from '@sagitta/core-wasm';
import { compressTable, readTable, type TableReport, writeTable } from '@sagitta/quantizers/table';
import { gaussianRows } from '@sagitta/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeNpy } from '../../src/index.ts';
import { sagitta, sagittaJson } from '../support/command.ts';
import { temporaryFolder } from '../support/temporary.ts';

const N = 500;
const D = 24;
const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const rows = gaussianRows(N, D, 3);
const frequency = Float32Array.from({ length: N }, (_, i) => Math.ceil(5000 / (i + 1)));

beforeAll(async () => {
  await writeNpy(at('rows.npy'), rows, D);
  await writeNpy(at('counts.npy'), frequency, 1);
  await writeNpy(at('few.npy'), frequency.slice(0, 9), 1);
});

describe('sagitta table', () => {
  it('writes the table of compressTable, within its bytes', async () => {
    const flags = ['--frequency', at('counts.npy'), '--bytes', '5kB', '--out', at('t.sgt'), '--quiet'];
    const found = await sagittaJson<{ bytes: number; report: TableReport }>(
      'table',
      at('rows.npy'),
      ...flags,
    );
    using core = createCore();
    const wanted = compressTable(core, { data: rows, d: D }, { frequency, budgetBytes: 5000 });
    expect(found.report).toEqual(wanted.report);
    const file = readFileSync(at('t.sgt'));
    expect(Buffer.compare(file, writeTable(wanted))).toBe(0);
    expect(file.length).toBe(found.bytes);
    expect(readTable(file).row(3)).toEqual(wanted.row(3));
  });

  it('takes frequencies as an array of one dimension too', async () => {
    const header = `{'descr': '<i4', 'fortran_order': False, 'shape': (${N},), }`.padEnd(117);
    const head = Buffer.from(`\x93NUMPY\x01\x00v\x00${header}\n`, 'latin1');
    folder.write('list.npy', Buffer.concat([head, Buffer.from(Int32Array.from(frequency).buffer)]));
    const [list, column] = await Promise.all(
      ['list.npy', 'counts.npy'].map((name) =>
        sagittaJson('table', at('rows.npy'), '--frequency', at(name), '--bytes', '5kB', '--quiet'),
      ),
    );
    expect(list).toEqual(column);
  });

  it('prints groups and what is lost', async () => {
    const { stdout } = await sagitta(
      'table',
      at('rows.npy'),
      '--bytes',
      '0.006MB',
      '--method',
      'allocated',
      '--quiet',
    );
    expect(stdout).toMatch(/^weight from +rows +bits a number\n/);
    expect(stdout).toMatch(/\n500 × 24 in [\d,]+ bytes, \d+\.\d times smaller than float32 \(allocated/);
    expect(stdout).toMatch(/\nlost: [\d.]+ % of the energy weighed by frequency/);
  });

  it.each<[string, () => (string | number)[], number, RegExp]>([
    ['bytes that are none', () => ['--bytes', '2 apples'], 2, /Expected a number of bytes such as 2MB/],
    ['too few bytes', () => ['--bytes', '100'], 1, /^error: --bytes: "budgetBytes" expected at least \d+/],
    [
      'too few frequencies',
      () => ['--bytes', '9kB', '--frequency', at('few.npy')],
      1,
      /^error: --frequency: expected 500 numbers, .*few\.npy has 9\n$/,
    ],
  ])('refuses %s', async (_, argv, status, message) => {
    const run = await sagitta('table', at('rows.npy'), ...argv(), '--quiet');
    expect(run.status).toBe(status);
    expect(run.stderr).toMatch(message);
  });
});
