/**
 * Saved tables: kind "table", version 1. Groups of rows, blocks of 16 dimensions (the last may have fewer), cells group by group
 * and block by block.
 *
 *   META  u32 method (position in TABLE_METHODS) · u32 rows · u32 d · u32 groups (1 to 16) · f64 scale · f64 weighted error ·
 *         f64 error, from 0 on · f64 a group: least weight of its rows
 *   GRPS  4 bits a row, the even rows low: its group
 *   BITS  u8 a cell: bits of a number, 0 to 8
 *   LEVL  f16 per cell 2^bits levels ascending, or a mean for each dimension where bits are 0; amounts at most 1
 *   LENS  f16 a row: its length over scale, 0 to 1
 *   CODE  rows group after group, within a row block after block, numbers of `bits` bits from the low end, each block in
 *         whole bytes
 *   ROTA  f16 d × d, row i = direction i, amounts at most 1; only of rotated tables
 */
import {
  type ByteReader,
  ByteWriter,
  type Container,
  FormatError,
  littleEndianBytes,
  MAX_DIMENSION,
  MAX_MAGNITUDE,
  readContainer,
  writeContainer,
} from '@sagitta/core-wasm';
import { halfToNumber } from '../scalar/half-coder.ts';
import { CompressedTable, groupReport, TABLE_METHODS, type TableMethod } from './compressed-table.ts';
import { blockBytes, blocksOf, dimsOf, levelsOf, MAX_BITS, MAX_GROUPS } from './layout.ts';

const KIND = 'table';
const VERSION = 1;
/** Errors are shares of the energy; what is coded badly may lose a little more than there is. */
const MAX_ERROR = 16;
const MAX_WEIGHT = 2 ** 180;
/** A half of 1 and of what rounding adds to it. */
const LARGEST_UNIT = 1.001;

/** Writes a table as bytes, for readTable; as many as its `bytes`. */
export function writeTable(table: CompressedTable): Uint8Array<ArrayBuffer> {
  const { method, rows, d, groups, bits, levels, lengths, scale, rotation, codes, report } = table.parts();
  const count = bits.length / blocksOf(d);
  const meta = new ByteWriter().u32(TABLE_METHODS.indexOf(method)).u32(rows).u32(d).u32(count).f64(scale);
  meta.f64(report.weightedError).f64(report.error);
  for (const { from } of report.bitsByGroup) meta.f64(from);
  const packed = new Uint8Array(Math.ceil(rows / 2));
  groups.forEach((group, i) => {
    packed[i >> 1] = (packed[i >> 1] as number) | (group << (4 * (i & 1)));
  });
  return writeContainer({
    kind: KIND,
    version: VERSION,
    sections: [
      { id: 'META', pieces: [meta.finish()] },
      { id: 'GRPS', pieces: [packed] },
      { id: 'BITS', pieces: [bits] },
      { id: 'LEVL', pieces: [littleEndianBytes(levels)] },
      { id: 'LENS', pieces: [littleEndianBytes(lengths)] },
      { id: 'CODE', pieces: [codes] },
      ...(rotation.length > 0 ? [{ id: 'ROTA', pieces: [littleEndianBytes(rotation)] }] : []),
    ],
  });
}

/** Reads a table that writeTable wrote. @throws FormatError on anything else */
export function readTable(bytes: Uint8Array): CompressedTable {
  const container = readContainer(bytes);
  if (container.kind !== KIND || container.version !== VERSION) {
    throw new FormatError(
      `expected kind ${KIND}, version ${VERSION}, got ${container.kind}, version ${container.version}`,
      6,
    );
  }
  const meta = container.reader('META');
  const method = TABLE_METHODS[meta.u32In('method', 0, TABLE_METHODS.length - 1)] as TableMethod;
  const rows = meta.u32In('rows', 1, 2 ** 31);
  const d = meta.u32In('d', 1, MAX_DIMENSION);
  const count = meta.u32In('groups', 1, MAX_GROUPS);
  const scale = numberIn(meta, 'scale', 2 ** -149, 2 * MAX_MAGNITUDE);
  const weightedError = numberIn(meta, 'weightedError', 0, MAX_ERROR);
  const error = numberIn(meta, 'error', 0, MAX_ERROR);
  const from = Array.from({ length: count }, () => numberIn(meta, 'from', 0, MAX_WEIGHT));
  meta.end();
  const groups = readGroups(container, rows, count);
  const bits = readBits(container, count * blocksOf(d));
  const levels = readHalves(container, 'LEVL', levelCount(bits, d), -LARGEST_UNIT);
  const lengths = readHalves(container, 'LENS', rows, 0);
  const rotation = container.has('ROTA')
    ? readHalves(container, 'ROTA', d * d, -LARGEST_UNIT)
    : new Uint16Array(0);
  const reader = container.reader('CODE');
  const codes = reader.view(codeBytes(groups, bits, d)).slice();
  reader.end();
  const report = { weightedError, error, ...groupReport(groups, bits, d, from) };
  return new CompressedTable({
    method,
    rows,
    d,
    groups,
    bits,
    levels,
    lengths,
    scale,
    rotation,
    codes,
    report,
  });
}

function numberIn(reader: ByteReader, label: string, least: number, most: number): number {
  const value = reader.f64();
  if (value >= least && value <= most && !Object.is(value, -0)) return value;
  return reader.fail(`"${label}" expected ${least} to ${most}, got ${value}`);
}

function readGroups(container: Container, rows: number, count: number): Uint8Array {
  const reader = container.reader('GRPS');
  const packed = reader.view(Math.ceil(rows / 2));
  const groups = new Uint8Array(rows);
  for (let i = 0; i < rows; i++) {
    groups[i] = ((packed[i >> 1] as number) >> (4 * (i & 1))) & 15;
    if ((groups[i] as number) >= count)
      reader.fail(`row ${i} expected a group below ${count}, got ${groups[i]}`);
  }
  if (rows % 2 === 1 && (packed.at(-1) as number) > 15) reader.fail('expected zero bits behind the last row');
  reader.end();
  return groups;
}

function readBits(container: Container, cells: number): Uint8Array {
  const reader = container.reader('BITS');
  const bits = reader.view(cells).slice();
  const at = bits.findIndex((value) => value > MAX_BITS);
  if (at >= 0) reader.fail(`cell ${at} expected at most ${MAX_BITS} bits, got ${bits[at]}`);
  reader.end();
  return bits;
}

function readHalves(container: Container, id: string, count: number, least: number): Uint16Array {
  const reader = container.reader(id);
  const bytes = reader.view(2 * count);
  const out = new Uint16Array(count);
  for (let i = 0; i < count; i++) {
    out[i] = (bytes[2 * i] as number) | ((bytes[2 * i + 1] as number) << 8);
    const value = halfToNumber(out[i] as number);
    // infinities and NaN have the highest exponent
    if (((out[i] as number) & 0x7c00) === 0x7c00 || !(value >= least && value <= LARGEST_UNIT)) {
      reader.fail(`"${id}" expected ${least} to ${LARGEST_UNIT}, got ${value} at ${i}`);
    }
  }
  reader.end();
  return out;
}

function levelCount(bits: Uint8Array, d: number): number {
  const blocks = blocksOf(d);
  return bits.reduce((sum, own, cell) => sum + levelsOf(dimsOf(d, cell % blocks), own), 0);
}

function codeBytes(groups: Uint8Array, bits: Uint8Array, d: number): number {
  const blocks = blocksOf(d);
  const strides = new Float64Array(bits.length / blocks);
  bits.forEach((own, cell) => {
    const g = Math.floor(cell / blocks);
    strides[g] = (strides[g] as number) + blockBytes(dimsOf(d, cell % blocks), own);
  });
  return groups.reduce((sum, group) => sum + (strides[group] as number), 0);
}
