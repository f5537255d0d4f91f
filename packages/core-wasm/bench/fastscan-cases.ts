/** Table scans of 4-bit codes in blocks of 32, and 1-bit codes by the same scan, with plain loops over rows. */
import { randomBytes } from '@sagitta/testing';
import type { Core } from '../src/core.ts';
import { type Case, type CaseSet, place } from './measure.ts';

/** n vectors of `dims` dims, coded at 1 bit (four dims a table) or by dims/8 sub-quantizers. */
export function fastscanCases(core: Core, n: number, dims: number): CaseSet {
  const { kernels } = core;
  const out = new Uint32Array(n);
  const outPtr = core.allocate(128 * Math.ceil(n / 32)).at();
  const query = Int8Array.from(randomBytes(dims, 21), (byte) => (byte % 127) - 63);
  const lutsOut = core.allocate(4 * dims).at();
  const queryPtr = place(core, new Uint8Array(query.buffer));

  const scans = [
    { label: '1 bit', m: dims / 4 },
    { label: `PQ ${dims / 8} × 4 bit`, m: dims / 8 },
  ].flatMap(({ label, m }): Case[] => {
    const rows = randomBytes((n * m) / 2, m);
    const rowsPtr = place(core, rows);
    const blocks = core.allocate(Math.ceil(n / 32) * 16 * m).at();
    kernels.fastscanPack(rowsPtr, n, m, blocks);
    const luts = randomBytes(32 * m, m + 1);
    const lutsPtr = place(core, luts);
    // the plain loop has its 16-bit entries in one array, as such a loop would
    const wideLuts = Uint16Array.from(
      { length: 16 * m },
      (_, at) => luts[2 * at - (at % 16)] + 256 * luts[2 * at - (at % 16) + 16],
    );
    return [
      {
        name: `fastscanU8 ${label}`,
        units: n,
        bytes: m / 2,
        kernel: () => kernels.fastscanU8(blocks, n, m, lutsPtr, outPtr),
        plain: () => sumTables(rows, n, m, luts, out),
      },
      {
        name: `fastscanU16 ${label}`,
        units: n,
        bytes: m / 2,
        kernel: () => kernels.fastscanU16(blocks, n, m, lutsPtr, outPtr),
        plain: () => sumWideTables(rows, n, m, wideLuts, out),
      },
    ];
  });
  const luts = new Uint8Array(4 * dims);
  const tables: Case = {
    name: 'signLutsU8',
    units: 1,
    bytes: 0,
    kernel: () => kernels.signLutsU8(queryPtr, dims, lutsOut),
    plain: () => signTables(query, dims, luts),
  };
  return { cases: [...scans, tables], sink: () => out[0] + luts[0] };
}

/** Row after row, two codes a byte. */
function sumTables(rows: Uint8Array, n: number, m: number, luts: Uint8Array, out: Uint32Array): void {
  for (let i = 0, p = 0; i < n; i++) {
    let sum = 0;
    for (let at = 0; at < 16 * m; at += 32, p++) {
      const pair = rows[p];
      sum += luts[at + (pair & 15)] + luts[at + 16 + (pair >>> 4)];
    }
    out[i] = sum;
  }
}

/** Apart from sumTables, so that each loop sees one kind of array. */
function sumWideTables(rows: Uint8Array, n: number, m: number, luts: Uint16Array, out: Uint32Array): void {
  for (let i = 0, p = 0; i < n; i++) {
    let sum = 0;
    for (let at = 0; at < 16 * m; at += 32, p++) {
      const pair = rows[p];
      sum += luts[at + (pair & 15)] + luts[at + 16 + (pair >>> 4)];
    }
    out[i] = sum;
  }
}

function signTables(query: Int8Array, dims: number, luts: Uint8Array): void {
  for (let i = 0, at = 0; i < dims; i += 4, at += 16) {
    let none = 0;
    for (let bit = 0; bit < 4; bit++) none -= Math.min(query[i + bit], 0);
    for (let b = 0; b < 16; b++) {
      luts[at + b] =
        none +
        (b & 1) * query[i] +
        ((b >>> 1) & 1) * query[i + 1] +
        ((b >>> 2) & 1) * query[i + 2] +
        (b >>> 3) * query[i + 3];
    }
  }
}
