import { readFileSync } from 'node:fs';
import { createCore, FormatError, RandomStream } from '@sagitta/core-wasm';
import { applyMutations, drawMutations, gaussianRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { allocateBits } from '../../src/table/allocate.ts';
import {
  type CompressedTable,
  compareTables,
  compressTable,
  readTable,
  type TableOptions,
  writeTable,
} from '../../src/table/index.ts';
import { GOLDEN_TABLE, makeGoldenTable } from '../golden/make-table.ts';

const core = createCore();
const { tableBits: golden } = JSON.parse(
  readFileSync(new URL('../golden/kin-golden.json', import.meta.url), 'utf8'),
) as { tableBits: { frequency: number[]; variances: number[]; theta: number; bits: number[][] } };

const N = 900;
const D = 40;
/** Rows read by Zipf's law, longer where they are read more, with variances that fall. */
const frequency = Float64Array.from({ length: N }, (_, i) => 50_000 / (i + 1));
const data = gaussianRows(N, D, 3).map((value, at) => {
  const [i, j] = [Math.floor(at / D), at % D];
  return (value * Math.sqrt(Math.sqrt(frequency[i] as number))) / (1 + j / 4);
});
const table = (options: Partial<TableOptions> = {}): CompressedTable =>
  compressTable(core, { data, d: D }, { frequency, budgetBytes: 12_000, ...options });

/** Share of the weighted energy lost, from decoded rows. */
function weightedError(of: CompressedTable, weights: ArrayLike<number> = frequency): number {
  const all = of.gather(Uint32Array.from({ length: of.rows }, (_, i) => i));
  let lost = 0;
  let energy = 0;
  for (let at = 0; at < all.length; at++) {
    const weight = weights[Math.floor(at / D)] as number;
    lost += weight * ((data[at] as number) - (all[at] as number)) ** 2;
    energy += weight * (data[at] as number) ** 2;
  }
  return lost / energy;
}

describe('bits', () => {
  it('are those of water-filling where losses are those of normal values', () => {
    const cells = golden.frequency.flatMap((weight) =>
      golden.variances.map((variance) =>
        Array.from({ length: 13 }, (_, i) => ({
          bits: i / 2,
          bytes: i,
          loss: weight * variance * 4 ** (-i / 2),
        })),
      ),
    );
    const spent = 2 * golden.bits.flat().reduce((sum, bits) => sum + bits, 0);
    expect(allocateBits(cells, spent).map(({ bits }) => bits)).toEqual(golden.bits.flat());
  });

  it('skip choices that are no bargain, and never pass the budget', () => {
    const cell = [
      { bits: 0, bytes: 1, loss: 10 },
      { bits: 1, bytes: 2, loss: 9.5 },
      { bits: 2, bytes: 3, loss: 2 },
      { bits: 3, bytes: 4, loss: 3 },
      { bits: 4, bytes: 9, loss: 0 },
    ];
    expect(allocateBits([cell], 2).map(({ bits }) => bits)).toEqual([0]);
    expect(allocateBits([cell], 3).map(({ bits }) => bits)).toEqual([2]);
    expect(allocateBits([cell, cell], 11).map(({ bits }) => bits)).toEqual([2, 2]);
    expect(allocateBits([cell, cell], 12).map(({ bits }) => bits)).toEqual([4, 2]);
  });
});

describe('compressTable', () => {
  it('stays within its budget, is as long as it says, and reports what it loses', () => {
    let last = Infinity;
    for (const budgetBytes of [6000, 9000, 15_000, 25_000]) {
      const found = table({ budgetBytes });
      expect(found.bytes).toBeLessThanOrEqual(budgetBytes);
      expect(writeTable(found)).toHaveLength(found.bytes);
      expect(found.report.weightedError).toBeCloseTo(weightedError(found), 6);
      expect(found.report.error).toBeCloseTo(weightedError(found, new Float64Array(N).fill(1)), 6);
      expect(found.report.weightedError).toBeLessThan(last);
      last = found.report.weightedError;
    }
    expect(last).toBeLessThan(0.002);
  });

  it('gives bits to what is read often, and half the loss of the same bits everywhere', () => {
    const found = table({ method: 'allocated' });
    const { bitsByGroup } = found.report;
    expect(bitsByGroup.reduce((sum, { rows }) => sum + rows, 0)).toBe(N);
    expect(bitsByGroup[0]?.bits as number).toBeGreaterThan((bitsByGroup.at(-1)?.bits as number) + 1);
    expect(bitsByGroup.map(({ from }) => from)).toEqual(
      bitsByGroup.map(({ from }) => from).sort((a, b) => b - a),
    );
    const plain = table({ method: 'scalar' });
    expect(plain.bytes).toBeLessThanOrEqual(12_000);
    expect(found.report.weightedError).toBeLessThan(plain.report.weightedError / 2);
    expect(table().report.weightedError).toBe(found.report.weightedError);
    // the weight is what it is for
    expect(weightedError(compressTable(core, { data, d: D }, { budgetBytes: 12_000 }))).toBeGreaterThan(
      found.report.weightedError,
    );
  });

  it('reads rows, gathers them and scores them alike, rotated or not', () => {
    const turned = table({ budgetBytes: 20_000, method: 'allocated' });
    const query = gaussianRows(1, D, 9);
    for (const one of [turned, table({ budgetBytes: 8000 }), table({ method: 'scalar' })]) {
      const indices = Uint32Array.of(899, 0, 17, 17);
      const rows = one.gather(indices);
      const scores = one.dot(query, indices);
      indices.forEach((index, i) => {
        expect(rows.subarray(i * D, (i + 1) * D)).toEqual(one.row(index));
        const dot = one.row(index).reduce((sum, value, j) => sum + value * (query[j] as number), 0);
        expect(scores[i]).toBeCloseTo(dot, 2);
      });
      expect(one.dot(query)).toHaveLength(N);
      expect(one.dot(query)[17]).toBe(scores[2]);
    }
  });

  it('rotates where the matrix pays for itself', () => {
    const mixing = gaussianRows(D, D, 77);
    const n = 3000;
    const few = gaussianRows(n, 4, 5);
    const low = new Float32Array(n * D);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < D; j++) {
        for (let t = 0; t < 4; t++) {
          low[i * D + j] =
            (low[i * D + j] as number) + (few[i * 4 + t] as number) * (mixing[t * D + j] as number);
        }
      }
    }
    const found = compressTable(core, { data: low, d: D }, { budgetBytes: 26_000 });
    expect(found.isRotated).toBe(true);
    expect(found.report.error).toBeLessThan(0.06);
    const plain = compressTable(core, { data: low, d: D }, { budgetBytes: 26_000, method: 'scalar' });
    expect(found.report.error).toBeLessThan(plain.report.error / 2);
    expect(readTable(writeTable(found)).row(5)).toEqual(found.row(5));
    // the matrix is 3,200 bytes
    expect(compressTable(core, { data: low.slice(0, 60 * D), d: D }, { budgetBytes: 2500 }).isRotated).toBe(
      false,
    );
  });

  it('takes rows that are never read, one row, zero rows, copies, and few dimensions', () => {
    const unread = Float64Array.from(frequency, (value, i) => (i < 200 ? 0 : value));
    const found = table({ frequency: unread });
    expect(found.report.weightedError).toBeCloseTo(weightedError(found, unread), 6);
    const one = compressTable(core, { data: data.slice(0, D), d: D }, { budgetBytes: 4000 });
    one.row(0).forEach((value, j) => {
      expect(Math.abs(value - (data[j] as number))).toBeLessThan(0.02 * Math.abs(data[0] as number) + 0.02);
    });
    const zeros = compressTable(core, { data: new Float32Array(100 * D), d: D }, { budgetBytes: 9000 });
    expect([...zeros.row(99)]).toEqual(new Array(D).fill(0));
    const same = new Float32Array(300 * D);
    for (let i = 0; i < 300; i++) same.set(data.subarray(0, D), i * D);
    // no bits at all: the mean of copies is their row
    const copies = compressTable(core, { data: same, d: D }, { budgetBytes: 1500 });
    expect(copies.report.error).toBeLessThan(1e-6);
    expect(copies.report.lostRows).toBe(1);
    const narrow = compressTable(core, { data: gaussianRows(200, 1, 3), d: 1 }, { budgetBytes: 1200 });
    expect(narrow.row(3)).toHaveLength(1);
  });

  it('keeps a direction of rare rows where it is asked to', () => {
    const tight = table({ budgetBytes: 7000, method: 'allocated' });
    const floored = table({ budgetBytes: 14_000, method: 'allocated', floorBits: 1 });
    expect(tight.report.bitsByGroup.at(-1)?.bits as number).toBeLessThan(1);
    expect(floored.report.lostRows).toBe(0);
  });

  it('names the least that a table takes, and other mistakes', () => {
    expect(() => table({ budgetBytes: 500 })).toThrow(
      /"budgetBytes" expected at least \d+ for these rows, got 500/,
    );
    const least = Number(/least (\d+)/.exec(messageOf(() => table({ budgetBytes: 500 })))?.[1]);
    expect(table({ budgetBytes: least }).bytes).toBeLessThanOrEqual(least);
    expect(() => table({ budgetBytes: least - 1 })).toThrow(/expected at least/);
    expect(() => table({ frequency: [1, 2] })).toThrow(/"frequency" expected length rows = 900, got 2/);
    expect(() => table({ frequency: new Float64Array(N).fill(-1) })).toThrow(
      /"frequency" expected numbers from 0/,
    );
    expect(() => table({ frequency: new Float64Array(N) })).toThrow(
      /"frequency" expected a row that is read/,
    );
    expect(() => table({ method: 'hash' as 'scalar' })).toThrow(/"method" expected one of/);
    expect(() => table({ bytes: 1 } as Partial<TableOptions>)).toThrow(/expected known options/);
    expect(() => table().row(N)).toThrow(/"index" expected/);
    expect(() => table().gather(Uint32Array.of(1, N))).toThrow(
      /"indices" expected rows from 0 to 899, got 900 at 1/,
    );
    expect(() => table().dot(new Float32Array(3))).toThrow(/"query" expected length d = 40, got 3/);
  });
});

function messageOf(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    return String(error);
  }
  return '';
}

describe('compareTables', () => {
  it('has a row for each budget and method that fits', () => {
    const rows = compareTables(core, { data, d: D }, { frequency, budgets: [100, 8000, 16_000] });
    expect(rows.map(({ method, budget }) => [method, budget])).toEqual([
      ['allocated', 8000],
      ['scalar', 8000],
      ['allocated', 16_000],
      ['scalar', 16_000],
    ]);
    for (const { bytes, budget } of rows) expect(bytes).toBeLessThanOrEqual(budget);
  });
});

describe('saved tables', () => {
  const tables = [table({ budgetBytes: 7000 }), table({ method: 'scalar' }), table({ budgetBytes: 20_000 })];
  const refuses = (bytes: Uint8Array): boolean => {
    try {
      const back = readTable(bytes);
      expect(back.row(back.rows - 1).every(Number.isFinite)).toBe(true);
      return false;
    } catch (error) {
      if (error instanceof FormatError) return true;
      throw error;
    }
  };

  it('come back as they were, and are the same bytes each time', () => {
    for (const one of tables) {
      const back = readTable(writeTable(one));
      expect(back.parts()).toEqual(one.parts());
      expect(writeTable(back)).toEqual(writeTable(one));
    }
    expect(writeTable(table({ budgetBytes: 7000 }))).toEqual(writeTable(tables[0] as CompressedTable));
  });

  it('load for ever, and are what compression gives today', () => {
    const file = readFileSync(GOLDEN_TABLE);
    const found = readTable(file);
    expect([found.rows, found.d, found.method, found.bytes]).toEqual([201, 20, 'allocated', file.length]);
    expect(Buffer.compare(writeTable(makeGoldenTable(core)), file)).toBe(0);
  });

  it('are refused when cut off, flipped or changed otherwise, or work', () => {
    const random = new RandomStream(3, 'table/hostile');
    for (const one of tables) {
      const file = writeTable(one);
      for (let length = 0; length < file.length; length += 97)
        expect(refuses(file.slice(0, length))).toBe(true);
      for (let at = 0; at < file.length; at += 61) {
        const bytes = file.slice();
        bytes[at] = (bytes[at] as number) ^ (1 << (at % 8));
        expect(refuses(bytes)).toBe(true);
      }
      let refused = 0;
      for (let i = 0; i < 150; i++) if (refuses(applyMutations(file, drawMutations(random, file)))) refused++;
      expect(refused).toBeGreaterThan(40);
    }
  });
});
