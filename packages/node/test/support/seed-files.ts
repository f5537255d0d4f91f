/**
 * A small good file of every format, in its variants, made here: what readers are tried on, whole and damaged. All hold the same rows,
 * or the same sets, so that one expectation serves every one.
 */
import { brotliCompressSync, gzipSync } from 'node:zlib';
import {
  Field,
  FixedSizeList,
  Float32,
  List,
  makeData,
  makeVector,
  Table,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import { zipSync } from 'fflate';
import type { FormatName } from '../../src/formats.ts';
import { bytesOf, npy, npyFields, xvecs } from './bytes.ts';
import { hdf5File } from './hdf5-file.ts';
import { parquetFile } from './parquet-file.ts';

export interface Seed {
  readonly name: string;
  readonly format: FormatName;
  readonly bytes: Uint8Array;
  /** Whether openTokenSets reads it rather than openVectors. */
  readonly isTokenSets: boolean;
  readonly column?: string;
  readonly d?: number;
}

/** 7 rows of 3: small integers from 0 to 100, which every format holds exactly. */
export const SEED_ROWS: readonly (readonly number[])[] = Array.from({ length: 7 }, (_, i) => [
  i,
  (i * i) % 13,
  100 - i,
]);
/** The same rows in sets of 2, 0, 4 and 1. */
export const SEED_LENGTHS: readonly number[] = [2, 0, 4, 1];
export const SEED_SETS: readonly (readonly (readonly number[])[])[] = SEED_LENGTHS.map((length, i) => {
  const start = SEED_LENGTHS.slice(0, i).reduce((sum, one) => sum + one, 0);
  return SEED_ROWS.slice(start, start + length);
});
const FLAT = SEED_ROWS.flat();
const OFFSETS = [0, 2, 2, 6, 7];

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const lines = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

function xbin(values: ArrayBufferView): Uint8Array {
  return Buffer.concat([bytesOf(Uint32Array.of(7, 3)), bytesOf(values)]);
}

function safetensors(): Uint8Array {
  const header = JSON.stringify({
    __metadata__: { made: 'here' },
    emb: { dtype: 'F32', shape: [7, 3], data_offsets: [0, 84] },
    bias: { dtype: 'F32', shape: [3], data_offsets: [84, 96] },
  });
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, text(header), bytesOf(Float32Array.from(FLAT)), new Uint8Array(12)]);
}

function mvecs(): Uint8Array {
  const head = Buffer.alloc(32);
  head.write('MVEC');
  head.writeUInt16LE(1, 4);
  head.writeUInt32LE(3, 8);
  head.writeBigUInt64LE(4n, 16);
  head.writeBigUInt64LE(7n, 24);
  const sets = SEED_SETS.flatMap((set) => [
    bytesOf(Uint32Array.of(set.length)),
    bytesOf(Float32Array.from(set.flat())),
  ]);
  return Buffer.concat([head, ...sets]);
}

const matrixNpy = npy(npyFields('<f4', 7, 3), bytesOf(Float32Array.from(FLAT)));
const vectorNpy = (values: readonly number[]): Uint8Array =>
  npy(
    `{'descr': '<i4', 'fortran_order': False, 'shape': (${values.length},), }`,
    bytesOf(Int32Array.from(values)),
  );

function npzSets(level: 0 | 6): Uint8Array {
  return zipSync({ 'tokens.npy': matrixNpy, 'offsets.npy': vectorNpy(OFFSETS) }, { level });
}

/** Sets of 4 tokens at most, the rest padded with 9s. */
function npzPadded(): Uint8Array {
  const padded = SEED_SETS.flatMap((set) => [0, 1, 2, 3].flatMap((token) => set[token] ?? [9, 9, 9]));
  const mask = SEED_LENGTHS.flatMap((length) => [0, 1, 2, 3].map((token) => (token < length ? 1 : 0)));
  return zipSync({
    'embeddings.npy': npy(npyFields('<f4', 4, '4, 3'), bytesOf(Float32Array.from(padded))),
    'attention_mask.npy': npy(npyFields('<i8', 4, 4), bytesOf(BigInt64Array.from(mask, BigInt))),
  });
}

function arrow(kind: 'file' | 'stream', isTokenSets: boolean): Uint8Array {
  const ids = Array.from({ length: isTokenSets ? 4 : 7 }, (_, i) => `d${i}`);
  const row = new FixedSizeList(3, new Field('item', new Float32(), false));
  const child = makeData({ type: new Float32(), length: 21, nullCount: 0, data: Float32Array.from(FLAT) });
  const rows = makeData({ type: row, length: 7, nullCount: 0, child });
  const list = new List(new Field('item', row, false));
  const valueOffsets = Int32Array.from(OFFSETS);
  const x = isTokenSets
    ? makeVector(makeData({ type: list, length: 4, nullCount: 0, valueOffsets, child: rows }))
    : makeVector(rows);
  return tableToIPC(new Table({ id: vectorFromArray(ids, new Utf8()), x }), kind);
}

const fortran = Float32Array.from(FLAT, (_, i) => FLAT[(i % 7) * 3 + Math.floor(i / 7)] as number);
const bigEndian = (values: Float32Array): Uint8Array => Buffer.from(bytesOf(values.slice())).swap32();
const rowsColumn = { name: 'x', rows: SEED_ROWS };
const jsonlRows = lines(SEED_ROWS.map((vector, id) => ({ id, vector })));
const jsonlSets = lines(SEED_SETS.map((tokens, i) => ({ id: `d${i}`, tokens, metadata: { i } })));
const csvRows = `id,a,b,c\n${SEED_ROWS.map((row, i) => `w${i},${row.join(',')}\n`).join('')}`;
const csvLists = `id,text,x\n${SEED_ROWS.map((row, i) => `${i},"a ""b"",\nc","[${row.join(', ')}]"\n`).join('')}`;
const gloveRows = SEED_ROWS.map((row, i) => `${i === 2 ? '. .' : `w${i}`} ${row.join(' ')}\n`).join('');
const base64 = (row: readonly number[]): string =>
  Buffer.from(bytesOf(Float32Array.from(row))).toString('base64');
const batchOutput = lines(
  SEED_ROWS.map((embedding, i) => ({ custom_id: `r${i}`, response: { body: { data: [{ embedding }] } } })),
);

type VectorSeed = readonly [
  name: string,
  format: FormatName,
  bytes: Uint8Array,
  more?: { column?: string; d?: number },
];

const VECTORS: readonly VectorSeed[] = [
  ['fvecs', 'fvecs', xvecs(SEED_ROWS, 'f')],
  ['bvecs', 'bvecs', xvecs(SEED_ROWS, 'b')],
  ['ivecs', 'ivecs', xvecs(SEED_ROWS, 'i')],
  ['fbin', 'fbin', xbin(Float32Array.from(FLAT))],
  ['u8bin', 'u8bin', xbin(Uint8Array.from(FLAT))],
  ['i8bin', 'i8bin', xbin(Int8Array.from(FLAT))],
  ['ibin', 'ibin', xbin(Int32Array.from(FLAT))],
  ['npy', 'npy', matrixNpy],
  ['npy float64', 'npy', npy(npyFields('<f8', 7, 3), bytesOf(Float64Array.from(FLAT)))],
  ['npy int64', 'npy', npy(npyFields('<i8', 7, 3), bytesOf(BigInt64Array.from(FLAT, BigInt)))],
  ['npy big-endian', 'npy', npy(npyFields('>f4', 7, 3), bigEndian(Float32Array.from(FLAT)))],
  ['npy Fortran', 'npy', npy(npyFields('<f4', 7, 3, 'True'), bytesOf(fortran))],
  ['npz stored', 'npz', zipSync({ 'vectors.npy': matrixNpy }, { level: 0 })],
  ['npz deflated', 'npz', zipSync({ 'a.npy': vectorNpy([1]), 'x.npy': matrixNpy })],
  ['npz Fortran', 'npz', zipSync({ 'data.npy': npy(npyFields('<f4', 7, 3, 'True'), bytesOf(fortran)) })],
  ['hdf5', 'hdf5', hdf5File([{ name: 'train', shape: [7, 3], values: Float32Array.from(FLAT) }])],
  [
    'hdf5 chunked',
    'hdf5',
    hdf5File([
      { name: 'x', shape: [7, 3], values: Float64Array.from(FLAT), chunk: [3, 2] },
      { name: 'y', shape: [7, 3], values: Int32Array.from(FLAT) },
    ]),
    { column: 'x' },
  ],
  ['safetensors', 'safetensors', safetensors()],
  [
    'parquet',
    'parquet',
    parquetFile([rowsColumn, { name: 'id', rows: [1, 2, 3, 4, 5, 6, 7] }], { rowsPerGroup: 3 }),
  ],
  ['parquet gzip', 'parquet', parquetFile([rowsColumn], { codec: { id: 2, compress: gzipSync } })],
  [
    'parquet brotli',
    'parquet',
    parquetFile([rowsColumn], { codec: { id: 4, compress: brotliCompressSync } }),
  ],
  ['arrow', 'arrow', arrow('file', false)],
  ['arrow stream', 'arrow', arrow('stream', false)],
  ['jsonl', 'jsonl', text(jsonlRows)],
  ['jsonl arrays', 'jsonl', text(lines(SEED_ROWS))],
  ['jsonl base64', 'jsonl', text(lines(SEED_ROWS.map((row) => ({ embedding: base64(row) }))))],
  ['jsonl batch output', 'jsonl', text(batchOutput)],
  ['jsonl path', 'jsonl', text(batchOutput), { column: 'response.body.data[0].embedding' }],
  ['jsonl gzip', 'jsonl', gzipSync(jsonlRows)],
  ['json', 'json', text(JSON.stringify(SEED_ROWS))],
  ['json objects', 'json', text(JSON.stringify({ data: SEED_ROWS.map((embedding) => ({ embedding })) }))],
  ['json gzip', 'json', gzipSync(JSON.stringify(SEED_ROWS.map((vector) => ({ vector }))))],
  ['csv', 'csv', text(csvRows)],
  ['csv lists', 'csv', text(csvLists)],
  ['csv gzip', 'csv', gzipSync(csvLists), { column: 'x' }],
  ['txt', 'txt', text(gloveRows)],
  ['txt with head', 'txt', text(`7 3\n${gloveRows}`)],
  ['txt gzip', 'txt', gzipSync(gloveRows)],
  ['f32', 'f32', bytesOf(Float32Array.from(FLAT)), { d: 3 }],
];

const TOKEN_SETS: readonly VectorSeed[] = [
  ['mvecs', 'mvecs', mvecs()],
  ['npz sets', 'npz', npzSets(6)],
  ['npz sets stored', 'npz', npzSets(0)],
  ['npz padded', 'npz', npzPadded()],
  ['arrow sets', 'arrow', arrow('file', true)],
  ['arrow sets stream', 'arrow', arrow('stream', true)],
  ['parquet sets', 'parquet', parquetFile([{ name: 'tokens', rows: SEED_SETS }], { rowsPerGroup: 3 })],
  ['jsonl sets', 'jsonl', text(jsonlSets)],
  ['json sets', 'json', text(JSON.stringify(SEED_SETS))],
];

const seedOf =
  (isTokenSets: boolean) =>
  ([name, format, bytes, more]: VectorSeed): Seed => ({ name, format, bytes, isTokenSets, ...more });

export const SEEDS: readonly Seed[] = [...VECTORS.map(seedOf(false)), ...TOKEN_SETS.map(seedOf(true))];
