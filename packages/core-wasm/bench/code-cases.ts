/** The kernels over packed codes: scan, packing, code search, with their plain loops. */
import { gaussianRows, randomBytes } from '@sagitta/testing';
import type { Core } from '../src/core.ts';
import { NO_PTR, type Ptr } from '../src/memory.ts';
import { type Case, type CaseSet, place } from './measure.ts';
import * as plain from './plain-codes.ts';

/** Starts of the code search by bits, as an encoder would give them. */
const SEARCHES: readonly { readonly bits: number; readonly starts: readonly number[] }[] = [
  { bits: 1, starts: [1] },
  { bits: 4, starts: [2.38, 2.54, 2.7, 2.86] },
  { bits: 8, starts: [-0.97, -0.985, -1, -1.01, -1.02, -1.03, -1.045, -1.06] },
];

function offset(ptr: Ptr, bytes: number): Ptr {
  return (ptr + bytes) as Ptr;
}

/** n codes of `dims` dims; the scan is n codes against one query of 16-bit integers. */
export function codeCases(core: Core, n: number, dims: number): CaseSet {
  const { kernels } = core;
  const codes = randomBytes(2 * n * dims, 11);
  // Σ|q|·255 < 2³¹: up to 10,000 each
  const query = Int16Array.from(gaussianRows(1, dims, 12), (x) => Math.round(2000 * x));
  const values = Uint16Array.from(randomBytes(n * dims, 13));
  const codesPtr = place(core, codes);
  const queryPtr = place(core, query);
  const valuesPtr = place(core, values);
  const outBlock = core.allocate(2 * n * dims);
  const outPtr = outBlock.at();
  const out = new Float32Array(n);
  const outCodes = new Uint8Array(2 * n * dims);
  const outValues = new Uint16Array(n * dims);

  const scans = [1, 2, 4, 8].map(
    (bits): Case => ({
      name: `dotCodeRows ${bits} bit`,
      units: n,
      bytes: (dims * bits) / 8,
      kernel: () => kernels.dotCodeRows(codesPtr, n, dims, bits, queryPtr, outPtr),
      plain: () => plain.dotCodeRows(codes, n, dims, bits, query, out),
    }),
  );

  const packs = [1, 4, 8, 13].flatMap((bits): Case[] => {
    const codeBytes = (dims * bits) / 8;
    return [
      {
        name: `packCode ${bits} bit`,
        units: n,
        bytes: 2 * dims,
        kernel: () => {
          for (let i = 0; i < n; i++) {
            kernels.packCode(offset(valuesPtr, 2 * i * dims), dims, bits, offset(outPtr, i * codeBytes));
          }
        },
        plain: () => {
          for (let i = 0; i < n; i++) plain.packCode(values, i * dims, dims, bits, outCodes, i * codeBytes);
        },
      },
      {
        name: `unpackCode ${bits} bit`,
        units: n,
        bytes: codeBytes,
        kernel: () => {
          for (let i = 0; i < n; i++) {
            kernels.unpackCode(offset(codesPtr, i * codeBytes), dims, bits, offset(outPtr, 2 * i * dims));
          }
        },
        plain: () => {
          for (let i = 0; i < n; i++) plain.unpackCode(codes, i * codeBytes, dims, bits, outValues, i * dims);
        },
      },
    ];
  });

  const factors = new Float32Array(n);
  const factorsPtr = core.allocate(12 * n).at();
  const searches = [128, dims].flatMap((d) => {
    const rows = gaussianRows(n, d, 14);
    const rowsPtr = place(core, rows);
    return SEARCHES.map(({ bits, starts }): Case => {
      const ranges = Float32Array.from(starts);
      const startsPtr = place(core, ranges);
      const scratch = core.allocate(2 * d).at();
      return {
        name: `encodeCodeRows ${d} × ${bits} bit`,
        units: n,
        bytes: 4 * d,
        kernel: () =>
          kernels.encodeCodeRows(
            rowsPtr,
            n,
            d,
            d,
            bits,
            startsPtr,
            starts.length,
            NO_PTR,
            scratch,
            outPtr,
            factorsPtr,
            offset(factorsPtr, 4 * n),
            offset(factorsPtr, 8 * n),
            NO_PTR,
          ),
        plain: () => plain.encodeCodeRows(rows, n, d, bits, ranges, outCodes, factors),
      };
    });
  });

  return {
    cases: [...scans, ...packs, ...searches],
    sink: () => out[0] + outCodes[0] + outValues[0] + factors[0],
  };
}
