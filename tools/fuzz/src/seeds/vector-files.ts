/**
 * Files of vectors and of token sets: one entry a format, with how to make small ones. A format that is added to the readers
 * is added here; files of its tests under packages/node/test/fixtures are seeds too, by their extension.
 */
import type { TokenSet } from '@sagitta/core-wasm';
import { clusteredRows } from '@sagitta/testing';
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
  type Vector,
  vectorFromArray,
} from 'apache-arrow';
import { zipSync } from 'fflate';
import { documents } from './documents.ts';
import { parquetFiles } from './parquet.ts';

/** What a reader is called with. */
export interface FileFormat {
  /** The extension, by which readers tell formats apart. */
  readonly extension: string;
  readonly kinds: readonly ('vectors' | 'token-sets')[];
  readonly options?: { readonly d?: number; readonly column?: string };
  readonly words?: readonly string[];
  readonly seconds?: number;
  make(): Promise<readonly Uint8Array[]> | readonly Uint8Array[];
}

const D = 4;
const N = 12;
const rows: Float32Array = clusteredRows(N, D, { seed: 4, clusters: 3, spread: 0.5 });
const sets: TokenSet = documents(10, D, 4);
const JSON_WORDS = [
  '[',
  '[[',
  ']',
  '{"',
  '{"embedding":[1,2,3,4]}\n',
  '1e999',
  '-',
  'null',
  '"',
  '\\ud800',
  ',',
  '\n',
];
const DEEP = ['['.repeat(20_000), '{"a":'.repeat(20_000)];

export function bytesOf(values: ArrayBufferView): Uint8Array<ArrayBuffer> {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
}

function joined(...pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces));
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

/** Each row behind its dimension. */
function xvecs(values: (row: Float32Array) => ArrayBufferView): Uint8Array {
  return joined(
    ...Array.from({ length: N }, (_, i) =>
      joined(bytesOf(Uint32Array.of(D)), bytesOf(values(rows.subarray(i * D, (i + 1) * D)))),
    ),
  );
}

export function npy(descr: string, shape: string, values: ArrayBufferView, order = 'False'): Uint8Array {
  const fields = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape}), }`.padEnd(117);
  const head = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, fields.length + 1, 0);
  return joined(head, text(`${fields}\n`), bytesOf(values));
}

function npz(): Uint8Array[] {
  const tokens = npy('<f4', `${sets.data.length / D}, ${D}`, sets.data);
  const offsets = npy('<u4', `${sets.n + 1},`, sets.offsets);
  const lengths = Int32Array.from(
    { length: sets.n },
    (_, i) => (sets.offsets[i + 1] as number) - (sets.offsets[i] as number),
  );
  return ([0, 6] as const).flatMap((level) => [
    zipSync({ 'tokens.npy': tokens, 'offsets.npy': offsets }, { level }),
    zipSync({ 'lengths.npy': npy('<i4', `${sets.n},`, lengths), 'values.npy': tokens }, { level }),
  ]);
}

function arrow(): Uint8Array[] {
  const float = new Field('item', new Float32(), false);
  const vector = new FixedSizeList(D, float);
  const fixed = (data: Float32Array) =>
    makeData({
      type: vector,
      length: data.length / D,
      nullCount: 0,
      child: makeData({ type: new Float32(), length: data.length, nullCount: 0, data: data.slice() }),
    });
  const list = makeData({
    type: new List(new Field('item', vector, false)),
    length: sets.n,
    nullCount: 0,
    valueOffsets: Int32Array.from(sets.offsets),
    child: fixed(sets.data),
  });
  const columns: Record<string, Vector> = {
    id: vectorFromArray(
      Array.from({ length: sets.n }, (_, i) => `text ${i}`),
      new Utf8(),
    ),
    tokens: makeVector(list),
  };
  return (['file', 'stream'] as const).map((kind) => tableToIPC(new Table(columns), kind));
}

/** Header of 32 bytes, then each set behind its number of tokens. */
function mvecs(type: 0 | 1): Uint8Array {
  const head = new DataView(new ArrayBuffer(32));
  head.setUint32(0, 0x4345564d, true);
  head.setUint16(4, 1, true);
  head.setUint16(6, type, true);
  head.setUint32(8, D, true);
  head.setBigUint64(16, BigInt(sets.n), true);
  head.setBigUint64(24, BigInt(sets.data.length / D), true);
  const parts = [new Uint8Array(head.buffer)];
  for (let i = 0; i < sets.n; i++) {
    const [from, to] = [sets.offsets[i] as number, sets.offsets[i + 1] as number];
    const values = sets.data.subarray(from * D, to * D);
    const bytes = type === 0 ? values : Uint16Array.from(values, (value) => 0x3c00 + 100 * value);
    parts.push(bytesOf(Uint32Array.of(to - from)), bytesOf(bytes));
  }
  return joined(...parts);
}

function jsonl(): Uint8Array[] {
  const vectors = Array.from({ length: N }, (_, i) => [...rows.subarray(i * D, (i + 1) * D)]);
  const nested = Array.from({ length: sets.n }, (_, i) =>
    Array.from({ length: (sets.offsets[i + 1] as number) - (sets.offsets[i] as number) }, (_, t) => {
      const at = ((sets.offsets[i] as number) + t) * D;
      return [...sets.data.subarray(at, at + D)];
    }),
  );
  return [
    text(vectors.map((embedding, id) => `${JSON.stringify({ id, embedding })}\n`).join('')),
    text(vectors.map((vector) => `${JSON.stringify(vector)}\n`).join('')),
    text(nested.map((tokens, i) => `${JSON.stringify({ id: `d${i}`, tokens, metadata: { i } })}\n`).join('')),
  ];
}

const NPY_WORDS = [
  "'<f4'",
  "'>f8'",
  "'|i1'",
  "'<f2'",
  'True',
  '(99999999999, 4)',
  '(0, 4)',
  '(4,)',
  '-1',
  '\u0000',
];

export const FILE_FORMATS: readonly FileFormat[] = [
  { extension: 'fvecs', kinds: ['vectors'], make: () => [xvecs((row) => row)] },
  {
    extension: 'ivecs',
    kinds: ['vectors'],
    make: () => [xvecs((row) => Int32Array.from(row, (x) => 100 * x))],
  },
  {
    extension: 'bvecs',
    kinds: ['vectors'],
    make: () => [xvecs((row) => Uint8Array.from(row, (x) => 100 + 9 * x))],
  },
  {
    extension: 'npy',
    kinds: ['vectors'],
    words: NPY_WORDS,
    make: () => [
      npy('<f4', `${N}, ${D}`, rows),
      npy('<f8', `${N}, ${D}`, Float64Array.from(rows)),
      npy(
        '|i1',
        `${N}, ${D}`,
        Int8Array.from(rows, (x) => 20 * x),
      ),
      npy(
        '<f2',
        `${N}, ${D}`,
        Uint16Array.from(rows, (x) => 0x3c00 + 100 * x),
      ),
    ],
  },
  { extension: 'parquet', kinds: ['vectors'], make: parquetFiles },
  { extension: 'jsonl', kinds: ['vectors', 'token-sets'], words: [...JSON_WORDS, ...DEEP], make: jsonl },
  { extension: 'f32', kinds: ['vectors'], options: { d: D }, make: () => [bytesOf(rows)] },
  { extension: 'mvecs', kinds: ['token-sets'], make: () => [mvecs(0), mvecs(1)] },
  { extension: 'npz', kinds: ['token-sets'], words: NPY_WORDS, make: npz },
  { extension: 'arrow', kinds: ['token-sets'], make: arrow },
];
